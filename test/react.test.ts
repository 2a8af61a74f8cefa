// @vitest-environment happy-dom
import {
  Activity,
  act,
  createElement,
  type ReactNode,
  StrictMode,
  Suspense,
  use,
  useSyncExternalStore,
  version,
} from 'react';
import { version as domVersion } from 'react-dom';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import {
  deleteRun,
  followRun,
  type IfOwned,
  InMemoryEventStore,
  InMemorySnapshotStore,
  openRun,
  ownerOf,
  type Run,
} from 'rewake';
import { type RunView, useFollowedRun, useRun, useWorkflow } from 'rewake/react';
import { sendEvent } from 'rewake/workflow';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

// vite.config.ts runs this file with React 18, too.
const { REACT = '19' } = process.env;

beforeAll(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
});

afterEach(() => {
  vi.restoreAllMocks();
});

const definition = () => ({
  reduce: (sum: number, event: number) => sum + event,
  initialState: 0,
  stores: { snapshots: new InMemorySnapshotStore<number>(), events: new InMemoryEventStore<number>() },
});

test(`React is ${REACT}`, () => {
  expect([version, domVersion].map((text) => text.split('.')[0])).toEqual([REACT, REACT]);
});

/** What a component waits for: with `use`, and in React 18 by throwing the promise. */
function resolvable() {
  let value: string | undefined;
  let resolve: (text: string) => void = () => {};
  const promise = new Promise<string>((done) => {
    resolve = (text) => {
      value = text;
      done(text);
    };
  });
  const read = () => {
    if (use) return use(promise);
    if (value === undefined) throw promise;
    return value;
  };
  return { read, resolve };
}

function page() {
  const element = document.createElement('div');
  const root = createRoot(element);
  return {
    root,
    render: (node: ReactNode) => act(async () => root.render(node)),
    unmount: () => act(async () => root.unmount()),
    text: () => act(async () => element.textContent),
    shows: (text: string) =>
      expect.poll(() => act(async () => element.textContent), { timeout: 5_000 }).toBe(text),
  };
}

