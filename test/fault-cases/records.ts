import { assert, assertEqual, assertRejects } from '../../src/conformance/assert.ts';
import { type ErrorCode, followRun, KernelError, openRun, recover } from '../../src/index.ts';
import { type FaultyFactory, settled } from './faulty-factory.ts';
import { type FaultCase, faultCase, fold, plant, remove, runOf, type Stores, storesOf } from './scene.ts';

// What is stored is untrusted input: restored from a backup, written by another release, or damaged on the disk.

const record = (...events: unknown[]) => ({ format: 1, events });

/** JSON.parse makes own properties of these names, as no literal does. */
const prototypeKeys = (fields: object) =>
  JSON.parse(`{"__proto__": ${JSON.stringify(fields)}, "constructor": ${JSON.stringify(fields)}}`);

/** What is wrong, the key and the value in place of or beside the log 1, 2, 3 and 4, and what it is then. */
type Damage = readonly [
  what: string,
  key: IDBValidKey,
  value: unknown,
  code?: 'unreadable' | 'newer-version',
];

/** In place of the batch of 3 and 4, and wrong for one reason each. */
const brokenBatches: readonly Damage[] = (
  [
    ['is of a newer format', { format: 4, events: [3, 4] }, 'newer-version'],
    ['is of a format that never was', { format: 0, events: [3, 4] }],
    ['has the format of a base', { format: 2, events: [3, 4] }],
    ['is a base, which only the beginning of a log can be', { format: 2, base: 4, version: 1 }],
    ['has a format that is no number', { format: '1', events: [3, 4] }],
    ['has no format', { events: [3, 4] }],
    ['has no events', { format: 1 }],
    ['has an object for events', { format: 1, events: { length: 2, 0: 3, 1: 4 } }],
    ['has text for events', { format: 1, events: '34' }],
    ['has bytes for events', { format: 1, events: new Uint8Array([3, 4]) }],
    ['has too few events', record(4)],
    ['has too many events', record(2, 3, 4)],
    ['has no single event', record()],
    ['has its fields in __proto__ and constructor', prototypeKeys(record(3, 4))],
    ['has its format in __proto__', { ...JSON.parse('{"__proto__": {"format": 1}}'), events: [3, 4] }],
    ['has its events in __proto__', { ...JSON.parse('{"__proto__": {"events": [3, 4]}}'), format: 1 }],
    ['is null', null],
    ['is undefined', undefined],
    ['is text', 'text'],
    ['is an array', [1, [3, 4]]],
    ['is a Map', new Map(Object.entries(record(3, 4)))],
  ] as const
).map(([what, value, code]) => [what, ['a', 4], value, code ?? 'unreadable']);

/** A log of 1, 2 | 3, 4 and a snapshot at 2, and then this. */
const damages: readonly Damage[] = [
  ...brokenBatches,
  ['ends too late for its events, which leaves a gap', ['a', 6], record(6)],
  ['ends later than its key says, which overlaps the one before', ['a', 5], record(4, 5)],
  ['repeats the one before under the next seq', ['a', 5], record(3, 4)],
  ['holds what comes before the snapshot once more', ['a', 5], record(2, 3, 4, 5)],
  ['begins before event 1', ['a', 5], record(0, 1, 2, 3, 4, 5)],
  ['is longer than the whole log', ['a', 5], record(-2, -1, 0, 1, 2, 3, 4, 5)],
  ['lies between two others', ['a', 3], record(3)],
  ['has a fraction for a seq', ['a', 4.5], record(5)],
  ['has text for a seq', ['a', '5'], record(5)],
  ['has a Date for a seq', ['a', new Date(5)], record(5)],
  ['has no end for a seq', ['a', Number.POSITIVE_INFINITY], record(5)],
  ['has a seq that is not safe', ['a', 2 ** 53], record(5)],
  ['has more in its key than a run and a seq', ['a', 5, 'more'], record(5)],
];

