import { followRun, InMemoryEventStore, KernelError, openRun, type Run } from 'rewake';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeLocks } from './fake-locks.ts';
import { initialState, log, options, reduce, refusal, type State, scene } from './run-scene.ts';
import { turn, turns } from './turn.ts';

// What applications do to a run that it did not ask for, and what may happen to it at any time.

/** Resolves with what became an unhandled rejection, or reached the console, until the next turns of the event loop. */
async function unhandled(body: () => unknown): Promise<unknown[]> {
  const seen: unknown[] = [];
  const hear = (reason: unknown) => seen.push(reason);
  process.on('unhandledRejection', hear);
  vi.spyOn(console, 'error').mockImplementation(hear);
  try {
    await body();
    await turns(3);
    return seen;
  } finally {
    process.off('unhandledRejection', hear);
    vi.restoreAllMocks();
  }
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('append within append', () => {
  test('a reducer must not: it is refused, and nothing is appended', async () => {
    const refused: Promise<unknown>[] = [];
    let run: Run<State, number> | undefined;
    const eager = (state: State, event: number) => {
      if (run && event < 100) refused.push(run.append(event + 100).catch((error: unknown) => error));
      return reduce(state, event);
    };
    run = await openRun({ ...options(), reduce: eager });
    expect(await run.append(1)).toBe(1);
    expect(await Promise.all(refused)).toEqual([
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('reducer') }),
    ]);
    expect(run.state).toEqual({ sum: 1, count: 1 });
    expect(await log()).toEqual([1]);
    expect(await run.append(2)).toBe(2);
    await run.close();
  });

  test('a listener may: state, log and snapshot have them in the same order', async () => {
    const run = await openRun(options());
    const inner: Promise<number>[] = [];
    const heard: State[] = [];
    run.subscribe(() => {
      heard.push(run.state);
      if (run.seq === 1) inner.push(run.append(10));
    });
    expect(await run.append(1)).toBe(1);
    expect(await Promise.all(inner)).toEqual([2]);
    expect(heard).toEqual([
      { sum: 1, count: 1 },
      { sum: 11, count: 2 },
    ]);
    expect(await log()).toEqual([1, 10]);
    await run.close();
    const again = await openRun(options());
    expect(again).toMatchObject({ state: { sum: 11, count: 2 }, recovery: { snapshotSeq: 2 } });
    await again.close();
  });
});

describe('a signal that is aborted', () => {
  const aborted = () => {
    const controller = new AbortController();
    controller.abort(new Error('unmounted'));
    return controller.signal;
  };
  const free = async () => (await openRun({ ...options(), ifOwned: 'fail' })).close();

  test.each(['wait', 'fail', 'steal'] as const)('before the call, with %s: aborted', async (ifOwned) => {
    await expect(openRun({ ...options(), ifOwned, signal: aborted() })).rejects.toMatchObject({
      code: 'aborted',
      cause: new Error('unmounted'),
    });
    await free();
  });

  test.each(['wait', 'fail', 'steal'] as const)(
    'while it recovers, with %s: aborted at once, and the run is free',
    async (ifOwned) => {
      const controller = new AbortController();
      const head = vi.spyOn(scene.stores.events, 'head').mockImplementation(() => {
        controller.abort();
        return new Promise(() => {});
      });
      const opening = openRun({ ...options(), ifOwned, signal: controller.signal });
      await expect(opening).rejects.toEqual(refusal('aborted'));
      head.mockRestore();
      await free();
    },
  );

  test('before the call, it takes the run from nobody', async () => {
    const owner = await openRun(options());
    await expect(openRun({ ...options(), ifOwned: 'steal', signal: aborted() })).rejects.toEqual(
      refusal('aborted'),
    );
    expect(await owner.append(1)).toBe(1);
    await owner.close();
  });
});

describe('an onError that throws', () => {
  const thrown = new Error('onError');
  const onError = () => {
    throw thrown;
  };

  test('swallows no end of a run, and reaches the console', async () => {
    const run = await openRun({ ...options(), onError });
    expect(
      await unhandled(async () => {
        await scene.stores.events.append('a', [100]);
        await expect(run.append(1)).rejects.toEqual(refusal('conflict'));
      }),
    ).toEqual([thrown]);
    await expect(run.append(2)).rejects.toEqual(refusal('conflict'));
    await (await openRun({ ...options(), ifOwned: 'fail' })).close();
  });

  test('goes to reportError if the platform has it', async () => {
    const heard: unknown[] = [];
    vi.stubGlobal('reportError', (error: unknown) => heard.push(error));
    const run = await openRun({ ...options(), onError });
    run.subscribe(() => {
      throw new Error('listener');
    });
    expect(await run.append(1)).toBe(1);
    expect(heard).toEqual([thrown]);
    await run.close();
  });
});

