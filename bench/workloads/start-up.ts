import { bytesOf } from '../site.ts';
import { type Bench, inProfile, say } from './workload.ts';

const workload = 'start-up';
/** Events of the small run. */
const SMALL = 1_000;
/** A start is short, and so needs more of them. */
const ROUNDS = 2;

/** What a page imports to keep a run or a state, and to get it back. */
const all = [
  { name: 'rewake-run', imports: "export { openRun } from 'rewake';" },
  { name: 'rewake-store', imports: "export { openStores, recover } from 'rewake';" },
  { name: 'raw-batches', imports: '' },
  { name: 'dexie', imports: "export { Dexie } from 'dexie';" },
  { name: 'idb-keyval', imports: "export { get, set } from 'idb-keyval';" },
  { name: 'localforage', imports: "export { default } from 'localforage';" },
  {
    name: 'y-indexeddb',
    imports: "export { IndexeddbPersistence } from 'y-indexeddb'; export { Doc } from 'yjs';",
  },
  {
    name: 'xstate-store',
    imports: `export { createStore } from '@xstate/store';
      export { createJSONStorage, flushStorage, persist, rehydrateStore } from '@xstate/store/persist';
      export { del, get, set } from 'idb-keyval';`,
  },
];

/** Whose bytes are of interest too. */
const others = [
  { name: 'rewake, snapshots alone', imports: "export { IndexedDbSnapshotStore } from 'rewake';" },
  { name: 'rewake, everything', imports: "export * from 'rewake';" },
];

/** Import, open and recover a small run, on a page and in a browser that have just been started. */
export async function startUp(bench: Bench): Promise<void> {
  const { samples, trace } = bench;
  const subjects = all.filter(bench.among);
  for (const { name: subject, imports } of [...subjects, ...others]) {
    const bytes = imports === '' ? 0 : await bytesOf(imports);
    samples.add({ workload, what: 'JavaScript, brotli', subject, unit: 'bytes' }, bytes);
  }

  const part = SMALL / trace.txns.length;
  const rounds = bench.rounds * (bench.quick ? 1 : ROUNDS);
  for (let round = 0; round <= rounds; round++) {
    say(round === 0 ? 'start-up: warming up' : `start-up: round ${round} of ${rounds}`);
    for (const { name: subject } of subjects) {
      await inProfile(bench, async (profile) => {
        await profile.use((tab) => tab.call('write', subject, 'grouped', part));
        const took = await profile.use((tab) => tab.call('startUp', subject));
        if (round > 0) samples.add({ workload, what: 'import, open, recover', subject, unit: 'ms' }, took);
      });
    }
  }
}
