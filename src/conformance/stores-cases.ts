import type { EventStore } from '../contracts/event-store.ts';
import type { SnapshotStore } from '../contracts/snapshot-store.ts';
import type { LogId, RunId } from '../contracts/words.ts';
import { isKernelError } from '../errors/kernel-error.ts';
import { recover } from '../recovery/recover.ts';
import { assert, assertEqual } from './assert.ts';
import type { ConformanceCase } from './case.ts';

/** Both stores of one backend, as a run uses them. */
export interface BothStores {
  readonly snapshots: SnapshotStore<unknown>;
  readonly events: EventStore<unknown>;
}

const recovered = async (stores: BothStores, runId: RunId) => {
  const reduce = (state: unknown, event: unknown) => `${state} ${event}`;
  return recover({ runId, stores, reduce, initialState: '' });
};

/** Saves a snapshot of a log; resolves with whether the store has taken it. */
async function isTaken({ snapshots }: BothStores, atSeq: number, logId: LogId | null): Promise<boolean> {
  try {
    await snapshots.save({ runId: 'a', atSeq, state: ' stale', logId });
    return true;
  } catch (error) {
    assert(isKernelError(error, 'conflict'), `«${error}» is a conflict`);
    return false;
  }
}

/**
 * What the two contracts guarantee together, as cases for any backend.
 *
 * @example
 * for (const { name, run } of storesCases) {
 *   test(name, () => run((name) => ({ snapshots: new MySnapshotStore(name), events: new MyEventStore(name) })));
 * }
 */
