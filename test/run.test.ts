import { followRun, KernelError, openRun, openStores, type Run } from 'rewake';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Locks } from '../src/run/locks.ts';
import { FakeLocks } from './fake-locks.ts';
import { FaultyFactory } from './faulty-factory.ts';
import { initialState, log, options, refusal, type State, scene } from './run-scene.ts';

describe('append', () => {
  test('the state moves at once, the promise resolves when the event is durable', async () => {
    const run = await openRun(options());
    expect(run).toMatchObject({ runId: 'a', state: initialState, seq: 0, recovery: { seq: 0, replayed: 0 } });
    const durable = run.append(5);
    expect(run).toMatchObject({ state: { sum: 5, count: 1 }, seq: 1 });
    expect(await durable).toBe(1);
    expect(await log()).toEqual([5]);
    await run.close();
  });

  test('the array still belongs to the caller', async () => {
    const run = await openRun(options());
    const batch = [1, 2];
    const appends = [run.append(0), run.appendAll(batch)];
    batch.push(3);
    expect(await Promise.all(appends)).toEqual([1, 3]);
    expect(await log()).toEqual([0, 1, 2]);
    await run.close();
  });

  test('an array of events stays together, an empty one appends nothing', async () => {
    const run = await openRun(options());
    expect(await run.appendAll([1, 2, 3])).toBe(3);
    expect(await run.appendAll([])).toBe(3);
    expect(run.state).toEqual({ sum: 6, count: 3 });
    expect(await log()).toEqual([1, 2, 3]);
    await run.close();
  });

  test('appends that are not awaited keep their order and share commits', async () => {
    const factory = new FaultyFactory();
    const opened = await openStores<State, number>({ indexedDB: factory, databaseName: crypto.randomUUID() });
    const run = await openRun({ ...options(), stores: opened });
    const seqs = await Promise.all(Array.from({ length: 100 }, (_, index) => run.append(index)));
    expect(seqs).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(factory.transactions.filter(({ mode }) => mode === 'readwrite')).toHaveLength(2);
    await run.close();
  });

  test('an event that the reducer refuses never enters the log; the error names its seq', async () => {
    const run = await openRun(options());
    await run.append(1);
    const { state } = run;
    await expect(run.appendAll([2, Number.NaN, 3])).rejects.toMatchObject({
      code: 'reducer-threw',
      name: 'RunError',
      seq: 3,
      runId: 'a',
      cause: new RangeError('not a number'),
    });
    expect(run.state).toBe(state);
    expect(await run.append(4)).toBe(2);
    expect(await log()).toEqual([1, 4]);
    await run.close();
  });

  test('where the log refuses, everything pending and later is refused with that one error', async () => {
    const error = new KernelError('quota', 'injected', { operation: 'append' });
    const run = await openRun(options());
    await run.append(1);
    const append = vi.spyOn(scene.stores.events, 'append').mockRejectedValueOnce(error);
    const pending = [run.append(2), run.append(3), run.appendAll([4, 5])];
    for (const outcome of await Promise.allSettled(pending)) {
      expect(outcome).toEqual({ status: 'rejected', reason: error });
    }
    await expect(run.append(6)).rejects.toBe(error);
    await expect(run.snapshot()).rejects.toBe(error);
    expect(scene.reports).toEqual([error]);
    await run.close();
    append.mockRestore();
    const again = await openRun(options());
    expect(again.state).toEqual({ sum: 1, count: 1 });
    expect(await log()).toEqual([1]);
    await again.close();
  });

  test('a refusal that nobody awaits is no unhandled rejection: it is reported', async () => {
    const error = new KernelError('quota', 'injected', { operation: 'append' });
    const run = await openRun(options());
    vi.spyOn(scene.stores.events, 'append').mockRejectedValueOnce(error);
    run.append(1);
    await vi.waitFor(() => expect(scene.reports).toEqual([error]));
  });
});