test('appends that nobody awaits are no unhandled rejections when the run ends, nor after it', async () => {
  const run = await openRun(options());
  expect(
    await unhandled(async () => {
      await scene.stores.events.append('a', [100]);
      run.append(1);
      run.append(2);
      await vi.waitFor(() => expect(scene.reports).toHaveLength(1));
      run.append(3);
      await run.close();
      run.append(4);
      run.snapshot();
    }),
  ).toEqual([]);
  expect(scene.reports).toEqual([refusal('conflict')]);
});

describe.each([
  ['a Symbol', Symbol('odd')],
  ['an object without a prototype', Object.create(null)],
  [
    'an object that refuses to be text',
    {
      toString() {
        throw new Error('no text');
      },
    },
  ],
  ['undefined', undefined],
])('%s that is thrown', (_, odd) => {
  const failing = () => {
    throw odd;
  };

  test('by a reducer: reducer-threw, with it as the cause', async () => {
    const run = await openRun({ ...options(), reduce: failing });
    const error = await run.append(1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(KernelError);
    expect(error).toMatchObject({ code: 'reducer-threw', seq: 1 });
    expect(Object(error).cause).toBe(odd);
    await run.close();
  });

  test('by a listener: reported', async () => {
    const run = await openRun(options());
    run.subscribe(failing);
    const follower = await followRun(options());
    follower.subscribe(failing);
    expect(await run.append(1)).toBe(1);
    await follower.refresh();
    expect(scene.reports).toMatchObject([{ code: 'unknown' }, { code: 'unknown' }]);
    await Promise.all([follower.close(), run.close()]);
  });
});

test('a follower whose first recovery fails while a notice arrives rejects with that failure', async () => {
  const owner = await openRun(options());
  const failure = new KernelError('unreadable', 'injected', { operation: 'head' });
  const notices: BroadcastChannel[] = [];
  class Noticed extends BroadcastChannel {
    constructor(name: string) {
      super(name);
      notices.push(this);
    }
  }
  vi.stubGlobal('BroadcastChannel', Noticed);
  const head = vi.spyOn(scene.stores.events, 'head').mockImplementationOnce(async () => {
    notices.at(-1)?.dispatchEvent(new MessageEvent('message', { data: 1 }));
    throw failure;
  });
  expect(
    await unhandled(() => expect(followRun(options())).rejects.toBe(failure)),
    'nothing else is told',
  ).toEqual([]);
  expect(scene.reports).toEqual([]);
  head.mockRestore();
  await owner.close();
});

test('a notice that arrives during the first recovery is not missed', async () => {
  const owner = await openRun(options());
  const { events } = scene.stores;
  const head = vi.spyOn(events, 'head').mockImplementationOnce(async (runId) => {
    const before = await InMemoryEventStore.prototype.head.call(events, runId);
    await owner.append(1);
    await turn();
    return before;
  });
  const follower = await followRun(options());
  head.mockRestore();
  await vi.waitFor(() => expect(follower.state.sum).toBe(1));
  await Promise.all([follower.close(), owner.close()]);
});

test('two pages that draw the same Math.random are two writers: the slower append is refused', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  // Without a lock that both know, as on a page that is no secure context.
  const alone = (databaseName: string) => ({ ...options(), stores: { ...scene.stores, databaseName } });
  const one = await openRun(alone('one'));
  const two = await openRun(alone('two'));
  await one.append(1);
  await expect(two.append(2)).rejects.toEqual(refusal('conflict'));
  expect(await log()).toEqual([1]);
  vi.restoreAllMocks();
  await Promise.all([one.close(), two.close()]);
});