describe('useRun', () => {
  function scene() {
    const options = definition();
    const runs = new Set<Run<number, number>>();
    const views: RunView<number, number>[] = [];
    const opened = vi.spyOn(options.stores.events, 'head');
    function Sum({ runId = 'a', ifOwned = 'wait' }: { runId?: string; ifOwned?: IfOwned }) {
      // What is not stable here, as the options of many a component are not.
      const view = useRun({ runId, ...options, ifOwned, onError: () => {} });
      if (views.at(-1) !== view) views.push(view);
      if (view.status === 'open') runs.add(view.run);
      if (view.status === 'closed') return `closed ${view.error?.code} ${view.state}`;
      return view.status === 'open' ? `${runId} ${view.state}` : view.status;
    }
    const statuses = () => views.map(({ status }) => status);
    const latest = () => views.at(-1);
    const retry = () =>
      act(async () => {
        const view = latest();
        if (view?.status === 'closed') view.retry();
      });
    const owner = () => ownerOf({ runId: 'a', stores: options.stores });
    return { ...page(), options, runs, Sum, statuses, latest, retry, owner, opened };
  }
  type Scene = ReturnType<typeof scene>;
  const strict = ({ Sum }: Scene, props: Parameters<Scene['Sum']>[0] = {}) =>
    createElement(StrictMode, null, createElement(Sum, props));
  const run = ({ runs }: Scene) => [...runs].at(-1);

  test('in StrictMode, it opens the run once, shows each state, and lets go of it when it unmounts', async () => {
    const at = scene();
    await at.render(strict(at));
    await at.shows('a 0');
    expect(at.runs.size).toBe(1);
    expect(at.opened).toHaveBeenCalledTimes(1);
    await act(async () => run(at)?.append(2));
    await at.shows('a 2');
    await at.unmount();
    expect(await run(at)?.closed).toBeUndefined();
    const again = await openRun({ runId: 'a', ...at.options, ifOwned: 'fail' });
    expect(again.recovery).toMatchObject({ state: 2, snapshotSeq: 1 });
    await again.close();
  });

  test('unmounted while it is opening, it leaves nothing behind', async () => {
    const at = scene();
    const { root } = at;
    act(() => root.render(strict(at)));
    act(() => root.unmount());
    await vi.waitFor(() => expect(at.opened).toHaveBeenCalled());
    await vi.waitFor(async () => expect(await at.owner()).toBe('nobody'));
    expect(at.statuses()).toEqual(['opening']);
  });

  test("unmounted and mounted again at once, it waits for its own closing, and never says 'waiting'", async () => {
    const at = scene();
    await at.render(strict(at, { ifOwned: 'fail' }));
    await at.shows('a 0');
    await act(async () => run(at)?.append(1));
    await at.render(null);
    await at.render(strict(at, { ifOwned: 'fail' }));
    await at.shows('a 1');
    // The same while it is opening.
    await at.render(null);
    act(() => at.root.render(strict(at, { ifOwned: 'fail' })));
    act(() => at.root.render(null));
    await at.render(strict(at, { ifOwned: 'fail' }));
    await at.shows('a 1');
    // The same by another option.
    await at.render(strict(at, { ifOwned: 'wait' }));
    await at.shows('a 1');
    await at.render(strict(at, { ifOwned: 'fail' }));
    await at.shows('a 1');
    expect(new Set(at.statuses())).toEqual(new Set(['opening', 'open']));
    await at.unmount();
  });

  test('waits while another owns the run, and leaves nothing behind if it unmounts meanwhile', async () => {
    const at = scene();
    const owner = await openRun({ runId: 'a', ...at.options });
    await at.render(strict(at));
    await at.shows('waiting');
    await at.unmount();
    await owner.close();
    const next = await openRun({ runId: 'a', ...at.options, ifOwned: 'fail' });
    await next.close();
  });

  test('unmounted before it knows that it has to wait, it does not wait', async () => {
    const at = scene();
    const owner = await openRun({ runId: 'a', ...at.options });
    act(() => at.root.render(strict(at)));
    act(() => at.root.unmount());
    await vi.waitFor(() => expect(at.opened.mock.calls.length).toBe(1));
    await act(async () => owner.append(1));
    await owner.close();
    const next = await openRun({ runId: 'a', ...at.options, ifOwned: 'fail' });
    await next.close();
  });

  test('gets the run as soon as it is free, or takes it with another ifOwned', async () => {
    const at = scene();
    const owner = await openRun({ runId: 'a', ...at.options, onError: () => {} });
    await at.render(strict(at));
    await at.shows('waiting');
    await owner.append(3);
    await owner.close();
    await at.shows('a 3');

    const steal = { runId: 'a', ...at.options, ifOwned: 'steal', onError: () => {} } as const;
    const thief = await act(() => openRun<number, number>(steal));
    await at.shows('closed conflict 3');
    await at.retry();
    await at.shows('waiting');
    await at.render(strict(at, { ifOwned: 'steal' }));
    await at.shows('a 3');
    expect(await thief.closed).toMatchObject({ code: 'conflict' });
    await at.unmount();
    await vi.waitFor(async () => expect(await at.owner()).toBe('nobody'));
  });

  test('a failed opening is closed, with the error, and retry opens it', async () => {
    const at = scene();
    const owner = await openRun({ runId: 'a', ...at.options });
    await at.render(strict(at, { ifOwned: 'fail' }));
    await at.shows('closed conflict undefined');
    const first = at.latest();
    await at.retry();
    await vi.waitFor(() => expect(at.latest()).not.toBe(first));
    await at.shows('closed conflict undefined');
    await owner.close();
    await at.retry();
    await at.shows('a 0');
    // What was of a view that is gone does nothing.
    if (first?.status === 'closed') await act(async () => first.retry());
    expect(await at.text()).toBe('a 0');
    await at.unmount();
    expect(await at.owner()).toBe('nobody');
  });

  test('a run that is deleted or closed by the application says so', async () => {
    const at = scene();
    await at.render(strict(at));
    await at.shows('a 0');
    await act(async () => run(at)?.append(4));
    await act(() => deleteRun({ runId: 'a', stores: at.options.stores }));
    await at.shows('closed conflict 4');
    await at.retry();
    await at.shows('a 0');
    await act(async () => run(at)?.close());
    await at.shows('closed undefined 0');
    await at.retry();
    await at.shows('a 0');
    await at.unmount();
  });

  test('a bad option is closed, too', async () => {
    const at = scene();
    await at.render(strict(at, { runId: '' }));
    await at.shows('closed invalid-argument undefined');
    await at.unmount();
  });

  test('another runId never shows the state of the last one', async () => {
    const at = scene();
    await at.render(strict(at));
    await at.shows('a 0');
    await act(async () => run(at)?.append(5));
    const before = at.statuses().length;
    await at.render(strict(at, { runId: 'b' }));
    await at.shows('b 0');
    expect(at.statuses().slice(before)).toEqual(['opening', 'open']);
    await at.render(strict(at));
    await at.shows('a 5');
    expect(at.runs.size).toBe(3);
    await at.unmount();
  });

  test('two components of one run: the second one waits for the first one', async () => {
    const at = scene();
    const sums = (...keys: string[]) =>
      createElement(
        'p',
        null,
        keys.map((key) => createElement(at.Sum, { key })),
      );
    await at.render(sums('one'));
    await at.shows('a 0');
    await at.render(sums('one', 'two'));
    await at.shows('a 0waiting');
    await at.render(sums('two'));
    await at.shows('a 0');
    await at.unmount();
  });

  test('a component that suspends before it has mounted opens nothing; one that does so later keeps its run', async () => {
    const at = scene();
    const until = resolvable();
    const more = resolvable();
    let awaited = until;
    function Suspending() {
      const view = useRun({ runId: 'a', ...at.options });
      if (view.status === 'open') at.runs.add(view.run);
      return `${awaited.read()} ${view.status}`;
    }
    const tree = () =>
      createElement(
        StrictMode,
        null,
        createElement(Suspense, { fallback: 'fallback' }, createElement(Suspending)),
      );
    await at.render(tree());
    await at.shows('fallback');
    expect(at.opened).not.toHaveBeenCalled();
    expect(await at.owner()).toBe('nobody');
    await act(async () => until.resolve('loaded'));
    await at.shows('loaded open');

    awaited = more;
    await at.render(tree());
    await expect.poll(() => at.text()).toMatch('fallback');
    expect(run(at)?.status).toBe('open');
    await act(async () => more.resolve('again'));
    await expect.poll(() => at.text()).toMatch('again open');
    expect(at.runs.size).toBe(1);
    await at.unmount();
  });

  // React 18 has no Activity.
  test.runIf(Activity)(
    'hidden in an Activity, it lets go of the run, and goes on when it is shown',
    async () => {
      const at = scene();
      const tree = (mode: 'visible' | 'hidden') => {
        const props = { mode, children: createElement(at.Sum) };
        return createElement(Activity, props);
      };
      await at.render(tree('visible'));
      await at.shows('a 0');
      await act(async () => run(at)?.append(6));
      await at.render(tree('hidden'));
      await vi.waitFor(async () => expect(await at.owner()).toBe('nobody'));
      await at.render(tree('visible'));
      await at.shows('a 6');
      expect(at.statuses()).toEqual(['opening', 'open', 'open', 'opening', 'open']);
      expect(at.runs.size).toBe(2);
      await at.unmount();
    },
  );

  test('renders nothing that the state did not change', async () => {
    const at = scene();
    await at.render(createElement(at.Sum));
    await at.shows('a 0');
    const before = at.statuses().length;
    await act(async () => run(at)?.appendAll([]));
    await act(async () => run(at)?.snapshot());
    await act(async () => run(at)?.append(0));
    expect(at.statuses()).toHaveLength(before);
    await at.unmount();
  });
});

