import { followRun, KernelError, openRun, recover, type SequencedEvent } from 'rewake';
import { describe, expect, test, vi } from 'vitest';
import { options, refusal, type State, scene } from './run-scene.ts';

// A live run that shortens its log: when it is asked, and by itself.

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
/** The state after the events 1 to `seq`, each of which is its own number. */
const sumTo = (seq: number): State => ({ sum: (seq * (seq + 1)) / 2, count: seq });

const base = () => scene.stores.events.base('a');
/** How many events are left in the log. */
async function kept(): Promise<number> {
  const [{ seq }, found] = [await scene.stores.events.head('a'), await base()];
  return seq - (found?.atSeq ?? 0);
}

/** After everything that goes on in the background. */
const idle = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('run.compact', () => {
  test('folds what is durable into the base, with the version of the definition, and the run goes on', async () => {
    const run = await openRun({ ...options(), version: 3 });
    const { compact } = run;
    await run.appendAll([1, 2, 3]);
    await compact();
    expect(await base()).toMatchObject({ atSeq: 3, version: 3, state: sumTo(3) });
    expect(run).toMatchObject({ state: sumTo(3), seq: 3, status: 'open' });
    expect(await run.append(4)).toBe(4);
    await scene.stores.snapshots.delete('a');
    const crashed = await recover({ ...options(), version: 3 });
    expect(crashed).toMatchObject({ state: sumTo(4), seq: 4, snapshotSeq: 0, baseSeq: 3, replayed: 1 });
    await run.close();
  });

  test('leaves what is not durable yet', async () => {
    const run = await openRun(options());
    await run.append(1);
    const appending = run.append(2);
    await run.compact();
    await appending;
    expect(await base()).toMatchObject({ atSeq: 1, state: sumTo(1) });
    expect(await kept()).toBe(1);
    await run.close();
  });

  test('of a run without events does nothing; twice does it once', async () => {
    const run = await openRun(options());
    await run.compact();
    expect(await base()).toBeUndefined();
    await run.append(1);
    await Promise.all([run.compact(), run.compact()]);
    expect(await base()).toMatchObject({ atSeq: 1 });
    await run.close();
  });

  test('rejects with what the store says, and the run goes on', async () => {
    const run = await openRun(options());
    await run.append(1);
    const error = new KernelError('quota', 'injected', { operation: 'compact' });
    const compact = vi.spyOn(scene.stores.events, 'compact').mockRejectedValue(error);
    await expect(run.compact()).rejects.toBe(error);
    compact.mockRestore();
    expect(await run.append(2)).toBe(2);
    expect(scene.reports).toEqual([]);
    await run.close();
    await expect(run.compact()).rejects.toEqual(refusal('closed'));
  });

  test('of a log that was begun anew rejects with conflict, and changes nothing', async () => {
    const run = await openRun(options());
    await run.appendAll([1, 2]);
    await scene.stores.events.delete('a');
    await scene.stores.events.append('a', [5, 5, 5]);
    await expect(run.compact()).rejects.toEqual(refusal('conflict'));
    expect(await base()).toBeUndefined();
    await run.close();
  });
});

