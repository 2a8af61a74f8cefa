import { readdirSync, readFileSync } from 'node:fs';
import { IndexedDbEventStore, IndexedDbSnapshotStore, KernelError, openStores } from 'rewake';
import { beforeEach, describe, expect, test } from 'vitest';
import { plant, remove } from './fault-cases/scene.ts';
import { FaultyFactory, type StoreName, settled } from './faulty-factory.ts';

// What only this backend has: records, transactions and connections. Damaged records are among the fault cases.

let factory: FaultyFactory;

beforeEach(() => {
  factory = new FaultyFactory();
});

async function records(name: StoreName): Promise<[IDBValidKey, unknown][]> {
  const connection = await settled(factory.otherPage().open('rewake'));
  const store = connection.transaction(name).objectStore(name);
  const [keys, values] = await Promise.all([settled(store.getAllKeys()), settled(store.getAll())]);
  connection.close();
  return keys.map((key, index) => [key, values[index]]);
}

const writes = () => factory.transactions.filter(({ mode }) => mode === 'readwrite');

test('two batches of one writer are not the one batch that it repeats', async () => {
  const { events } = await openStores<unknown, unknown>({ indexedDB: factory });
  await events.append('a', [1], { expectedHead: 0, writer: 'w' });
  await events.append('a', [2], { expectedHead: 1, writer: 'w' });
  const both = events.append('a', [1, 2], { expectedHead: 0, writer: 'w' });
  await expect(both).rejects.toMatchObject({ code: 'conflict', expected: 0, actual: 2 });
  expect((await events.append('a', [2], { expectedHead: 1, writer: 'w' })).seq).toBe(2);
});