test('useFollowedRun shows what the owner appends, and an error that retry gets past', async () => {
  const options = definition();
  const at = page();
  const events = { ...options.stores.events, head: vi.fn(() => Promise.reject(new Error('no'))) };
  let broken = true;
  const stores = {
    snapshots: options.stores.snapshots,
    events: new Proxy(options.stores.events, {
      get: (store, name) => {
        if (name === 'head' && broken) return events.head;
        const value = Reflect.get(store, name);
        return typeof value === 'function' ? value.bind(store) : value;
      },
    }),
    databaseName: 'followed',
  };
  const views: string[] = [];
  let retry = () => {};
  function Sum() {
    const view = useFollowedRun({ runId: 'a', ...options, stores });
    views.push(view.status);
    if (view.status === 'closed') retry = view.retry;
    return view.status === 'open' ? `followed ${view.state}` : view.status;
  }
  await at.render(createElement(StrictMode, null, createElement(Sum)));
  await at.shows('closed');
  broken = false;
  await act(async () => retry());
  await at.shows('followed 0');
  const owner = await openRun({ runId: 'a', ...options, stores });
  await act(() => owner.appendAll([1, 2]));
  await at.shows('followed 3');
  await at.unmount();
  await owner.append(4);
  expect(await at.text()).toBe('');
  await owner.close();
});