describe('keepEvents', () => {
  test('keeps every event by default', async () => {
    const run = await openRun({ ...options(), snapshotEvery: 1 });
    for (const event of range(1, 50)) await run.append(event);
    await idle();
    await run.close();
    expect(await kept()).toBe(50);
  });

  test('leaves that many events once there are more than twice as many, and the state is right all the time', async () => {
    const run = await openRun({ ...options(), snapshotEvery: 2, keepEvents: 10 });
    const seen: number[] = [];
    for (const event of range(1, 100)) {
      await run.append(event);
      await idle();
      seen.push(await kept());
      await expect(recover(options())).resolves.toMatchObject({ state: sumTo(event) });
      const found = await base();
      if (found) expect(found).toMatchObject({ version: 1, state: sumTo(found.atSeq) });
    }
    expect(seen.slice(0, 20)).toEqual(range(1, 20));
    // A snapshot comes every other event.
    expect(seen.slice(20)).toContain(10);
    expect(Math.max(...seen)).toBe(21);
    expect(Math.min(...seen.slice(20))).toBe(10);
    await run.close();
    expect(scene.reports).toEqual([]);
  });

  test('replays each event once for it, however long the run lasts', async () => {
    let reduced = 0;
    const reduce = (state: State, event: number) => {
      reduced++;
      return options().reduce(state, event);
    };
    const run = await openRun({ ...options(), reduce, snapshotEvery: 5, keepEvents: 20 });
    for (const event of range(1, 500)) {
      await run.append(event);
      await idle();
    }
    expect(reduced).toBeGreaterThan(900);
    expect(reduced).toBeLessThanOrEqual(1_000);
    await run.close();
  });

  test('holds for a run whose every life is short, too', async () => {
    for (const life of range(1, 30)) {
      const run = await openRun({ ...options(), keepEvents: 10 });
      await run.appendAll(range(7 * life - 6, 7 * life));
      await idle();
      await run.close();
      expect(await kept()).toBeLessThanOrEqual(27);
    }
    expect(await recover(options())).toMatchObject({ state: sumTo(210), seq: 210 });
    await scene.stores.snapshots.delete('a');
    expect(await recover(options())).toMatchObject({ state: sumTo(210), seq: 210 });
  });

  test('leaves twice as many, also after the base of an earlier life', async () => {
    const { logId } = await scene.stores.events.append('a', range(1, 30));
    await scene.stores.events.compact('a', { atSeq: 10, logId, version: 1, state: sumTo(10) });
    const run = await openRun({ ...options(), keepEvents: 10 });
    await idle();
    expect(await kept()).toBe(20);
    await run.append(31);
    await run.snapshot();
    await idle();
    expect(await kept()).toBe(10);
    await run.close();
  });

  test('shortens a log that was kept whole until now, when the run is opened', async () => {
    await scene.stores.events.append('a', range(1, 25_000));
    const run = await openRun({ ...options(), keepEvents: 100 });
    await vi.waitFor(async () => expect(await kept()).toBe(100));
    expect(await base()).toMatchObject({ atSeq: 24_900, state: sumTo(24_900) });
    await run.close();
  });

  test('a compaction that fails is reported, fails nothing else, and is not tried at each snapshot', async () => {
    const error = new KernelError('quota', 'injected', { operation: 'compact' });
    const compact = vi.spyOn(scene.stores.events, 'compact').mockRejectedValue(error);
    const run = await openRun({ ...options(), snapshotEvery: 1, keepEvents: 5 });
    for (const event of range(1, 15)) {
      await run.append(event);
      await idle();
    }
    expect(scene.reports).toEqual([error]);
    expect(compact).toHaveBeenCalledTimes(1);
    compact.mockRestore();
    for (const event of range(16, 20)) {
      await run.append(event);
      await idle();
    }
    expect(await kept()).toBeLessThanOrEqual(10);
    expect(run).toMatchObject({ state: sumTo(20), status: 'open' });
    await run.close();
  });

  test('somebody who compacts further meanwhile is no failure', async () => {
    const run = await openRun({ ...options(), snapshotEvery: 1, keepEvents: 5 });
    const { scan } = scene.stores.events;
    const held = vi.spyOn(scene.stores.events, 'scan').mockImplementationOnce(async (...where) => {
      const page = await scan.apply(scene.stores.events, where);
      await run.compact();
      return page;
    });
    for (const event of range(1, 11)) await run.append(event);
    await vi.waitFor(async () => expect(await base()).toMatchObject({ atSeq: 11 }));
    await idle();
    expect(held).toHaveBeenCalled();
    expect(scene.reports).toEqual([]);
    await run.close();
  });

  test('nothing is compacted by a run that is closed meanwhile, or that finds another log', async () => {
    const run = await openRun({ ...options(), keepEvents: 5 });
    await run.appendAll(range(1, 30));
    const compact = vi.spyOn(scene.stores.events, 'compact');
    let release = () => {};
    const held = vi.spyOn(scene.stores.events, 'base').mockImplementationOnce(
      () =>
        new Promise((resolve) => {
          release = () => resolve(undefined);
        }),
    );
    await run.snapshot();
    expect(held).toHaveBeenCalledTimes(1);
    await run.close();
    release();
    await idle();
    expect(compact).not.toHaveBeenCalled();

    const other = await openRun({ ...options(), keepEvents: 5 });
    await scene.stores.events.delete('a');
    await scene.stores.events.append('a', range(1, 30));
    await idle();
    expect(compact).not.toHaveBeenCalled();
    expect(scene.reports).toEqual([]);
    await other.close();
    vi.restoreAllMocks();
  });

  test('a base of a lower version that cannot be migrated is reported; run.compact() replaces it', async () => {
    const { logId } = await scene.stores.events.append('a', range(1, 30));
    await scene.stores.events.compact('a', { atSeq: 3, logId, version: 1, state: 'of another kind' });
    await scene.stores.snapshots.save({ runId: 'a', atSeq: 30, logId, version: 2, state: sumTo(30) });
    const run = await openRun({ ...options(), version: 2, keepEvents: 5 });
    await vi.waitFor(() => expect(scene.reports).toMatchObject([{ code: 'older-version', seq: 3 }]));
    expect(run).toMatchObject({ state: sumTo(30), status: 'open' });
    await run.compact();
    expect(await base()).toMatchObject({ atSeq: 30, version: 2, state: sumTo(30) });
    await run.close();
  });
});