describe('the layout', () => {
  test('there is one record per run in snapshots, its seq in guards, and one record per committed batch in events, with the identity of the log', async () => {
    const { snapshots, events } = await openStores<unknown, unknown>({ indexedDB: factory });
    for (const atSeq of [1, 2, 3]) {
      await snapshots.save({ runId: 'a', atSeq, state: { atSeq } });
      await snapshots.save({ runId: 'b', atSeq: atSeq * 10, state: { atSeq } });
    }
    await events.append('a', ['one', 'two']);
    const { logId } = await events.append('a', ['three']);
    expect(await records('snapshots')).toEqual([
      ['a', { format: 1, atSeq: 3, state: { atSeq: 3 } }],
      ['b', { format: 1, atSeq: 30, state: { atSeq: 3 } }],
    ]);
    expect(await records('guards')).toEqual([
      ['a', 3],
      ['b', 30],
    ]);
    expect(await records('events')).toEqual([
      [['a', 2], { format: 1, events: ['one', 'two'] }],
      [['a', 3], { format: 1, events: ['three'] }],
      [['a', [logId]], logId],
    ]);
    for (const runId of ['a', 'b']) await Promise.all([events.delete(runId), snapshots.delete(runId)]);
    for (const name of ['snapshots', 'guards', 'events'] as const) expect(await records(name)).toEqual([]);
  });

  test('every transaction names all object stores, so that no two that write are open at once', async () => {
    const stores = await openStores<unknown, unknown>({ indexedDB: factory });
    const { snapshots, events } = stores;
    const { logId } = await events.append('a', [1]);
    await Promise.all([
      events.append('a', [2], { expectedHead: 1, logId, writer: 'w' }),
      events.append('a', [2], { expectedHead: 1, logId, writer: 'w' }),
      snapshots.save({ runId: 'a', atSeq: 1, logId, state: 1 }),
      snapshots.save({ runId: 'b', atSeq: 1, state: 1 }),
      events.append('b', [1]),
      events.scan('a', 1),
      events.head('a'),
      snapshots.loadLatest('a'),
      events.delete('b'),
      snapshots.delete('b'),
      events.runIds(),
      snapshots.runIds(),
    ]);
    expect(factory.transactions.length).toBeGreaterThan(10);
    for (const { objectStoreNames } of factory.transactions)
      expect([...objectStoreNames]).toEqual(['events', 'guards', 'snapshots']);
  });

  test('the name of the database that renews the log is refused', async () => {
    const options = { indexedDB: factory, databaseName: 'rewake-log' };
    const refused = { code: 'invalid-argument', name: 'KernelError' };
    await expect(openStores(options)).rejects.toMatchObject(refused);
    expect(() => new IndexedDbEventStore(options)).toThrow(KernelError);
    expect(await factory.databases()).toEqual([]);
  });

  test('nothing but Database starts transactions', () => {
    const sources = readdirSync('src', { encoding: 'utf8', recursive: true }).filter((name) =>
      name.endsWith('.ts'),
    );
    const starting = sources.filter((name) => /\.transaction\(/.test(readFileSync(`src/${name}`, 'utf8')));
    expect(starting.map((name) => name.replaceAll('\\', '/'))).toEqual(['backends/indexeddb/database.ts']);
  });

  test('the stores of one database share one connection; other databases have their own', async () => {
    const options = { indexedDB: factory };
    await new IndexedDbSnapshotStore(options).runIds();
    await new IndexedDbEventStore(options).runIds();
    await openStores({ ...options, databaseName: 'rewake' });
    expect(factory.connections).toHaveLength(1);
    await new IndexedDbEventStore({ ...options, databaseName: 'other' }).runIds();
    expect(factory.connections.map(({ name }) => name)).toEqual(['rewake', 'other']);
  });

  test('nothing is opened before the first call', () => {
    new IndexedDbSnapshotStore({ indexedDB: factory });
    new IndexedDbEventStore({ indexedDB: factory });
    expect(factory.connections).toHaveLength(0);
  });

  test.each([
    [undefined, 'relaxed', 'strict'],
    ['strict', 'strict', 'strict'],
    ['relaxed', 'relaxed', 'relaxed'],
  ] as const)('durability %s: snapshots %s, events %s', async (durability, ofSnapshots, ofEvents) => {
    const { snapshots, events } = await openStores({ indexedDB: factory, ...(durability && { durability }) });
    await snapshots.save({ runId: 'a', atSeq: 1, state: 1 });
    await snapshots.delete('a');
    await events.append('a', [1]);
    await events.delete('a');
    expect(writes().map(({ durability }) => durability)).toEqual([
      ofSnapshots,
      ofSnapshots,
      ofEvents,
      ofEvents,
    ]);
  });
});

describe('group commit', () => {
  test('appends that wait for a commit share the next one, and its record', async () => {
    const events = new IndexedDbEventStore<number>({ indexedDB: factory });
    await events.append('a', [0]);
    const numbers = Array.from({ length: 100 }, (_, index) => index + 1);
    const [head] = await Promise.all(numbers.map((number) => events.append('a', [number])));
    expect(await records('events')).toEqual([
      [['a', 1], { format: 1, events: [0] }],
      [['a', 2], { format: 1, events: [1] }],
      [['a', 101], { format: 1, events: numbers.slice(1) }],
      [['a', [head?.logId]], head?.logId],
    ]);
    expect(writes()).toHaveLength(3);
  });

  test('of the saves of a run that wait, only the last is written', async () => {
    const snapshots = new IndexedDbSnapshotStore<number>({ indexedDB: factory });
    await snapshots.save({ runId: 'a', atSeq: 0, state: 0 });
    const saves = Array.from({ length: 100 }, (_, atSeq) =>
      snapshots.save({ runId: 'a', atSeq, state: atSeq }),
    );
    const put: unknown[] = [];
    factory.onTransaction = (transaction) => {
      const store = transaction.objectStore('snapshots');
      const original = store.put.bind(store);
      store.put = (value, key) => {
        put.push(key);
        return original(value, key);
      };
    };
    await Promise.all(saves);
    expect(put).toEqual(['a']);
    expect(await snapshots.loadLatest('a')).toMatchObject({ atSeq: 99, state: 99 });
    expect(writes()).toHaveLength(3);
  });

  test('a commit that fails fails its group, and the next one goes on', async () => {
    const events = new IndexedDbEventStore<string>({ indexedDB: factory });
    await events.append('a', ['one']);
    const lost = events.append('a', ['lost']);
    factory.dropConnections();
    const next = [events.append('a', ['two']), events.append('a', ['three'])];
    await expect(lost).rejects.toMatchObject({ code: 'connection-lost', operation: 'append', runId: 'a' });
    expect((await Promise.all(next)).map(({ seq }) => seq)).toEqual([2, 3]);
  });

  test('a write that was awaited never waits: the next state is put at the call, not copied first', async () => {
    const snapshots = new IndexedDbSnapshotStore({ indexedDB: factory });
    await snapshots.save({ runId: 'a', atSeq: 1, state: 1 });
    const before = writes().length;
    const save = snapshots.save({ runId: 'a', atSeq: 2, state: 2 });
    expect(writes()).toHaveLength(before + 1);
    await save;
  });
});

describe('immutable: true', () => {
  test('a state that waits is not copied, and is put as it is then', async () => {
    const snapshots = new IndexedDbSnapshotStore({ indexedDB: factory });
    const state = { promised: 'not to change' };
    const save = snapshots.save({ runId: 'a', atSeq: 1, state }, { immutable: true });
    state.promised = 'broken';
    await save;
    expect((await snapshots.loadLatest('a'))?.state).toEqual({ promised: 'broken' });
  });

  test('the array of events still belongs to the caller', async () => {
    const events = new IndexedDbEventStore({ indexedDB: factory });
    const batch = ['one'];
    const append = events.append('a', batch, { immutable: true });
    batch.push('two');
    expect((await append).seq).toBe(1);
  });

  test('what cannot be stored is found when it is put, named, and fails alone', async () => {
    const immutable = true;
    const { snapshots, events } = await openStores<unknown, unknown>({ indexedDB: factory });
    const outcomes = await Promise.allSettled([
      events.append('a', [1], { immutable }),
      events.append('a', [2], { immutable }),
      events.append('a', [3, { bad: () => {} }], { immutable }),
      events.append('a', [4], { expectedHead: 2, immutable }),
      snapshots.save({ runId: 'a', atSeq: 1, state: 'good' }, { immutable }),
      snapshots.save({ runId: 'a', atSeq: 2, state: 'better' }, { immutable }),
      snapshots.save({ runId: 'a', atSeq: 3, state: { bad: () => {} } }, { immutable }),
    ]);
    expect(
      outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? Object(outcome.value).seq : outcome.reason.message,
      ),
    ).toEqual([
      1,
      2,
      expect.stringContaining('events[1].bad cannot'),
      3,
      undefined,
      undefined,
      expect.stringContaining('state.bad cannot'),
    ]);
    expect((await events.scan('a', 1)).events.map(({ event }) => event)).toEqual([1, 2, 4]);
    expect((await snapshots.loadLatest('a'))?.state).toBe('better');
  });
});