describe('subscribe and getState', () => {
  test('listeners hear of each change; the state is the same reference until it changes', async () => {
    // All of them are bound.
    const { subscribe, getState, append, appendAll, close } = await openRun(options());
    const heard: State[] = [];
    const end = subscribe(() => heard.push(getState()));
    expect(getState()).toBe(getState());
    await append(1);
    await appendAll([2, 3]);
    await appendAll([]);
    end();
    await append(4);
    expect(heard).toEqual([
      { sum: 1, count: 1 },
      { sum: 6, count: 3 },
    ]);
    await close();
  });

  test('a listener that throws harms nobody and is reported', async () => {
    const run = await openRun(options());
    const cause = new Error('listener');
    let heard = 0;
    run.subscribe(() => {
      throw cause;
    });
    run.subscribe(() => heard++);
    expect(await run.append(1)).toBe(1);
    expect(heard).toBe(1);
    expect(scene.reports).toMatchObject([{ code: 'unknown', cause }]);
    await run.close();
  });
});

describe('snapshots', () => {
  const saved = () => scene.stores.snapshots.loadLatest('a');

  test('are saved behind the run every so many events, and never ahead of the log', async () => {
    const run = await openRun({ ...options(), snapshotEvery: 10 });
    const save = vi.spyOn(scene.stores.snapshots, 'save');
    for (let event = 1; event <= 35; event++) {
      await run.append(event);
      for (const [{ atSeq }] of save.mock.calls)
        expect(atSeq).toBeLessThanOrEqual((await scene.stores.events.head('a')).seq);
    }
    expect(save.mock.calls.map(([{ atSeq }]) => atSeq)).toEqual([10, 20, 30]);
    await run.close();
    expect(await saved()).toMatchObject({ runId: 'a', atSeq: 35, state: { sum: 630, count: 35 } });
    const again = await openRun(options());
    expect(again.recovery).toMatchObject({ snapshotSeq: 35, replayed: 0 });
    await again.close();
    expect(save).toHaveBeenCalledTimes(4);
  });

  test('of several that fail together, one is reported', async () => {
    const run = await openRun({ ...options(), snapshotEvery: 1 });
    let fail = (_: KernelError) => {};
    const failing = new Promise<void>((_, reject) => {
      fail = reject;
    });
    const save = vi.spyOn(scene.stores.snapshots, 'save').mockReturnValue(failing);
    for (const event of [1, 2, 3, 4]) await run.append(event);
    expect(save.mock.calls.map(([{ atSeq }]) => atSeq)).toEqual([1, 2, 3, 4]);
    const error = new KernelError('quota', 'injected', { operation: 'save' });
    fail(error);
    await failing.catch(() => {});
    await run.append(5);
    await vi.waitFor(() => expect(scene.reports).toEqual([error, error]));
    save.mockRestore();
    await run.close();
  });

  test('one that fails fails nothing else, is reported, and is not tried again at once', async () => {
    const run = await openRun({ ...options(), snapshotEvery: 2 });
    const error = new KernelError('quota', 'injected', { operation: 'save' });
    const save = vi.spyOn(scene.stores.snapshots, 'save').mockRejectedValue(error);
    for (const event of [1, 2, 3]) await run.append(event);
    expect(scene.reports).toEqual([error]);
    await run.append(4);
    await vi.waitFor(() => expect(scene.reports).toEqual([error, error]));
    await expect(run.snapshot()).rejects.toBe(error);
    save.mockRestore();
    await run.append(5);
    await run.snapshot();
    expect((await saved())?.atSeq).toBe(5);
    await run.close();
  });
});