async function withLog(factory: FaultyFactory): Promise<Stores> {
  const stores = storesOf(factory);
  const { logId } = await stores.events.append('a', [1, 2]);
  await stores.snapshots.save({ runId: 'a', atSeq: 2, logId, state: fold([1, 2]) });
  await stores.events.append('a', [3, 4]);
  return stores;
}

async function withoutSnapshot(stores: Stores): Promise<Stores> {
  await stores.snapshots.delete('a');
  return stores;
}

/** Recovering, opening and following the run all reject with this code, and so does reading the tail. */
async function assertNoState(stores: Stores, code: ErrorCode): Promise<void> {
  const reads = {
    recover: () => recover({ ...runOf(stores), runId: 'a' }),
    openRun: () => openRun({ ...runOf(stores), runId: 'a', ifOwned: 'fail' }),
    followRun: () => followRun({ ...runOf(stores), runId: 'a' }),
    scan: () => stores.events.scan('a', 3),
  };
  for (const [name, read] of Object.entries(reads)) {
    const error = await read().then(
      (value) => new Error(`${name} gives ${JSON.stringify(value)}`),
      (reason: unknown) => reason,
    );
    assert(error instanceof KernelError, `${name}: «${error}» is a KernelError`);
    assertEqual([error.code, error.runId], [code, 'a'], `${name}: «${error}»`);
  }
}

const snapshotRecord = (atSeq: unknown) => ({ format: 1, atSeq, state: 1 });

/** In place of the snapshot at 2, and wrong for one reason each. */
const brokenSnapshots: readonly Damage[] = (
  [
    ['is of a newer format', { format: 4, content: 1 }, 'newer-version'],
    ['is of a format that never was', { format: 0, atSeq: 2, state: 1 }],
    ['has a format that is no number', { format: '1', atSeq: 2, state: 1 }],
    ['has no format', { atSeq: 2, state: 1 }],
    ['has no state', { format: 1, atSeq: 2 }],
    ['has no seq', { format: 1, state: 1 }],
    ['has its fields in __proto__ and constructor', prototypeKeys(snapshotRecord(2))],
    ['has its state in __proto__', { ...JSON.parse('{"__proto__": {"state": 1}}'), format: 1, atSeq: 2 }],
    ['has its seq in __proto__', { ...JSON.parse('{"__proto__": {"atSeq": 2}}'), format: 1, state: 1 }],
    ['is null', null],
    ['is text', 'text'],
    ['is an array', [1, 2]],
    ['has a fraction for a seq', snapshotRecord(1.5)],
    ['has text for a seq', snapshotRecord('2')],
    ['has no end for a seq', snapshotRecord(Number.POSITIVE_INFINITY)],
    ['has a seq that is not safe', snapshotRecord(2 ** 53)],
    ['has a negative seq', snapshotRecord(-1)],
  ] as const
).map(([what, value, code]) => [what, 'a', value, code ?? 'unreadable']);

