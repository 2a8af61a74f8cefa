import type { SnapshotStore } from '../contracts/snapshot-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { assert, assertEqual, assertRejects } from './assert.ts';
import {
  badRunIds,
  badSeqs,
  type ConformanceCase,
  incompressibleRunId,
  peculiarRunIds,
  richValue,
  uncloneables,
} from './case.ts';

type Store = SnapshotStore<unknown>;

const name = 'SnapshotStoreError';

async function assertLatest(store: Store, runId: RunId, atSeq: Seq, state: unknown): Promise<void> {
  assertEqual(await store.loadLatest(runId), { runId, atSeq, state }, `the latest snapshot of ${runId}`);
}

/**
 * Every guarantee of {@link SnapshotStore}, as cases for any backend.
 *
 * @example
 * for (const { name, run } of snapshotStoreCases) {
 *   test(name, () => run((name) => new MySnapshotStore(name)));
 * }
 */
export const snapshotStoreCases: readonly ConformanceCase<Store>[] = [
  {
    name: 'an unknown run has no snapshot, and deleting it succeeds',
    async run(open) {
      const store = await open('s');
      assertEqual(await store.loadLatest('nobody'), undefined, 'the snapshot');
      await store.delete('nobody');
      assertEqual(await store.runIds(), [], 'the runs');
    },
  },
  {
    name: 'a snapshot is committed when save resolves: another handle loads it',
    async run(open) {
      const store = await open('s');
      await store.save({ runId: 'a', atSeq: 3, state: { n: 1 } });
      await assertLatest(await open('s'), 'a', 3, { n: 1 });
      await assertLatest(store, 'a', 3, { n: 1 });
    },
  },
  {
    name: 'a later snapshot replaces the earlier one, for every handle',
    async run(open) {
      const [one, two] = [await open('s'), await open('s')];
      await one.save({ runId: 'a', atSeq: 1, state: 'first' });
      await two.save({ runId: 'a', atSeq: 2, state: 'second' });
      await one.save({ runId: 'a', atSeq: 30, state: 'third' });
      await assertLatest(two, 'a', 30, 'third');
      assertEqual(await one.runIds(), ['a'], 'the runs');
    },
  },
  {
    name: 'a snapshot with an equal atSeq replaces',
    async run(open) {
      const store = await open('s');
      await store.save({ runId: 'a', atSeq: 5, state: 'first' });
      await store.save({ runId: 'a', atSeq: 5, state: 'second' });
      await assertLatest(store, 'a', 5, 'second');
      const waiting = ['third', 'fourth', 'fifth'];
      await Promise.all(waiting.map((state) => store.save({ runId: 'a', atSeq: 5, state })));
      await assertLatest(store, 'a', 5, 'fifth');
    },
  },
  {
    name: 'a snapshot with a lower atSeq rejects with conflict and changes nothing',
    async run(open) {
      const [current, stale] = [await open('s'), await open('s')];
      await current.save({ runId: 'a', atSeq: 20, state: 'current' });
      const save = () => stale.save({ runId: 'a', atSeq: 12, state: 'stale' });
      const error = await assertRejects(save, { name, code: 'conflict', says: '"a"' });
      assertEqual([error.expected, error.actual], [12, 20], 'expected and actual');
      assertEqual([error.operation, error.runId], ['save', 'a'], 'operation and runId');
      await assertLatest(current, 'a', 20, 'current');
      // The same again: what was turned away has left nothing behind.
      await assertRejects(save, { name, code: 'conflict' });
      await stale.save({ runId: 'a', atSeq: 21, state: 'next' });
      await assertLatest(current, 'a', 21, 'next');
      assertEqual(await current.runIds(), ['a'], 'the runs');
    },
  },
  {
    name: 'after delete, a run can be rewound to a lower atSeq',
    async run(open) {
      const store = await open('s');
      await store.save({ runId: 'a', atSeq: 9, state: 'late' });
      await store.save({ runId: 'b', atSeq: 9, state: 'other' });
      await store.delete('a');
      assertEqual(await store.loadLatest('a'), undefined, 'the deleted snapshot');
      await store.save({ runId: 'a', atSeq: 2, state: 'rewound' });
      await assertLatest(store, 'a', 2, 'rewound');
      await assertLatest(store, 'b', 9, 'other');
    },
  },
  {
    name: 'a snapshot says of which log it is, if it was told',
    async run(open) {
      const store = await open('s');
      await store.save({ runId: 'a', atSeq: 0, state: 'none', logId: null });
      await assertLatest(store, 'a', 0, 'none');
      await store.save({ runId: 'a', atSeq: 1, state: 'none' });
      await assertLatest(store, 'a', 1, 'none');
    },
  },
  {
    name: 'a snapshot keeps the version that it was saved with; 1 is as good as none',
    async run(open) {
      const store = await open('s');
      await store.save({ runId: 'a', atSeq: 1, state: 'two', version: 2 });
      assertEqual((await store.loadLatest('a'))?.version, 2, 'the version');
      await store.save({ runId: 'a', atSeq: 2, state: 'one', version: 1 });
      assertEqual((await store.loadLatest('a'))?.version ?? 1, 1, 'the version');
    },
  },
  {
    name: 'atSeq may be anything from 0 to the largest safe integer',
    async run(open) {
      const store = await open('s');
      for (const atSeq of [0, 1, 255, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
        await store.save({ runId: 'a', atSeq, state: { atSeq } });
        await assertLatest(store, 'a', atSeq, { atSeq });
      }
    },
  },
  {
    name: 'runs are apart from each other, whatever their ids look like',
    async run(open) {
      const store = await open('s');
      await Promise.all(peculiarRunIds.map((runId, atSeq) => store.save({ runId, atSeq, state: runId })));
      for (const [atSeq, runId] of peculiarRunIds.entries()) await assertLatest(store, runId, atSeq, runId);
      assertEqual((await store.runIds()).sort(), [...peculiarRunIds].sort(), 'the runs');
      await store.delete('a');
      await assertLatest(store, 'ab', 2, 'ab');
      await assertLatest(store, 'a,1', 1, 'a,1');
    },
  },
  {
    name: 'a long run id that cannot be compressed either works or rejects with invalid-argument',
    async run(open) {
      const store = await open('s');
      const runId = incompressibleRunId();
      const isTaken = await store.save({ runId, atSeq: 1, state: 'long' }).then(
        () => true,
        ({ code }) => code,
      );
      if (isTaken === true) await assertLatest(store, runId, 1, 'long');
      else assertEqual([isTaken, await store.loadLatest(runId)], ['invalid-argument', undefined], 'the code');
      assertEqual(await store.runIds(), isTaken === true ? [runId] : [], 'the runs');
      await store.delete(runId);
      assertEqual(await store.runIds(), [], 'the runs after delete');
    },
  },
  {
    name: 'the state is captured at the call: changing it afterwards changes nothing stored',
    async run(open) {
      const store = await open('s');
      const pending: Promise<void>[] = [];
      const state = { list: [1] };
      // The first finds a store that has not been used, the others wait behind it.
      for (const runId of ['a', 'b', 'c']) {
        pending.push(store.save({ runId, atSeq: 1, state }));
        state.list.push(2);
      }
      await Promise.all(pending);
      const last = store.save({ runId: 'd', atSeq: 1, state });
      state.list.length = 0;
      await last;
      await assertLatest(store, 'a', 1, { list: [1] });
      await assertLatest(store, 'b', 1, { list: [1, 2] });
      await assertLatest(store, 'c', 1, { list: [1, 2, 2] });
      await assertLatest(store, 'd', 1, { list: [1, 2, 2, 2] });
    },
  },
  {
    name: 'changing what was loaded changes nothing stored',
    async run(open) {
      const store = await open('s');
      await store.save({ runId: 'a', atSeq: 1, state: { list: [1] } });
      const loaded = await store.loadLatest('a');
      assert(loaded !== undefined, 'there is a snapshot');
      (loaded.state as { list: number[] }).list.push(2);
      await assertLatest(store, 'a', 1, { list: [1] });
    },
  },
  {
    name: 'a state of any kind that can be cloned survives, undefined included',
    async run(open) {
      const store = await open('s');
      for (const [atSeq, state] of [richValue(), undefined, null, 0, '', false, [], 7n].entries()) {
        await store.save({ runId: 'a', atSeq, state });
        await assertLatest(store, 'a', atSeq, state);
      }
      assert(!('polluted' in {}), 'Object.prototype is as it was');
    },
  },
  {
    name: 'a state that cannot be cloned rejects with not-cloneable, names the place, and changes nothing',
    async run(open) {
      const store = await open('s');
      for (const [runId, atSeq] of [['new', 1] as const, ['old', 2] as const]) {
        if (runId === 'old') await store.save({ runId, atSeq: 1, state: 'good' });
        for (const { value, place } of uncloneables()) {
          const save = () => store.save({ runId, atSeq, state: value });
          await assertRejects(save, { name, code: 'not-cloneable', says: `state${place} ` });
        }
      }
      assertEqual(await store.loadLatest('new'), undefined, 'the run that never had a good one');
      await assertLatest(store, 'old', 1, 'good');
    },
  },
  {
    name: 'a save that fails fails alone among those that wait with it',
    async run(open) {
      const store = await open('s');
      await store.save({ runId: 'b', atSeq: 9, state: 'late' });
      const outcomes = await Promise.allSettled([
        store.save({ runId: 'a', atSeq: 1, state: 1 }),
        store.save({ runId: 'a', atSeq: 2, state: 2 }),
        store.save({ runId: 'a', atSeq: 3, state: () => {} }),
        store.save({ runId: 'b', atSeq: 5, state: 'stale' }),
        store.save({ runId: 'c', atSeq: 1, state: 'c' }),
      ]);
      assertEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'fulfilled', 'rejected', 'rejected', 'fulfilled'],
        'the outcomes',
      );
      await assertLatest(store, 'a', 2, 2);
      await assertLatest(store, 'b', 9, 'late');
      await assertLatest(store, 'c', 1, 'c');
    },
  },
  {
    name: 'saves without an await between them: the last wins, and a lower one is turned away',
    async run(open) {
      const store = await open('s');
      const saves = Array.from({ length: 50 }, (_, n) =>
        store.save({ runId: 'a', atSeq: n + 1, state: n + 1 }),
      );
      const lower = assertRejects(() => store.save({ runId: 'a', atSeq: 7, state: 'lower' }), {
        name,
        code: 'conflict',
      });
      await Promise.all(saves);
      await lower;
      await assertLatest(store, 'a', 50, 50);
    },
  },
  {
    name: 'delete keeps its place among saves that are not awaited',
    async run(open) {
      const store = await open('s');
      await Promise.all([
        store.save({ runId: 'a', atSeq: 5, state: 'before' }),
        store.save({ runId: 'a', atSeq: 6, state: 'before' }),
        store.delete('a'),
        store.save({ runId: 'a', atSeq: 1, state: 'after' }),
        store.save({ runId: 'b', atSeq: 1, state: 'b' }),
        store.delete('b'),
      ]);
      await assertLatest(store, 'a', 1, 'after');
      assertEqual(await store.loadLatest('b'), undefined, 'the snapshot that was deleted last');
    },
  },
  {
    name: 'handles that save the same run at once: the highest atSeq stays',
    async run(open) {
      const handles = await Promise.all([open('s'), open('s')]);
      const saves: Promise<void>[] = [];
      for (let atSeq = 1; atSeq <= 20; atSeq++) {
        for (const handle of handles) saves.push(handle.save({ runId: 'a', atSeq, state: atSeq }));
      }
      for (const outcome of await Promise.allSettled(saves)) {
        if (outcome.status === 'rejected') assertEqual(outcome.reason.code, 'conflict', 'the code');
      }
      await assertLatest(handles[0], 'a', 20, 20);
      assertEqual(await handles[1].runIds(), ['a'], 'the runs');
    },
  },
  {
    name: 'a bad argument rejects with invalid-argument before anything is touched',
    async run(open) {
      // What is to be refused is, of necessity, not of the right type.
      const store = (await open('s')) as {
        [Method in keyof Store]: (...all: unknown[]) => Promise<unknown>;
      };
      await store.save({ runId: 'a', atSeq: 1, state: 'good' });
      const refused = { name, code: 'invalid-argument' } as const;
      for (const runId of badRunIds) {
        await assertRejects(() => store.loadLatest(runId), refused);
        await assertRejects(() => store.delete(runId), refused);
        await assertRejects(() => store.save({ runId, atSeq: 1, state: 1 }), refused);
      }
      for (const atSeq of [...badSeqs, undefined]) {
        await assertRejects(() => store.save({ runId: 'a', atSeq, state: 1 }), refused);
      }
      for (const logId of ['', 1, {}, true]) {
        await assertRejects(() => store.save({ runId: 'a', atSeq: 1, state: 1, logId }), refused);
      }
      await assertRejects(() => store.save({ runId: 'a', atSeq: 1, state: 1 }, { immutable: 1 }), refused);
      await assertRejects(() => store.save({ runId: 'a', atSeq: 1, state: 1, version: 0.5 }), refused);
      for (const snapshot of [undefined, null, 1, 'a', []])
        await assertRejects(() => store.save(snapshot), refused);
      assertEqual(await store.runIds(undefined), ['a'], 'the runs');
      assertEqual(await store.loadLatest('a'), { runId: 'a', atSeq: 1, state: 'good' }, 'the snapshot');
    },
  },
];