describe('in a page', () => {
  let page: EventTarget;

  beforeEach(() => {
    page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('document', { hidden: false });
  });

  afterEach(() => {
    vi.unstubAllGlobals();
  });

  /** In another tab. */
  async function openElsewhere() {
    const here = globalThis.addEventListener;
    vi.stubGlobal('addEventListener', undefined);
    const other = await openRun({ ...options(), ifOwned: 'fail', onError: () => {} });
    vi.stubGlobal('addEventListener', here);
    return other;
  }

  const show = (type: 'pagehide' | 'pageshow') =>
    page.dispatchEvent(Object.assign(new Event(type), { persisted: true }));

  test('a snapshot is saved when the page is hidden', async () => {
    const run = await openRun(options());
    await run.appendAll([1, 2]);
    const save = vi.spyOn(scene.stores.snapshots, 'save');
    page.dispatchEvent(new Event('visibilitychange'));
    expect(save).not.toHaveBeenCalled();
    vi.stubGlobal('document', { hidden: true });
    page.dispatchEvent(new Event('visibilitychange'));
    await vi.waitFor(async () => expect((await scene.stores.snapshots.loadLatest('a'))?.atSeq).toBe(2));
    await run.close();
    page.dispatchEvent(new Event('visibilitychange'));
    expect(save).toHaveBeenCalledTimes(1);
  });

  test('into the back/forward cache: the run is free, no snapshot is begun; back again: it goes on', async () => {
    const run = await openRun(options());
    await run.append(1);
    const save = vi.spyOn(scene.stores.snapshots, 'save');
    show('pagehide');
    vi.stubGlobal('document', { hidden: true });
    page.dispatchEvent(new Event('visibilitychange'));
    expect(save).not.toHaveBeenCalled();
    const other = await openElsewhere();
    await other.close();
    show('pageshow');
    expect(await run.append(2)).toBe(2);
    await expect(openRun({ ...options(), ifOwned: 'fail' })).rejects.toEqual(refusal('conflict'));
    const follower = await followRun(options());
    const followed = new Promise<void>((resolve) => void follower.subscribe(resolve));
    await run.append(3);
    await followed;
    save.mockClear();
    page.dispatchEvent(new Event('visibilitychange'));
    expect(save).toHaveBeenCalledTimes(1);
    await Promise.all([follower.close(), run.close()]);
    expect(scene.reports).toEqual([]);
  });

  test.each([
    ['somebody else owns it', false],
    ['somebody else has gone on with it', true],
  ])('back again, and %s: the run closes itself with conflict', async (_, closes) => {
    const run = await openRun(options());
    show('pagehide');
    const other = await openElsewhere();
    await other.append(1);
    if (closes) await other.close();
    show('pageshow');
    await vi.waitFor(() => expect(scene.reports).toEqual([refusal('conflict')]));
    await expect(run.append(2)).rejects.toBe(scene.reports[0]);
    expect(await log()).toEqual([1]);
    await other.close();
  });

  /** Locks that are granted some turns later, as a busy browser grants them. */
  class SlowLocks extends FakeLocks {
    override request: Locks['request'] = async (...request) => {
      for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
      return this.slowly(...request);
    };
    readonly slowly = new FakeLocks().request;
  }

  describe.each(['before', 'after'])(
    'what the application does in its own pageshow, %s the run does',
    (when) => {
      beforeEach(async () => {
        vi.stubGlobal('navigator', { locks: new SlowLocks() });
        scene.stores = await openStores({
          indexedDB: new FaultyFactory(),
          databaseName: crypto.randomUUID(),
        });
      });

      async function openWith(inPageshow: (run: Run<State, number>) => void): Promise<Run<State, number>> {
        let act = () => {};
        const listen = () => page.addEventListener('pageshow', () => act());
        if (when === 'before') listen();
        const run = await openRun(options());
        if (when === 'after') listen();
        act = () => inPageshow(run);
        await run.append(1);
        show('pagehide');
        show('pageshow');
        return run;
      }

      const isFree = async () => {
        const next = await openRun({ ...options(), ifOwned: 'wait' });
        await next.close();
        return next;
      };

      test('close: the run is free', async () => {
        const run = await openWith((run) => run.close());
        await run.close();
        expect((await isFree()).seq).toBe(1);
        expect(scene.reports).toEqual([]);
      });

      test('append: it is appended, and the run goes on', async () => {
        const appends: Promise<number>[] = [];
        const run = await openWith((run) => appends.push(run.append(10)));
        expect(await Promise.all(appends)).toEqual([2]);
        expect(await run.append(100)).toBe(3);
        await run.close();
        expect((await isFree()).state.sum).toBe(111);
        expect(scene.reports).toEqual([]);
      });

      test('append and close: both', async () => {
        const appends: Promise<number>[] = [];
        const run = await openWith((run) => {
          appends.push(run.append(10));
          run.close();
        });
        await run.close();
        expect(await Promise.all(appends)).toEqual([2]);
        expect((await isFree()).state.sum).toBe(11);
        expect(scene.reports).toEqual([]);
      });
    },
  );

  test('closed as the page leaves, and never back: what was appended is durable, and the run free', async () => {
    const run = await openRun(options());
    show('pagehide');
    const append = run.append(1);
    await run.close();
    expect(await append).toBe(1);
    expect(await log()).toEqual([1]);
    const other = await openElsewhere();
    await other.close();
  });

  test('an append that was in flight when the page left is its own when it returns', async () => {
    const run = await openRun(options());
    const { events } = scene.stores;
    let answer = () => {};
    const append = events.append.bind(events);
    vi.spyOn(events, 'append').mockImplementationOnce(async (...call) => {
      const head = await append(...call);
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return head;
    });
    const inFlight = run.append(1);
    await vi.waitFor(async () => expect(await log()).toEqual([1]));
    show('pagehide');
    show('pageshow');
    const next = run.append(2);
    answer();
    expect(await Promise.all([inFlight, next])).toEqual([1, 2]);
    expect(scene.reports).toEqual([]);
    await run.close();
  });
});

