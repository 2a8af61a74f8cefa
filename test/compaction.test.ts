import { IndexedDbEventStore, IndexedDbSnapshotStore } from 'rewake';
import { beforeEach, describe, expect, test } from 'vitest';
import { plant } from './fault-cases/scene.ts';
import { FaultyFactory, settled } from './faulty-factory.ts';
import { hasHistory, olderRelease } from './older-release.ts';

// What only IndexedDB has of a compaction, and of a log that begins with a base: records, transactions, crashes midway, and older releases that find a base.

let factory: FaultyFactory;

beforeEach(() => {
  factory = new FaultyFactory();
});

const open = (indexedDB: IDBFactory = factory.otherPage()) => ({
  snapshots: new IndexedDbSnapshotStore<string>({ indexedDB }),
  events: new IndexedDbEventStore<number>({ indexedDB }),
});

/** What is stored of the logs, by whichever page. */
async function records(): Promise<[IDBValidKey, unknown][]> {
  const connection = await settled(factory.otherPage().open('rewake'));
  const store = connection.transaction('events').objectStore('events');
  const [keys, values] = await Promise.all([settled(store.getAllKeys()), settled(store.getAll())]);
  connection.close();
  return keys.map((key, index) => [key, values[index]]);
}

/** A log of 1, 2 | 3, 4, 5 | 6, the second batch of another version and with a writer. */
async function begin(): Promise<string | null> {
  const { events } = open();
  await events.append('a', [1, 2]);
  await events.append('a', [3, 4, 5], { expectedHead: 2, writer: 'w', version: 2 });
  return (await events.append('a', [6], { version: 2 })).logId;
}

const before = (logId: string | null) => [
  [['a', 2], { format: 1, events: [1, 2] }],
  [['a', 5], { format: 1, events: [3, 4, 5], writer: 'w', version: 2 }],
  [['a', 6], { format: 1, events: [6], version: 2 }],
  [['a', [logId]], logId],
];
const after = (logId: string | null) => [
  [['a', 3], { format: 2, base: 'three', version: 2 }],
  [['a', 5], { format: 1, events: [4, 5], version: 2 }],
  [['a', 6], { format: 1, events: [6], version: 2 }],
  [['a', [logId]], logId],
];
const baseAt = (atSeq: number, logId: string | null) => ({ atSeq, logId, version: 2, state: 'three' });

test('a base is a record of format 2 under the seq of its last event; the rest of a batch stays under its key', async () => {
  const logId = await begin();
  expect(await records()).toEqual(before(logId));
  await open().events.compact('a', baseAt(3, logId));
  expect(await records()).toEqual(after(logId));
});

test.each(['strict', 'relaxed'] as const)(
  'a compaction is one strict transaction on all object stores, whatever durability the store has: %s',
  async (durability) => {
    const logId = await begin();
    const events = new IndexedDbEventStore({ indexedDB: factory, durability });
    await events.head('a');
    factory.transactions.length = 0;
    await events.compact('a', baseAt(3, logId));
    expect(factory.transactions.map(({ mode, durability }) => [mode, durability])).toEqual([
      ['readwrite', 'strict'],
    ]);
    expect([...(factory.transactions[0]?.objectStoreNames ?? [])].sort()).toEqual([
      'events',
      'guards',
      'snapshots',
    ]);
  },
);

test('a log that begins with a base is that record and the identity, in one strict transaction', async () => {
  const events = new IndexedDbEventStore({ indexedDB: factory, durability: 'relaxed' });
  await events.head('a');
  factory.transactions.length = 0;
  const { logId } = await events.begin('a', { atSeq: 3, version: 2, state: 'three' });
  expect(factory.transactions.map(({ mode, durability }) => [mode, durability])).toEqual([
    ['readwrite', 'strict'],
  ]);
  const base = { format: 2, base: 'three', version: 2 };
  expect(await records()).toEqual([
    [['a', 3], base],
    [['a', [logId]], logId],
  ]);
  await events.append('a', [4]);
  await events.begin('a', { atSeq: 6, version: 2, state: 'three' }, { seq: 4, logId });
  expect(await records()).toEqual([
    [['a', 6], base],
    [['a', [logId]], logId],
  ]);
});

test('a log without an identity, as 0.1 left it, gets one when it begins with a base; so does one that 0.1 deleted', async () => {
  await open().events.head('a');
  await plant(factory, 'events', ['a', 2], { format: 1, events: [1, 2] });
  await plant(factory, 'snapshots', 'a', { format: 1, atSeq: 1, state: 'one' });
  const { events, snapshots } = open();
  expect(await events.head('a')).toEqual({ seq: 2, logId: null });
  const { logId } = await events.begin(
    'a',
    { atSeq: 3, version: 1, state: 'three' },
    { seq: 2, logId: null },
  );
  expect(await events.head('a')).toEqual({ seq: 3, logId });
  expect(logId).toMatch(/./);
  expect((await snapshots.loadLatest('a'))?.logId).toBe(logId);

  await plant(factory, 'events', ['b', ['left behind']], 'left behind');
  const head = await events.begin('b', { atSeq: 1, version: 1, state: 'one' });
  expect(head.logId).not.toBe('left behind');
  expect(await events.head('b')).toEqual(head);
  expect((await records()).map(([key]) => key)).toContainEqual(['b', [head.logId]]);
  expect((await records()).map(([key]) => key)).not.toContainEqual(['b', ['left behind']]);
});