describe('useWorkflow', () => {
  function scene() {
    const stores = { snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() };
    const at = page();
    let latest: ReturnType<typeof useWorkflow<number, number>> | undefined;
    let body = 0;
    let steps = 0;
    function Flow({ runId }: { runId: string }) {
      const view = useWorkflow<number, number>({
        runId,
        stores,
        input: 2,
        onError: () => {},
        async run({ input }, step) {
          body++;
          const doubled = await step.do('double', () => {
            steps++;
            return 2 * input;
          });
          const { payload } = await step.waitForEvent<number>('add', { type: 'added' });
          if (payload < 0) throw new RangeError('negative');
          return doubled + payload;
        },
      });
      latest = view;
      if (view.status === 'closed') return `closed ${view.error?.code} ${view.state?.status}`;
      return view.status === 'open' ? `${view.state.status} ${view.state.result ?? ''}` : view.status;
    }
    const counts = () => [body, steps];
    const strict = createElement(StrictMode, null, createElement(Flow, { runId: 'flow' }));
    return { ...at, stores, strict, counts, latest: () => latest };
  }

  test('goes on after an unmount, and stays in view when it has completed', async () => {
    const at = scene();
    await at.render(at.strict);
    await at.shows('waiting ');
    await at.render(null);
    await at.render(at.strict);
    await at.shows('waiting ');
    expect(at.counts()).toEqual([2, 1]);
    await act(() => sendEvent({ runId: 'flow', type: 'added', payload: 3, stores: at.stores }));
    await at.shows('completed 7');
    await at.render(null);
    await at.render(at.strict);
    await at.shows('completed 7');
    expect(at.counts()).toEqual([2, 1]);
    await at.unmount();
  });

  test('shows that its body failed, that it was cancelled, and that it was taken', async () => {
    for (const [end, shown] of [
      [
        async (at: Scene) => sendEvent({ runId: 'flow', type: 'added', payload: -1, stores: at.stores }),
        'failed ',
      ],
      [
        async (at: Scene) => {
          const view = at.latest();
          if (view?.status === 'open') await view.workflow.cancel('enough');
        },
        'cancelled ',
      ],
      [async (at: Scene) => deleteRun({ runId: 'flow', stores: at.stores }), 'closed conflict waiting'],
    ] as const) {
      const at = scene();
      await at.render(at.strict);
      await at.shows('waiting ');
      await act(async () => void (await end(at)));
      await at.shows(shown);
      await at.unmount();
    }
  });
  type Scene = ReturnType<typeof scene>;
});