test('a snapshot ahead of the log is deleted before the log can grow past it', async () => {
  await scene.stores.snapshots.save({ runId: 'a', atSeq: 2, state: { sum: 1000, count: 2 } });
  const run = await openRun(options());
  expect(run.recovery.ignoredSnapshot).toEqual({ reason: 'ahead-of-log', atSeq: 2 });
  for (const event of [1, 2, 3]) await run.append(event);
  // As after a crash: without a snapshot of its own.
  const recovered = await followRun(options());
  expect(recovered.state).toEqual({ sum: 6, count: 3 });
  expect(recovered.recovery).toMatchObject({ snapshotSeq: 0, replayed: 3 });
  await Promise.all([recovered.close(), run.close()]);
});

describe('close', () => {
  test('waits for what is in flight, saves a snapshot, and may be called twice', async () => {
    const run = await openRun(options());
    const appends = [run.append(1), run.append(2)];
    const closing = run.close();
    expect(run.close()).toBe(closing);
    await closing;
    expect(await Promise.all(appends)).toEqual([1, 2]);
    expect((await scene.stores.snapshots.loadLatest('a'))?.atSeq).toBe(2);
    await expect(run.append(3)).rejects.toEqual(refusal('closed'));
    expect(scene.reports).toEqual([]);
  });

  test('is what `await using` does', async () => {
    const run = await openRun(options());
    await run[Symbol.asyncDispose]();
    await expect(run.append(1)).rejects.toEqual(refusal('closed'));
  });
});

