import { KernelError, openRun, openStores } from 'rewake';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeLocks } from './fake-locks.ts';
import { FaultyFactory } from './faulty-factory.ts';
import { initialState, log, options, refusal, type State, scene } from './run-scene.ts';
import { turn } from './turn.ts';

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
      await turn();
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
      vi.spyOn(Math, 'random').mockReturnValue(0);
      await expect(run.append(1)).rejects.toBe(lost);
      expect(append).toHaveBeenCalledTimes(8);
      // That it is tried again, and that the run has ended.
      expect(scene.reports).toEqual([lost, lost]);
    });

    test('the first two retries come at once and untold, the others after growing pauses, told once', async () => {
      const run = await openRun(options());
      vi.spyOn(Math, 'random').mockReturnValue(0.5);
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const { append } = scene.stores.events;
      const told: number[] = [];
      const spy = vi.spyOn(scene.stores.events, 'append').mockImplementation(() => {
        told.push(scene.reports.length);
        return Promise.reject(lost);
      });
      const appended = run.append(1);
      await turn();
      for (const pause of [50, 100, 200, 400]) {
        const before = spy.mock.calls.length;
        await vi.advanceTimersByTimeAsync(pause - 1);
        expect(spy).toHaveBeenCalledTimes(before);
        if (pause === 400) spy.mockImplementation(append.bind(scene.stores.events));
        await vi.advanceTimersByTimeAsync(1);
        expect(spy).toHaveBeenCalledTimes(before + 1);
      }
      expect(told).toEqual([0, 0, 0, 1, 1, 1]);
      vi.useRealTimers();
      expect(await appended).toBe(1);
      expect(scene.reports).toEqual([lost]);
      expect(await log()).toEqual([1]);
    });
  },
);