describe('freeze', () => {
  const mutate = (state: State, event: number) => Object.assign(state, { sum: state.sum + event });

  test('finds a reducer that changes its state, and names it', async () => {
    const run = await openRun({
      ...options(),
      reduce: mutate,
      initialState: { ...initialState },
      freeze: true,
    });
    await expect(run.append(1)).rejects.toMatchObject({
      code: 'reducer-threw',
      seq: 1,
      message: expect.stringContaining('must return a new one'),
    });
    expect(run).toMatchObject({ state: initialState, seq: 0 });
    await run.close();
  });

  test('reaches into objects and arrays, cycles too, and leaves alone what cannot be frozen', async () => {
    type Deep = { list: { n: number }[]; bytes: Uint8Array; self?: Deep };
    const grow = ({ bytes }: Deep, n: number): Deep => {
      const next: Deep = { list: [{ n }], bytes };
      next.self = next;
      return next;
    };
    const run = await openRun({
      ...options(),
      stores: { snapshots: scene.stores.snapshots as never, events: scene.stores.events },
      reduce: grow,
      initialState: { list: [], bytes: new Uint8Array(2) } as Deep,
      freeze: true,
    });
    await run.append(1);
    expect(() => {
      (run.state.list[0] as { n: number }).n = 2;
    }).toThrow(TypeError);
    run.state.bytes[0] = 1;
    await run.close();
  });

  test('is off unless it is asked for', async () => {
    const run = await openRun({ ...options(), reduce: mutate, initialState: { ...initialState } });
    await run.append(1);
    expect(run.state.sum).toBe(1);
    await run.close();
  });
});

describe('steal', () => {
  let locks: FakeLocks;

  beforeEach(() => {
    locks = new FakeLocks();
    vi.stubGlobal('navigator', { locks });
  });

  /** The thief has recovered when the victim, which has not heard yet, appends once more. */
  async function stealFromBusyOwner(late: number[]) {
    const { events } = scene.stores;
    await events.append('a', [1]);
    const thief = await openRun({ ...options(), ifOwned: 'steal' });
    for (const event of late) await events.append('a', [event]);
    return thief;
  }

  test('the first append of the thief comes after what the victim has appended since', async () => {
    const thief = await stealFromBusyOwner([10, 20]);
    const heard: State[] = [];
    thief.subscribe(() => heard.push(thief.state));
    const appends = [thief.append(100), thief.append(200)];
    expect(thief.state).toEqual({ sum: 301, count: 3 });
    expect(await Promise.all(appends)).toEqual([4, 5]);
    expect(thief).toMatchObject({ state: { sum: 331, count: 5 }, seq: 5 });
    expect(heard.at(-1)).toEqual({ sum: 331, count: 5 });
    expect(await log()).toEqual([1, 10, 20, 100, 200]);
    expect(scene.reports).toEqual([]);
    await thief.close();
  });

  test('an event that the reducer refuses there is refused alone', async () => {
    const upTo40 = (state: State, event: number) => {
      if (state.sum + event > 40) throw new RangeError('too much');
      return reduce(state, event);
    };
    const { events } = scene.stores;
    await events.append('a', [1]);
    const thief = await openRun({ ...options(), reduce: upTo40, ifOwned: 'steal' });
    await events.append('a', [10]);
    const outcomes = await Promise.allSettled([thief.append(5), thief.append(30), thief.append(4)]);
    expect(outcomes).toEqual([
      { status: 'fulfilled', value: 3 },
      { status: 'rejected', reason: refusal('reducer-threw') },
      { status: 'fulfilled', value: 4 },
    ]);
    expect(await log()).toEqual([1, 10, 5, 4]);
    expect(thief.state).toEqual({ sum: 20, count: 4 });
    await thief.close();
  });

  test('after its first append, a conflict ends it', async () => {
    const thief = await stealFromBusyOwner([]);
    await thief.append(2);
    await scene.stores.events.append('a', [3]);
    await expect(thief.append(4)).rejects.toEqual(refusal('conflict'));
    expect(await log()).toEqual([1, 2, 3]);
  });

  test('a victim that appends for ever does not keep the thief for ever', async () => {
    const thief = await stealFromBusyOwner([]);
    const { events } = scene.stores;
    const append = events.append.bind(events);
    vi.spyOn(events, 'append').mockImplementation(async (...call) => {
      await append('a', [0]);
      return append(...call);
    });
    await expect(thief.append(2)).rejects.toEqual(refusal('conflict'));
    expect(scene.reports).toEqual([refusal('conflict')]);
  });
});

describe('in memory', () => {
  test('an append can be repeated until 1,000 later ones; then it is a conflict, and never doubled', async () => {
    const events = new InMemoryEventStore<number>();
    const append = (n: number) => events.append('a', [n], { expectedHead: n, writer: 'w' });
    for (let n = 0; n < 1_000; n++) await append(n);
    expect((await append(0)).seq).toBe(1);
    await append(1_000);
    await expect(append(0)).rejects.toMatchObject({ code: 'conflict' });
    expect((await append(1)).seq).toBe(2);
    expect((await events.head('a')).seq).toBe(1_001);
  });
});