describe.each(['in memory', 'without Web Locks', 'with Web Locks'])('one owner, %s', (kind) => {
  beforeEach(async () => {
    if (kind === 'with Web Locks') vi.stubGlobal('navigator', { locks: new FakeLocks() });
    if (kind === 'in memory') return;
    scene.stores = await openStores({ indexedDB: new FaultyFactory(), databaseName: crypto.randomUUID() });
  });

  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test('fail: rejects with conflict while another owns the run', async () => {
    const owner = await openRun(options());
    await expect(openRun({ ...options(), ifOwned: 'fail' })).rejects.toEqual(refusal('conflict'));
    await owner.close();
    const next = await openRun({ ...options(), ifOwned: 'fail' });
    await next.close();
  });

  test('wait: those who wait own the run one after the other, recovered to the last durable event', async () => {
    const first = await openRun(options());
    const order: number[] = [];
    const others = [1, 2, 3].map(async (number) => {
      const run = await openRun(options());
      order.push(number);
      await run.append(number);
      await run.close();
    });
    await first.append(10);
    expect(order).toEqual([]);
    await first.close();
    await Promise.all(others);
    expect(order).toEqual([1, 2, 3]);
    expect(await log()).toEqual([10, 1, 2, 3]);
  });

  test('wait is given up by signal: aborted, and the others go on', async () => {
    const owner = await openRun(options());
    const controller = new AbortController();
    const given = openRun({ ...options(), signal: controller.signal });
    const patient = openRun(options());
    controller.abort(new Error('no longer'));
    await expect(given).rejects.toMatchObject({ code: 'aborted', cause: new Error('no longer') });
    await expect(openRun({ ...options(), signal: controller.signal })).rejects.toEqual(refusal('aborted'));
    await owner.close();
    await (await patient).close();
  });

  test('steal: the former owner closes itself with conflict, and has changed nothing', async () => {
    const former = await openRun(options());
    await former.append(1);
    const thief = await openRun({ ...options(), ifOwned: 'steal' });
    await vi.waitFor(() => expect(scene.reports).toEqual([refusal('conflict')]));
    await expect(former.append(2)).rejects.toBe(scene.reports[0]);
    await former.close();
    expect(await thief.append(3)).toBe(2);
    expect(await log()).toEqual([1, 3]);
    await thief.close();
    await (await openRun(options())).close();
  });

  test('stolen while it recovers: it closes itself at once', async () => {
    const head = vi.spyOn(scene.stores.events, 'head').mockImplementationOnce(async () => {
      const thief = await openRun({ ...options(), ifOwned: 'steal' });
      await thief.close();
      return { seq: 0, logId: null };
    });
    const run = await openRun(options());
    head.mockRestore();
    await vi.waitFor(() => expect(scene.reports).toEqual([refusal('conflict')]));
    await expect(run.append(1)).rejects.toBe(scene.reports[0]);
    expect(await log()).toEqual([]);
  });

  test('steal comes before those who wait, and they wait for the thief', async () => {
    const former = await openRun(options());
    const order: string[] = [];
    const patient = openRun(options()).then((run) => {
      order.push('patient');
      return run;
    });
    const thief = await openRun({ ...options(), ifOwned: 'steal' });
    order.push('thief');
    await thief.append(1);
    await thief.close();
    await (await patient).close();
    expect(order).toEqual(['thief', 'patient']);
    await former.close();
  });

  test('a signal that is aborted when the run is open changes nothing', async () => {
    const controller = new AbortController();
    const waitedFor = await openRun(options());
    const waiting = openRun({ ...options(), signal: controller.signal });
    await waitedFor.close();
    const run = await waiting;
    controller.abort();
    await expect(openRun({ ...options(), ifOwned: 'fail' })).rejects.toEqual(refusal('conflict'));
    expect(await run.append(1)).toBe(1);
    await run.close();
  });

  test('runs of other ids are not in the way', async () => {
    const one = await openRun(options());
    const other = await openRun({ ...options(), runId: 'b', ifOwned: 'fail' });
    await Promise.all([one.close(), other.close()]);
  });

  test('where recovery fails, the run is free again', async () => {
    await scene.stores.events.append('a', [Number.NaN]);
    await expect(openRun(options())).rejects.toEqual(refusal('reducer-threw'));
    await scene.stores.events.delete('a');
    await (await openRun({ ...options(), ifOwned: 'fail' })).close();
  });
});

test('a writer that goes around the lock is found out at the next append: conflict, nothing changed', async () => {
  const run = await openRun(options());
  await run.append(1);
  await scene.stores.events.append('a', [100]);
  await expect(run.append(2)).rejects.toMatchObject({ code: 'conflict', expected: 1, actual: 2 });
  expect(await log()).toEqual([1, 100]);
  expect(scene.reports).toEqual([refusal('conflict')]);
});