export const storesCases: readonly ConformanceCase<BothStores>[] = [
  {
    name: 'a snapshot that names its log is used, and keeps the name',
    async run(open) {
      const stores = await open('b');
      const { logId } = await stores.events.append('a', [1, 2, 3]);
      const snapshot = { runId: 'a', atSeq: 2, state: ' 1 2', logId };
      await stores.snapshots.save(snapshot);
      assertEqual(await (await open('b')).snapshots.loadLatest('a'), snapshot, 'the snapshot');
      const { state, replayed } = await recovered(stores, 'a');
      assertEqual([state, replayed], [' 1 2 3', 1], 'state and replayed');
    },
  },
  {
    name: 'a snapshot that names no log is ignored and reported, because it may be of another one',
    async run(open) {
      const stores = await open('b');
      await stores.events.append('a', [1, 2]);
      await stores.snapshots.save({ runId: 'a', atSeq: 1, state: ' wrong' });
      const { state, ignoredSnapshot } = await recovered(stores, 'a');
      assertEqual(state, ' 1 2', 'the state');
      assertEqual(ignoredSnapshot, { reason: 'other-log', atSeq: 1 }, 'the ignored snapshot');
    },
  },
  {
    name: 'a snapshot of a log that was deleted and begun anew is refused or ignored',
    async run(open) {
      const [owner, former] = [await open('b'), await open('b')];
      const old = await former.events.append('a', ['old', 'old', 'old']);
      await former.snapshots.save({ runId: 'a', atSeq: 3, state: ' old old old', logId: old.logId });
      await owner.events.delete('a');
      const anew = await owner.events.append('a', ['new', 'new', 'new', 'new']);
      for (const atSeq of [3, 4]) {
        const taken = await isTaken(former, atSeq, old.logId);
        const { state, ignoredSnapshot } = await recovered(owner, 'a');
        assertEqual(state, ' new new new new', 'the state');
        assertEqual(ignoredSnapshot, { reason: 'other-log', atSeq: taken ? atSeq : 3 }, 'what was ignored');
      }
      await owner.snapshots.delete('a');
      await owner.snapshots.save({ runId: 'a', atSeq: 1, state: ' new', logId: anew.logId });
      assertEqual((await recovered(owner, 'a')).snapshotSeq, 1, 'the seq of the snapshot');
    },
  },
  {
    name: 'while a run is deleted and begun anew again and again, no recovery mixes two logs',
    async run(open) {
      const [owner, reader] = [await open('b'), await open('b')];
      await owner.events.append('a', ['0', '0', '0']);
      let over = false;
      const beginAnew = async () => {
        for (let round = 1; round <= 10; round++) {
          await owner.events.delete('a');
          const { logId } = await owner.events.append('a', [`${round}`, `${round}`]);
          await owner.snapshots.delete('a');
          await owner.snapshots.save({ runId: 'a', atSeq: 1, state: ` ${round}`, logId });
          await owner.events.append('a', [`${round}`]);
        }
        over = true;
      };
      const reading = async () => {
        do {
          const { state } = await recovered(reader, 'a');
          const numbers = new Set(String(state).split(' ').slice(1));
          assert(numbers.size <= 1, `«${state}» is of one log`);
        } while (!over);
      };
      await Promise.all([beginAnew(), reading()]);
    },
  },
  {
    name: 'a compacted log recovers from its base, unless the snapshot is newer',
    async run(open) {
      const stores = await open('b');
      const { logId } = await stores.events.append('a', [1, 2, 3, 4]);
      await stores.snapshots.save({ runId: 'a', atSeq: 1, state: ' 1', logId });
      const base = { atSeq: 2, logId, version: 1, state: ' one two' };
      await stores.events.compact('a', base);
      const fromBase = await recovered(await open('b'), 'a');
      assertEqual(
        [fromBase.state, fromBase.baseSeq, fromBase.replayed],
        [' one two 3 4', 2, 2],
        'from the base',
      );
      await stores.snapshots.save({ runId: 'a', atSeq: 3, state: ' 1 2 3', logId });
      const fromSnapshot = await recovered(await open('b'), 'a');
      assertEqual([fromSnapshot.state, fromSnapshot.snapshotSeq], [' 1 2 3 4', 3], 'from the snapshot');
    },
  },
  {
    name: 'a log that begins with a base recovers from it, and from a snapshot of it; none of an earlier log is used',
    async run(open) {
      const stores = await open('b');
      const old = await stores.events.append('a', [1, 2, 3, 4]);
      await stores.snapshots.save({ runId: 'a', atSeq: 4, state: ' stale', logId: old.logId });
      await stores.events.delete('a');
      const { logId } = await stores.events.begin('a', { atSeq: 2, version: 1, state: ' one two' });
      await stores.events.append('a', [3, 4, 5]);
      const fromBase = await recovered(await open('b'), 'a');
      assertEqual(
        [fromBase.state, fromBase.baseSeq, fromBase.replayed],
        [' one two 3 4 5', 2, 3],
        'from the base',
      );
      await stores.snapshots.save({ runId: 'a', atSeq: 4, state: ' 1 2 3 4', logId });
      const fromSnapshot = await recovered(await open('b'), 'a');
      assertEqual([fromSnapshot.state, fromSnapshot.snapshotSeq], [' 1 2 3 4 5', 4], 'from the snapshot');
      await stores.events.begin('a', { atSeq: 7, version: 1, state: ' to seven' }, { seq: 5, logId });
      const ahead = await recovered(await open('b'), 'a');
      assertEqual([ahead.state, ahead.seq, ahead.baseSeq], [' to seven', 7, 7], 'from a base further on');
    },
  },
  {
    name: 'while a log grows and is compacted, with its snapshots ahead or behind, every recovery gives a right state',
    async run(open) {
      const [owner, reader] = [await open('b'), await open('b')];
      const { logId } = await owner.events.append('a', [1]);
      let state = ' 1';
      let over = false;
      const growing = async () => {
        for (let seq = 2; seq <= 40; seq++) {
          state += ` ${seq}`;
          await owner.events.append('a', [seq]);
          if (seq % 3 === 0) await owner.events.compact('a', { atSeq: seq, logId, version: 1, state });
          if (seq % 5 === 0) await owner.snapshots.save({ runId: 'a', atSeq: seq, state, logId });
        }
        over = true;
      };
      const reading = async () => {
        do {
          const { state, seq } = await recovered(reader, 'a');
          const numbers = Array.from({ length: seq }, (_, index) => ` ${index + 1}`);
          assertEqual(state, numbers.join(''), `the state at ${seq}`);
        } while (!over);
      };
      await Promise.all([growing(), reading()]);
    },
  },
];