describe('a snapshot record', () => {
  test.each([
    ['nothing', undefined],
    ['text', '9'],
    ['no seq', Number.NaN],
  ])('whose guard is %s: keeps nobody out, and the next save mends it', async (_, guard) => {
    const snapshots = new IndexedDbSnapshotStore({ indexedDB: factory });
    await snapshots.save({ runId: 'a', atSeq: 2, state: 2 });
    await plant(factory, 'guards', 'a', guard);
    expect(await snapshots.loadLatest('a')).toEqual({ runId: 'a', atSeq: 2, state: 2 });
    await snapshots.save({ runId: 'a', atSeq: 1, state: 1 });
    expect(await snapshots.loadLatest('a')).toEqual({ runId: 'a', atSeq: 1, state: 1 });
    expect(await records('guards')).toEqual([['a', 1]]);
  });

  test('under a key of somebody else: no run of ours', async () => {
    const snapshots = new IndexedDbSnapshotStore({ indexedDB: factory });
    await snapshots.save({ runId: 'a', atSeq: 1, state: 1 });
    for (const key of [7, [], ['a', 1]]) await plant(factory, 'snapshots', key, 'theirs');
    expect(await snapshots.runIds()).toEqual(['a']);
  });
});

describe('an event record', () => {
  test('that is the first and begins before event 1: never a wrong log', async () => {
    const events = new IndexedDbEventStore({ indexedDB: factory });
    await events.append('a', [1, 2, 3]);
    await plant(factory, 'events', ['b', 2], { format: 1, events: [-1, 0, 1, 2] });
    const refused = { code: 'unreadable', name: 'EventStoreError', runId: 'b' };
    await expect(events.scan('b', 1)).rejects.toMatchObject(refused);
    expect((await events.scan('a', 1)).events).toHaveLength(3);
  });

  test('that is missing in the middle: unreadable, naming the seq', async () => {
    const events = new IndexedDbEventStore({ indexedDB: factory });
    for (const event of [1, 2, 3]) await events.append('a', [event]);
    await remove(factory, 'events', ['a', 2]);
    await expect(events.scan('a', 1)).rejects.toThrow('seq 2');
    await expect(events.scan('a', 2)).rejects.toThrow('seq 2');
    // Nor is what comes after it, whose numbers nobody can be sure of any more.
    await expect(events.scan('a', 3)).rejects.toThrow('seq 2');
  });

  test('under a key of somebody else: no run of ours', async () => {
    const events = new IndexedDbEventStore({ indexedDB: factory });
    await events.append('a', [1]);
    await events.append('b', [1]);
    for (const key of [7, 'a', [], [7, 1]]) await plant(factory, 'events', key, 'theirs');
    expect(await events.runIds()).toEqual(['a', 'b']);
  });
});