test('a connection that is lost while a log begins with a base leaves none or all of it', async () => {
  let lost = 0;
  for (let answers = 1; ; answers++) {
    factory = new FaultyFactory();
    const { events } = open(factory);
    await events.head('a');
    let heard = 0;
    factory.onTransaction = (transaction) => {
      const drop = () => ++heard === answers && factory.dropConnections();
      transaction.addEventListener('success', drop, { capture: true });
    };
    const isLost = await events.begin('a', { atSeq: 3, version: 2, state: 'three' }).then(
      () => false,
      (error) => error.code === 'connection-lost',
    );
    factory.onTransaction = undefined;
    expect(await open().events.head('a')).toMatchObject({ seq: isLost ? 0 : 3 });
    expect(await records()).toHaveLength(isLost ? 0 : 2);
    if (!isLost) break;
    lost++;
  }
  // The reads, and the deletions and the records.
  expect(lost).toBeGreaterThan(5);
});

test('a connection that is lost after any of the answers leaves the old log or the new one', async () => {
  let lost = 0;
  for (let answers = 1; ; answers++) {
    factory = new FaultyFactory();
    const logId = await begin();
    const { events } = open(factory);
    await events.head('a');
    let heard = 0;
    factory.onTransaction = (transaction) => {
      const drop = () => ++heard === answers && factory.dropConnections();
      transaction.addEventListener('success', drop, { capture: true });
    };
    const compaction = events.compact('a', baseAt(3, logId));
    const isLost = await compaction.then(
      () => false,
      (error) => error.code === 'connection-lost',
    );
    factory.onTransaction = undefined;
    expect(await records()).toEqual(isLost ? before(logId) : after(logId));
    // Repeated, it is done.
    await events.compact('a', baseAt(3, logId));
    expect(await records()).toEqual(after(logId));
    if (!isLost) break;
    lost++;
  }
  // The reads, and the deletion and the two records.
  expect(lost).toBeGreaterThan(7);
});

test('a compaction waits for what is committed before it, and does not begin a database that was deleted', async () => {
  const logId = await begin();
  const { events } = open(factory);
  const appending = events.append('a', [7]);
  const compacting = events.compact('a', baseAt(3, logId)).catch((error) => error.code);
  await settled(factory.otherPage().deleteDatabase('rewake'));
  await appending.catch(() => {});
  expect([undefined, 'connection-lost', 'conflict']).toContain(await compacting);
  expect((await events.append('a', [1])).seq).toBe(1);
  expect(await events.base('a')).toBeUndefined();
});

test.each([
  ['of a newer format', { format: 4, base: 'three', version: 1 }, 'newer-version'],
  ['without a state', { format: 2, version: 1 }, 'unreadable'],
  ['with its state in __proto__', { ...JSON.parse('{"__proto__": {"base": 1}}'), format: 2 }, 'unreadable'],
  ['with text for a version', { format: 2, base: 'three', version: '1' }, 'unreadable'],
  ['with 0 for a version', { format: 2, base: 'three', version: 0 }, 'unreadable'],
  ['that is null', null, 'unreadable'],
])('a base %s is no base', async (_, value, code) => {
  const logId = await begin();
  const { events } = open();
  await events.compact('a', baseAt(3, logId));
  await plant(factory, 'events', ['a', 3], value);
  await expect(events.base('a')).rejects.toMatchObject({ code, operation: 'base', runId: 'a' });
});

describe.skipIf(!hasHistory)('the real rewake 0.1, from the history of the repository', () => {
  /** Of its API, what is used here. */
  interface Release01 {
    openStores(options: { indexedDB: IDBFactory }): Promise<{
      events: { scan(runId: string, from: number): Promise<unknown>; head(runId: string): Promise<number> };
    }>;
    recover(options: object): Promise<unknown>;
    openRun(options: object): Promise<{ close(): Promise<void> }>;
  }

  test('refuses a log that was compacted as newer-version, and changes nothing', async () => {
    const old = await olderRelease<Release01>('0.1');
    const stores = await old.openStores({ indexedDB: factory.otherPage() });
    const definition = { reduce: (state: string, event: number) => `${state} ${event}`, initialState: '' };
    const recover = () => old.recover({ runId: 'a', ...stores, ...definition });
    const logId = await begin();
    expect(await recover()).toMatchObject({ state: ' 1 2 3 4 5 6', seq: 6 });
    for (const atSeq of [3, 6]) {
      await open().events.compact('a', baseAt(atSeq, logId));
      const stored = await records();
      for (const attempt of [
        recover,
        () => stores.events.scan('a', 1),
        () => old.openRun({ id: 'a', stores, ...definition }),
      ])
        await expect(attempt()).rejects.toMatchObject({ code: 'newer-version' });
      expect(await stores.events.head('a')).toBe(6);
      expect(await records()).toEqual(stored);
    }
  });
});