describe('a follower', () => {
  test('goes on without noticing, as long as it has read what is compacted', async () => {
    const run = await openRun(options());
    const follower = await followRun(options());
    const seen: number[] = [];
    follower.onEvent(({ seq }) => seen.push(seq));
    for (const event of range(1, 10)) {
      await run.append(event);
      await follower.refresh();
      if (event % 3 === 0) await run.compact();
      await follower.refresh();
      expect(follower).toMatchObject({ state: sumTo(event), seq: event });
    }
    expect(seen).toEqual(range(1, 10));
    await Promise.all([run.close(), follower.close()]);
    expect(scene.reports).toEqual([]);
  });

  test('that is behind the base catches up from it: the state is right, and onEvent has only what is left', async () => {
    const follower = await followRun(options());
    const seen: SequencedEvent<number>[] = [];
    follower.onEvent((event) => seen.push(event));
    const { logId } = await scene.stores.events.append('a', [1, 2, 3, 4]);
    await scene.stores.events.compact('a', { atSeq: 3, logId, version: 1, state: sumTo(3) });
    await follower.refresh();
    expect(follower).toMatchObject({ state: sumTo(4), seq: 4 });
    expect(seen).toEqual([{ seq: 4, event: 4, version: 1 }]);

    // And if that is all: it has the state of the base.
    await scene.stores.events.append('a', [5, 6]);
    await scene.stores.events.compact('a', { atSeq: 6, logId, version: 1, state: sumTo(6) });
    await follower.refresh();
    expect(follower).toMatchObject({ state: sumTo(6), seq: 6 });
    expect(seen).toHaveLength(1);
    await follower.close();
  });

  test('of old code keeps its state, and hears that a newer version has compacted what it has not read', async () => {
    const follower = await followRun(options());
    const { logId } = await scene.stores.events.append('a', [1, 2]);
    await scene.stores.events.compact('a', { atSeq: 2, logId, version: 2, state: 'of another kind' });
    await expect(follower.refresh()).rejects.toMatchObject({ code: 'newer-version', seq: 2 });
    expect(follower).toMatchObject({ seq: 0 });
    await follower.close();
  });
});
