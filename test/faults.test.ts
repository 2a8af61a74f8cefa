import {
  type EventStore,
  IndexedDbEventStore,
  IndexedDbSnapshotStore,
  KernelError,
  openStores,
  type SnapshotStore,
} from 'rewake';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FaultyFactory, fire, openRequest, settled } from './faulty-factory.ts';

// What a real IndexedDB does only now and then, injected: each fault ends in its documented code, leaves
// nothing half written, and the next call works where it can.

let factory: FaultyFactory;
let snapshots: SnapshotStore<unknown>;
let events: EventStore<unknown>;

beforeEach(() => {
  factory = new FaultyFactory();
  snapshots = new IndexedDbSnapshotStore({ indexedDB: factory });
  events = new IndexedDbEventStore({ indexedDB: factory });
});

afterEach(() => {
  vi.useRealTimers();
});

const snapshot = (atSeq: number) => ({ runId: 'a', atSeq, state: { atSeq } });

/** The codes that a save and an append reject with. */
async function codes(): Promise<unknown[]> {
  const outcomes = await Promise.allSettled([snapshots.save(snapshot(9)), events.append('a', ['new'])]);
  return outcomes.map((outcome) => {
    if (outcome.status === 'fulfilled') return 'fulfilled';
    expect(outcome.reason).toBeInstanceOf(KernelError);
    expect(outcome.reason.runId).toBe('a');
    return outcome.reason.code;
  });
}

/** There is a snapshot at 1 and the events one and two, and nothing else. */
async function writeSomething(): Promise<void> {
  await snapshots.save(snapshot(1));
  await events.append('a', ['one', 'two']);
}

async function expectNothingElse(): Promise<void> {
  expect(await snapshots.loadLatest('a')).toEqual(snapshot(1));
  expect((await events.scan('a', 1)).map(({ event }) => event)).toEqual(['one', 'two']);
}

async function expectToWork(): Promise<void> {
  await snapshots.save(snapshot(10));
  const head = await events.append('a', ['later']);
  expect(await snapshots.loadLatest('a')).toEqual(snapshot(10));
  expect(await events.scan('a', head)).toEqual([{ seq: head, event: 'later' }]);
}

describe('opening', () => {
  test.each([
    ['UnknownError', 'unavailable'],
    ['SecurityError', 'unavailable'],
    ['InvalidStateError', 'unavailable'],
    ['QuotaExceededError', 'quota'],
    ['AbortError', 'connection-lost'],
    ['VersionError', 'newer-version'],
  ])('open fails with %s: %s, and the next call opens again', async (name, code) => {
    factory.instead = () => openRequest(name);
    expect(await codes()).toEqual([code, code]);
    factory.instead = undefined;
    await expectToWork();
  });

  test('open throws: unavailable, and the next call opens again', async () => {
    factory.instead = () => {
      throw new DOMException('injected', 'SecurityError');
    };
    expect(await codes()).toEqual(['unavailable', 'unavailable']);
    factory.instead = undefined;
    await expectToWork();
  });

  test('open never settles: timeout, and the next call opens again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    factory.instead = () => openRequest();
    const rejected = codes();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await rejected).toEqual(['timeout', 'timeout']);
    factory.instead = undefined;
    await expectToWork();
  });

  test('open settles too late: its connection is used by the next call', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const late = openRequest();
    factory.instead = () => late;
    const rejected = codes();
    await vi.advanceTimersByTimeAsync(10_000);
    await rejected;
    factory.instead = undefined;
    await expectToWork();
    const [used] = factory.connections;
    const connection = await settled(factory.open('rewake', 1));
    Object.assign(late, { readyState: 'done', result: connection });
    fire(late, 'success');
    await events.head('a');
    // There was one already, so that this one is closed.
    expect(() => connection.transaction('events')).toThrow(
      expect.objectContaining({ name: 'InvalidStateError' }),
    );
    expect(used?.transaction('events')).toBeDefined();
  });

  test('open is blocked by another tab: blocked', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    factory.instead = () => {
      const request = openRequest();
      setImmediate(() => fire(request, 'blocked'));
      return request;
    };
    const rejected = codes();
    await new Promise(setImmediate);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await rejected).toEqual(['blocked', 'blocked']);
  });

  test('a database of a newer version: newer-version, and it is left as it is', async () => {
    const newer = await settled(factory.open('rewake', 2));
    newer.close();
    expect(await codes()).toEqual(['newer-version', 'newer-version']);
    await expect(openStores({ indexedDB: factory })).rejects.toMatchObject({ code: 'newer-version' });
    expect(await factory.databases()).toEqual([{ name: 'rewake', version: 2 }]);
  });

  test('a database of somebody else: unreadable, and it is left as it is', async () => {
    const request = factory.open('rewake', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('theirs');
    (await settled(request)).close();
    expect(await codes()).toEqual(['unreadable', 'unreadable']);
    expect([...(await settled(factory.open('rewake'))).objectStoreNames]).toEqual(['theirs']);
  });
});

