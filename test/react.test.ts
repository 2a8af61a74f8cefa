// @vitest-environment happy-dom
import { act, createElement, StrictMode, useSyncExternalStore } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { followRun, InMemoryEventStore, InMemorySnapshotStore, openRun, type Run } from 'rewake';
import { beforeAll, describe, expect, test } from 'vitest';
import { useRun } from './react-recipe.ts';

beforeAll(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
});

const definition = () => ({
  reduce: (sum: number, event: number) => sum + event,
  initialState: 0,
  stores: { snapshots: new InMemorySnapshotStore<number>(), events: new InMemoryEventStore<number>() },
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

  const element = document.createElement('div');
  const root = createRoot(element);
  await act(() => root.render(createElement(StrictMode, null, createElement(Sum))));
  expect(element.textContent).toBe('0, followed 0');

  await act(() => run.appendAll([1, 2]));
  expect(element.textContent).toMatch('3, followed');
  await act(() => follower.refresh());
  expect(element.textContent).toBe('3, followed 3');

  // Nothing has changed, so that nothing is rendered.
  const before = renders;
  await act(() => run.appendAll([]));
  await act(() => follower.refresh());
  expect(renders).toBe(before);

  await act(() => root.unmount());
  await run.append(4);
  expect(element.textContent).toBe('');
  await Promise.all([run.close(), follower.close()]);
});

describe("the README's useRun", () => {
  function scene() {
    const options = definition();
    const runs = new Set<Run<number, number>>();
    function Sum({ run }: { run: Run<number, number> }) {
      runs.add(run);
      return useSyncExternalStore(run.subscribe, run.getState, () => options.initialState);
    }
    function App() {
      const { run, isWaiting, error } = useRun('a', options);
      if (error) return String(error);
      return run ? createElement(Sum, { run }) : isWaiting ? 'waiting' : 'opening';
    }
    const element = document.createElement('div');
    const root = createRoot(element);
    const mount = () => act(async () => root.render(createElement(StrictMode, null, createElement(App))));
    const shows = (text: string) =>
      expect.poll(() => act(async () => element.textContent), { timeout: 5_000 }).toBe(text);
    return { options, runs, element, root, mount, shows };
  }

  test('opens the run once in StrictMode, and lets go of it when it unmounts', async () => {
    const { options, runs, root, mount, shows } = scene();
    await mount();
    await shows('0');
    expect(runs.size).toBe(1);
    const [run] = runs;
    await act(async () => run?.append(2));
    await shows('2');
    await act(async () => root.unmount());
    expect(await run?.closed).toBeUndefined();
    const again = await openRun({ runId: 'a', ...options, ifOwned: 'fail' });
    expect(again.recovery).toMatchObject({ state: 2, snapshotSeq: 1 });
    await again.close();
  });

  test('waits while another owns the run, and leaves nothing behind if it unmounts meanwhile', async () => {
    const { options, root, mount, shows } = scene();
    const owner = await openRun({ runId: 'a', ...options });
    await mount();
    await shows('waiting');
    await act(async () => root.unmount());
    await owner.close();
    const next = await openRun({ runId: 'a', ...options, ifOwned: 'fail' });
    await next.close();
  });

  test('gets the run as soon as it is free', async () => {
    const { options, root, mount, shows } = scene();
    const owner = await openRun({ runId: 'a', ...options });
    await mount();
    await shows('waiting');
    await owner.append(3);
    await owner.close();
    await shows('3');
    await act(async () => root.unmount());
  });
});

test('on a server, useSyncExternalStore needs the third argument', async () => {
  const run = await openRun({ runId: 'a', ...definition() });
  const Without = () => useSyncExternalStore(run.subscribe, run.getState);
  const With = () => useSyncExternalStore(run.subscribe, run.getState, () => 0);
  expect(() => renderToString(createElement(Without))).toThrow('getServerSnapshot');
  expect(renderToString(createElement(With))).toBe('0');
  await run.close();
});

describe('what a browser renders first when it hydrates', () => {
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
    expect(await hydrate((run) => run.state)).toEqual([expect.stringContaining('Hydration failed')]);
  });
});