describe('on a server, and when a browser hydrates its HTML', () => {
  test('useRun renders opening, opens nothing there, and hydrates without a warning', async () => {
    const warned = vi.spyOn(console, 'error');
    const options = definition();
    const head = vi.spyOn(options.stores.events, 'head');
    const earlier = await openRun({ runId: 'a', ...options });
    await earlier.appendAll([1, 2]);
    await earlier.close();
    head.mockClear();
    const rendered: string[] = [];
    function Sum() {
      const view = useRun({ runId: 'a', ...options });
      rendered.push(view.status);
      return view.status === 'open' ? `sum ${view.state}` : view.status;
    }
    const element = document.createElement('div');
    element.innerHTML = renderToString(createElement(StrictMode, null, createElement(Sum)));
    expect(element.textContent).toBe('opening');
    expect(head).not.toHaveBeenCalled();
    const errors: unknown[] = [];
    const root = await act(async () =>
      hydrateRoot(element, createElement(StrictMode, null, createElement(Sum)), {
        onRecoverableError: (error) => errors.push(error),
      }),
    );
    await expect.poll(() => act(async () => element.textContent)).toBe('sum 3');
    expect(errors).toEqual([]);
    expect(warned).not.toHaveBeenCalled();
    await act(async () => root.unmount());
  });

  // What the README says of those who use a run's own methods.
  test('useSyncExternalStore needs the third argument', async () => {
    const run = await openRun({ runId: 'a', ...definition() });
    const Without = () => useSyncExternalStore(run.subscribe, run.getState);
    const With = () => useSyncExternalStore(run.subscribe, run.getState, () => 0);
    expect(() => renderToString(createElement(Without))).toThrow('getServerSnapshot');
    expect(renderToString(createElement(With))).toBe('0');
    await run.close();
  });

  /** Hydrates what the server has rendered, in a browser that has recovered the run. */
  async function hydrate(first: (run: Run<number, number>) => number) {
    const run = await openRun({ runId: 'a', ...definition() });
    await run.appendAll([1, 2]);
    const Sum = ({ first }: { first: () => number }) =>
      useSyncExternalStore(run.subscribe, run.getState, first);
    const element = document.createElement('div');
    element.innerHTML = renderToString(createElement(Sum, { first: () => definition().initialState }));
    expect(element.textContent).toBe('0');
    const errors: string[] = [];
    const root = await act(async () =>
      hydrateRoot(element, createElement(Sum, { first: () => first(run) }), {
        onRecoverableError: (error) => errors.push(String(error)),
      }),
    );
    expect(element.textContent).toBe('3');
    await act(async () => root.unmount());
    await run.close();
    return errors;
  }

  test('the initial state matches the HTML of the server', async () => {
    expect(await hydrate(() => 0)).toEqual([]);
  });

  test('the state of the run does not: a hydration error', async () => {
    const [error] = await hydrate((run) => run.state);
    expect(error).toMatch(/Hydration failed|Text content does not match server-rendered HTML/);
  });
});

test('useSyncExternalStore(run.subscribe, run.getState) works, in strict mode too', async () => {
  const options = { runId: 'a', ...definition() };
  const run = await openRun(options);
  const follower = await followRun(options);
  let renders = 0;
  function Sum() {
    renders++;
    const own = useSyncExternalStore(run.subscribe, run.getState);
    const followed = useSyncExternalStore(follower.subscribe, follower.getState);
    return `${own}, followed ${followed}`;
  }
  const at = page();
  await at.render(createElement(StrictMode, null, createElement(Sum)));
  expect(await at.text()).toBe('0, followed 0');

  await act(() => run.appendAll([1, 2]));
  expect(await at.text()).toMatch('3, followed');
  await act(() => follower.refresh());
  expect(await at.text()).toBe('3, followed 3');

  // Nothing has changed, so that nothing is rendered.
  const before = renders;
  await act(() => run.appendAll([]));
  await act(() => follower.refresh());
  expect(renders).toBe(before);

  await at.unmount();
  await run.append(4);
  expect(await at.text()).toBe('');
  await Promise.all([run.close(), follower.close()]);
});