describe('the indexedDB of the platform', () => {
  const platform = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB');

  afterEach(() => {
    Object.defineProperty(globalThis, 'indexedDB', platform ?? {});
  });

  test.each([
    ['missing', { value: undefined }],
    [
      'forbidden',
      {
        get() {
          throw new DOMException('injected', 'SecurityError');
        },
      },
    ],
  ])('%s: unavailable, and openStores falls back to memory', async (_, property) => {
    Object.defineProperty(globalThis, 'indexedDB', { configurable: true, ...property });
    const options = { databaseName: crypto.randomUUID() };
    snapshots = new IndexedDbSnapshotStore(options);
    events = new IndexedDbEventStore(options);
    expect(await codes()).toEqual(['unavailable', 'unavailable']);
    const stores = await openStores<unknown, unknown>(options);
    expect(stores).toMatchObject({ backend: 'memory', reason: { code: 'unavailable', name: 'KernelError' } });
    ({ snapshots, events } = stores);
    await expectToWork();
  });
});

describe('a transaction', () => {
  beforeEach(writeSomething);

  /** As soon as the transaction has put something, it fails. */
  function afterPut(fail: (transaction: IDBTransaction) => void): void {
    factory.onTransaction = (transaction) => {
      const store = transaction.objectStore(transaction.objectStoreNames[0] ?? '');
      const put = store.put.bind(store);
      store.put = (...args) => {
        const request = put(...args);
        fail(Object.assign(transaction, { request }));
        return request;
      };
    };
  }

  const privateAbort = (transaction: IDBTransaction, error: string | null) =>
    Reflect.apply(Reflect.get(transaction, '_abort'), transaction, [error]);

  afterEach(async () => {
    factory.onTransaction = undefined;
    await expectNothingElse();
    await expectToWork();
  });

  test('aborts with an error after its request succeeded: the code of that error', async () => {
    afterPut((transaction) => {
      const request = Reflect.get(transaction, 'request') as IDBRequest;
      request.addEventListener('success', () => privateAbort(transaction, 'QuotaExceededError'));
    });
    expect(await codes()).toEqual(['quota', 'quota']);
  });

  test('aborts with a null error after its request succeeded: connection-lost', async () => {
    afterPut((transaction) => {
      const request = Reflect.get(transaction, 'request') as IDBRequest;
      request.addEventListener('success', () => privateAbort(transaction, null));
    });
    expect(await codes()).toEqual(['connection-lost', 'connection-lost']);
  });

  test.each([
    ['QuotaExceededError', 'quota'],
    [null, 'connection-lost'],
  ])('aborts with no event on any request, error %s: %s', async (error, code) => {
    afterPut((transaction) => {
      setImmediate(() => {
        Reflect.set(transaction, '_requests', []);
        privateAbort(transaction, error);
      });
    });
    expect(await codes()).toEqual([code, code]);
  });

  test.each([
    ['QuotaExceededError', 'quota'],
    ['UnknownError', 'unknown'],
    ['DataError', 'unknown'],
  ])('has a request that fails with %s: %s', async (name, code) => {
    factory.onTransaction = (transaction) => {
      const store = transaction.objectStore(transaction.objectStoreNames[0] ?? '');
      store.put = () => {
        const operation = () => {
          throw new DOMException('injected', name);
        };
        return Reflect.apply(Reflect.get(transaction, '_execRequestAsync'), transaction, [
          { source: store, operation },
        ]);
      };
    };
    expect(await codes()).toEqual([code, code]);
  });

  test('has a put that throws something else than that it cannot clone: that error, and no commit', async () => {
    factory.onTransaction = (transaction) => {
      transaction.objectStore(transaction.objectStoreNames[0] ?? '').put = () => {
        throw new DOMException('injected', 'UnknownError');
      };
    };
    expect(await codes()).toEqual(['unknown', 'unknown']);
  });

  test('fails to clear away the earlier snapshot: both records are as they were', async () => {
    factory.onTransaction = (transaction) => {
      transaction.objectStore(transaction.objectStoreNames[0] ?? '').delete = () => {
        throw new DOMException('injected', 'UnknownError');
      };
    };
    await expect(snapshots.save(snapshot(9))).rejects.toMatchObject({ code: 'unknown', operation: 'save' });
  });

  test('cannot read a value: unreadable for the snapshot', async () => {
    factory.onTransaction = (transaction) => {
      const store = transaction.objectStore(transaction.objectStoreNames[0] ?? '');
      store.openCursor = () =>
        Reflect.apply(Reflect.get(transaction, '_execRequestAsync'), transaction, [
          {
            source: store,
            operation: () => {
              throw new DOMException('Failed to read large IndexedDB value', 'UnknownError');
            },
          },
        ]);
    };
    await expect(snapshots.loadLatest('a')).rejects.toMatchObject({
      code: 'unreadable',
      operation: 'loadLatest',
    });
  });
});