describe('a batch of 25,000 events', () => {
  const batch = Array.from({ length: 25_000 }, (_, index) => index);

  test('is in several records, of one transaction, and read as one', async () => {
    const events = new IndexedDbEventStore<number>({ indexedDB: factory });
    expect((await events.append('a', [-1])).seq).toBe(1);
    const { seq, logId } = await events.append('a', batch);
    expect(seq).toBe(25_001);
    expect(factory.transactions).toHaveLength(2);
    expect((await records('events')).map(([key]) => key)).toEqual(
      [1, 10_001, 20_001, 25_001, [logId]].map((seq) => ['a', seq]),
    );
    expect((await events.scan('a', 2)).events.map(({ event }) => event)).toEqual(batch);
    expect((await events.scan('a', 20_001, 2)).events).toMatchObject([
      { seq: 20_001, event: 19_999 },
      { seq: 20_002, event: 20_000 },
    ]);
  });

  test('that names its writer lands once', async () => {
    const events = new IndexedDbEventStore<number>({ indexedDB: factory });
    const options = { expectedHead: 0, writer: 'me' };
    for (const _ of [1, 2]) expect((await events.append('a', batch, options)).seq).toBe(25_000);
    await expect(events.append('a', batch.slice(1), options)).rejects.toMatchObject({ code: 'conflict' });
  });

  test.each([{}, { expectedHead: 0 }])(
    'whose last event cannot be stored leaves nothing: %j',
    async (options) => {
      const events = new IndexedDbEventStore<unknown>({ indexedDB: factory });
      const bad = [...batch, () => {}];
      const refused = events.append('a', bad, options);
      const next = events.append('a', ['next']);
      await expect(refused).rejects.toMatchObject({
        code: 'not-cloneable',
        message: expect.stringContaining('events[25000]'),
      });
      expect((await next).seq).toBe(1);
      expect((await events.scan('a', 1)).events).toMatchObject([{ seq: 1, event: 'next' }]);
    },
  );
});

test('runs are listed with few keys read at once, however many and however long they are', async () => {
  const events = new IndexedDbEventStore<number>({ indexedDB: factory });
  const names = Array.from({ length: 250 }, (_, index) => `run ${String(index).padStart(3, '0')}`);
  await Promise.all(names.map((name) => events.append(name, [1])));
  for (let batch = 0; batch < 120; batch++) await events.append('run 100', [1]);
  const counts: unknown[] = [];
  factory.onTransaction = (transaction) => {
    const store = transaction.objectStore('events');
    const { getAllKeys } = store;
    Object.defineProperty(store, 'getAllKeys', {
      value: (...args: [IDBKeyRange, number]) => {
        counts.push(args[1]);
        return getAllKeys.apply(store, args);
      },
    });
  };
  expect(await events.runIds()).toEqual(names);
  // Each short run has a record, and the identity of its log.
  expect(counts).toEqual([100, 100, 100, 100, 100, 100]);
});

test('scan with a limit reads only the records that it needs', async () => {
  const events = new IndexedDbEventStore<number>({ indexedDB: factory });
  for (let batch = 0; batch < 10; batch++) await events.append('a', [1, 2, 3]);
  let read = 0;
  factory.onTransaction = (transaction) => {
    const store = transaction.objectStore('events');
    const getAll = store.getAll.bind(store);
    store.getAll = (...args) => {
      const request = getAll(...args);
      request.addEventListener('success', () => {
        read += request.result.length;
      });
      return request;
    };
    const get = store.get.bind(store);
    store.get = (key) => {
      read++;
      return get(key);
    };
  };
  // From the third event on: one of the first record, then three of each.
  for (const [limit, needed] of [
    [1, 1],
    [2, 2],
    [4, 2],
    [5, 3],
    [7, 3],
  ] as const) {
    read = 0;
    expect((await events.scan('a', 3, limit)).events).toHaveLength(limit);
    expect(read).toBe(needed);
  }
});