describe.each(['with Web Locks', 'without Web Locks'])(
  'a connection that is lost in the middle of an append, %s',
  (kind) => {
    let factory: FaultyFactory;
    let databaseName: string;

    const lost = new KernelError('connection-lost', 'injected', { operation: 'append' });

    beforeEach(async () => {
      if (kind === 'with Web Locks') vi.stubGlobal('navigator', { locks: new FakeLocks() });
      factory = new FaultyFactory();
      databaseName = crypto.randomUUID();
      scene.stores = await openStores({ indexedDB: factory, databaseName });
    });

    afterEach(() => {
      vi.unstubAllGlobals();
    });

    /** The append is committed, but nobody hears of it. */
    function loseTheAnswer(): void {
      const { events } = scene.stores;
      const append = events.append.bind(events);
      vi.spyOn(events, 'append').mockImplementationOnce(async (...args) => {
        await append(...args);
        throw lost;
      });
    }

    test('it had not landed: it is appended again, once', async () => {
      const run = await openRun(options());
      await run.append(1);
      const appends = [run.append(2), run.append(3), run.append(4)];
      factory.dropConnections();
      const later = run.append(5);
      expect(await Promise.all([...appends, later])).toEqual([2, 3, 4, 5]);
      expect(await log()).toEqual([1, 2, 3, 4, 5]);
      expect(scene.reports).toEqual([]);
      await run.close();
    });

    test('it had landed: it is not appended again', async () => {
      const run = await openRun(options());
      loseTheAnswer();
      const appends = [run.append(1), run.appendAll([2, 3])];
      expect(await Promise.all(appends)).toEqual([1, 3]);
      expect(await log()).toEqual([1, 2, 3]);
      await run.close();
    });

    test('somebody else has written meanwhile: conflict', async () => {
      const run = await openRun(options());
      vi.spyOn(scene.stores.events, 'append').mockImplementationOnce(async () => {
        await scene.stores.events.append('a', [100, 101]);
        throw lost;
      });
      await expect(run.append(1)).rejects.toEqual(refusal('conflict'));
      expect(await log()).toEqual([100, 101]);
    });

    test('the run was stolen before it could try again: it does not', async () => {
      const run = await openRun(options());
      const append = vi.spyOn(scene.stores.events, 'append').mockImplementationOnce(async () => {
        await openRun({ ...options(), ifOwned: 'steal' });
        throw lost;
      });
      await expect(run.append(1)).rejects.toEqual(refusal('conflict'));
      await expect(append.mock.results[0]?.value).rejects.toBe(lost);
      await new Promise(setImmediate);
      expect(append).toHaveBeenCalledTimes(1);
    });

    test('somebody else has written as much, at the same place: conflict', async () => {
      const run = await openRun(options());
      vi.spyOn(scene.stores.events, 'append').mockImplementationOnce(async () => {
        const other = await openStores<State, number>({ indexedDB: factory, databaseName });
        await other.events.append('a', [1]);
        throw lost;
      });
      await expect(run.append(1)).rejects.toEqual(refusal('conflict'));
      expect(await log()).toEqual([1]);
    });

    test('again and again: the run gives up with connection-lost', async () => {
      const run = await openRun(options());
      const append = vi.spyOn(scene.stores.events, 'append').mockRejectedValue(lost);
      await expect(run.append(1)).rejects.toBe(lost);
      expect(append).toHaveBeenCalledTimes(4);
      expect(scene.reports).toEqual([lost]);
    });
  },
);