describe('the connection', () => {
  beforeEach(writeSomething);

  test('is one for both stores', () => {
    expect(factory.connections).toHaveLength(1);
  });

  test('turns out to be closing when a transaction starts: it is opened again, once, and nobody notices', async () => {
    factory.connections[0]?.close();
    const state = { captured: 'at the call' };
    const save = snapshots.save({ runId: 'a', atSeq: 2, state });
    state.captured = 'later';
    await save;
    expect(await events.append('a', ['three'])).toBe(3);
    expect((await snapshots.loadLatest('a'))?.state).toEqual({ captured: 'at the call' });
    expect(factory.connections).toHaveLength(2);
  });

  test('is closing as soon as it is open: it is opened once more', async () => {
    factory.connections[0]?.close();
    let closing = 2;
    factory.beforeTransaction = (connection) => {
      if (closing-- > 0) connection.close();
    };
    expect(await events.append('a', ['three'])).toBe(3);
    expect(factory.connections).toHaveLength(3);
  });

  test('is forgotten when the browser closes it: nothing is tried on it any more', async () => {
    const [lost] = factory.connections;
    factory.dropConnections();
    const tried: IDBDatabase[] = [];
    factory.beforeTransaction = (connection) => tried.push(connection);
    expect(await events.append('a', ['three'])).toBe(3);
    expect(tried).not.toContain(lost);
  });

  test('is always closing when a transaction starts: connection-lost', async () => {
    factory.beforeTransaction = (connection) => connection.close();
    expect(await codes()).toEqual(['connection-lost', 'connection-lost']);
    factory.beforeTransaction = undefined;
    await expectNothingElse();
    await expectToWork();
  });

  test('is lost in the middle of a write: connection-lost, nothing half written, opened again', async () => {
    const rejected = codes();
    factory.dropConnections();
    expect(await rejected).toEqual(['connection-lost', 'connection-lost']);
    await expectNothingElse();
    await expectToWork();
    expect(factory.connections).toHaveLength(1);
  });

  test('closes when the database is deleted underneath, and opens an empty one', async () => {
    await settled(factory.deleteDatabase('rewake'));
    expect(await events.head('a')).toBe(0);
    await expect(events.append('a', ['three'], { expectedHead: 2 })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await snapshots.loadLatest('a')).toBeUndefined();
    await expectToWork();
  });

  test('closes when a newer release upgrades the database from another tab: newer-version', async () => {
    const page = factory.otherPage();
    const newer = await settled(page.open('rewake', 2));
    expect(await codes()).toEqual(['newer-version', 'newer-version']);
    newer.close();
  });
});