export const recordCases: readonly FaultCase[] = [
  ...damages.flatMap(([what, key, value, code = 'unreadable']) =>
    ([withLog, (factory: FaultyFactory) => withLog(factory).then(withoutSnapshot)] as const).map(
      (begin, index) =>
        faultCase(
          `a batch ${what}, ${index === 0 ? 'after a snapshot' : 'without a snapshot'}: ${code}, never a state`,
          async (factory) => {
            const stores = await begin(factory);
            await plant(factory, 'events', key, value);
            await assertNoState(stores, code);
            assertEqual((await stores.events.scan('a', 1, 2)).events.length, 2, 'the events before it');
            await stores.events.delete('a');
            assertEqual((await stores.events.append('a', ['new'])).seq, 1, 'the head after it was deleted');
          },
        ),
    ),
  ),

  ...brokenSnapshots.map(([what, key, value, code = 'unreadable']) =>
    faultCase(`a snapshot ${what}: ${code}, and the run is recovered from the log`, async (factory) => {
      const stores = await withLog(factory);
      await plant(factory, 'snapshots', key, value);
      const loading = () => stores.snapshots.loadLatest('a');
      const { runId } = await assertRejects(loading, { name: 'SnapshotStoreError', code });
      assertEqual(runId, 'a', 'the run of the error');
      const { state, seq, ignoredSnapshot } = await recover({ ...runOf(stores), runId: 'a' });
      assertEqual([state, seq, ignoredSnapshot?.reason], [fold([1, 2, 3, 4]), 4, code], 'the recovery');
      const run = await openRun({ ...runOf(stores), runId: 'a', ifOwned: 'fail' });
      await run.append(5);
      await run.close();
      const snapshot = await stores.snapshots.loadLatest('a');
      const { logId } = await stores.events.head('a');
      assertEqual(snapshot, { runId: 'a', atSeq: 5, logId, state: fold([1, 2, 3, 4, 5]) }, 'the snapshot');
      const connection = await settled(factory.otherPage().open('rewake'));
      const left = connection.transaction('snapshots').objectStore('snapshots').count();
      assertEqual(await settled(left), 1, 'the records');
      connection.close();
    }),
  ),

  faultCase('a batch is missing right after the snapshot: unreadable, never a state', async (factory) => {
    const stores = await withLog(factory);
    await stores.events.append('a', [5]);
    await remove(factory, 'events', ['a', 4]);
    await assertNoState(stores, 'unreadable');
  }),

  faultCase('the batch that holds the snapshot is missing: unreadable, never a state', async (factory) => {
    const stores = await withLog(factory);
    await remove(factory, 'events', ['a', 2]);
    await assertNoState(stores, 'unreadable');
  }),

  faultCase(
    'the last batch is missing: the state is that of the log, and a snapshot ahead is ignored',
    async (factory) => {
      const stores = await withLog(factory);
      await stores.snapshots.save({ runId: 'a', atSeq: 4, state: fold([1, 2, 3, 4]) });
      await remove(factory, 'events', ['a', 4]);
      const { state, seq, ignoredSnapshot } = await recover({ ...runOf(stores), runId: 'a' });
      assertEqual([state, seq, ignoredSnapshot?.reason], [fold([1, 2]), 2, 'ahead-of-log'], 'the recovery');
    },
  ),

  faultCase('a snapshot is lost, but not its guard: the run is recovered from the log', async (factory) => {
    const stores = await withLog(factory);
    await remove(factory, 'snapshots', 'a');
    const { state, ignoredSnapshot } = await recover({ ...runOf(stores), runId: 'a' });
    assertEqual([state, ignoredSnapshot], [fold([1, 2, 3, 4]), undefined], 'the recovery');
    const stale = () => stores.snapshots.save({ runId: 'a', atSeq: 1, state: fold([1]) });
    await assertRejects(stale, { name: 'SnapshotStoreError', code: 'conflict' });
    assertEqual(await stores.snapshots.runIds(), [], 'the runs with a snapshot');
    await stores.snapshots.save({ runId: 'a', atSeq: 4, state });
    assertEqual(await stores.snapshots.loadLatest('a'), { runId: 'a', atSeq: 4, state }, 'the snapshot');
  }),

  faultCase('keys of somebody else are no runs, and no run has anything of them', async (factory) => {
    const stores = await withLog(factory);
    const keys = [7, [], ['a'], [7, 1], [['a', 1], 1], new Date(1), new Uint8Array([1])];
    for (const key of [...keys, 'a']) await plant(factory, 'events', key, record('theirs'));
    for (const key of [...keys, ['a', 1]]) await plant(factory, 'snapshots', key, record('theirs'));
    assertEqual(await stores.snapshots.runIds(), ['a'], 'the runs with a snapshot');
    assertEqual(await stores.events.runIds(), ['a'], 'the runs with events');
    const { state, seq } = await recover({ ...runOf(stores), runId: 'a' });
    assertEqual([state, seq], [fold([1, 2, 3, 4]), 4], 'the recovery');
  }),
];