describe('a follower', () => {
  const changed = (run: { subscribe(listener: () => void): () => void }) =>
    new Promise<void>((resolve) => {
      const end = run.subscribe(() => {
        end();
        resolve();
      });
    });

  test('recovers, and then follows the owner, event by event', async () => {
    const owner = await openRun(options());
    await owner.appendAll([1, 2]);
    const follower = await followRun(options());
    expect(follower).toMatchObject({
      runId: 'a',
      state: { sum: 3, count: 2 },
      seq: 2,
      recovery: { replayed: 2 },
    });
    for (const event of [3, 4]) {
      const change = changed(follower);
      await owner.append(event);
      await change;
      expect(follower.getState()).toEqual(owner.getState());
    }
    await follower.close();
    await owner.close();
    expect(scene.reports).toEqual([]);
  });

  test('reads only the tail, and the same state stays the same reference', async () => {
    const follower = await followRun(options());
    await scene.stores.events.append('a', [1, 2, 3]);
    await follower.refresh();
    const { state } = follower;
    let heard = 0;
    follower.subscribe(() => heard++);
    const scan = vi.spyOn(scene.stores.events, 'scan');
    await follower.refresh();
    expect(scan).not.toHaveBeenCalled();
    expect(follower.state).toBe(state);
    expect(heard).toBe(0);
    await scene.stores.events.append('a', [4]);
    await Promise.all([follower.refresh(), follower.refresh(), follower.refresh()]);
    expect(scan.mock.calls).toEqual([['a', 4, 1]]);
    expect(follower).toMatchObject({ state: { sum: 10, count: 4 }, seq: 4 });
    await follower.close();
  });

  test('a listener that throws harms nobody and is reported', async () => {
    const follower = await followRun(options());
    const cause = new Error('listener');
    let heard = 0;
    follower.subscribe(() => {
      throw cause;
    });
    follower.subscribe(() => heard++);
    await scene.stores.events.append('a', [1]);
    await follower.refresh();
    expect(heard).toBe(1);
    expect(scene.reports).toMatchObject([{ code: 'unknown', cause }]);
    await follower.close();
  });

  test('starts over where the log was deleted', async () => {
    await scene.stores.events.append('a', [1, 2, 3]);
    const follower = await followRun(options());
    await scene.stores.events.delete('a');
    await follower.refresh();
    expect(follower).toMatchObject({ state: initialState, seq: 0 });
    await scene.stores.events.append('a', [7]);
    await follower.refresh();
    expect(follower).toMatchObject({ state: { sum: 7, count: 1 }, seq: 1 });
    await follower.close();
  });

  test('a tail that cannot be read is reported, and the state stays', async () => {
    const owner = await openRun(options());
    const follower = await followRun(options());
    const error = new KernelError('connection-lost', 'injected', { operation: 'head' });
    vi.spyOn(scene.stores.events, 'head').mockRejectedValueOnce(error);
    await owner.append(1);
    await vi.waitFor(() => expect(scene.reports).toEqual([error]));
    expect(follower.state).toEqual(initialState);
    const change = changed(follower);
    await owner.append(2);
    await change;
    expect(follower.state).toEqual({ sum: 3, count: 2 });
    await Promise.all([follower.close(), owner.close()]);
  });

  test('without BroadcastChannel says so, and can be refreshed', async () => {
    vi.stubGlobal('BroadcastChannel', undefined);
    const follower = await followRun(options());
    expect(scene.reports).toEqual([refusal('unavailable')]);
    const owner = await openRun(options());
    await owner.append(1);
    await follower.refresh();
    expect(follower.state).toEqual({ sum: 1, count: 1 });
    await Promise.all([follower.close(), owner.close()]);
    vi.unstubAllGlobals();
  });

  test('closed while it reads: it stays as it is', async () => {
    const follower = await followRun(options());
    await scene.stores.events.append('a', [1]);
    const reading = follower.refresh();
    await follower.close();
    await reading;
    expect(follower.state).toEqual(initialState);
  });

  test('after close it stays as it is', async () => {
    const owner = await openRun(options());
    const follower = await followRun(options());
    await follower.close();
    await owner.append(1);
    await expect(follower.refresh()).rejects.toEqual(refusal('closed'));
    expect(follower.state).toEqual(initialState);
    await owner.close();
  });
});

test.each([
  ['an id that is empty', { runId: '' }],
  ['snapshotEvery 0', { snapshotEvery: 0 }],
  ['snapshotEvery 1.5', { snapshotEvery: 1.5 }],
])('%s: invalid-argument', async (_, bad) => {
  await expect(openRun({ ...options(), ...bad })).rejects.toMatchObject({
    code: 'invalid-argument',
    name: 'RunError',
  });
});
