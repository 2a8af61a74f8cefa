import { assert, assertEqual, assertRejects } from '../../src/conformance/assert.ts';
import {
  abort,
  closedMidway,
  type Failing,
  type FaultyFactory,
  injected,
  lostServer,
  objectStores,
} from './faulty-factory.ts';
import {
  assertNothingElse,
  assertRefused,
  assertWorks,
  type FaultCase,
  faultCase,
  storesOf,
  writeSomething,
} from './scene.ts';

type Made = (request: IDBRequest, transaction: IDBTransaction) => void;

/** Whenever a transaction makes such a request, this is done to it. */
function onRequest(factory: FaultyFactory, names: Failing['requests'], made: Made): void {
  factory.onTransaction = (transaction) => {
    // Otherwise it is over for the platform as soon as the last request is made.
    Object.defineProperty(transaction, 'commit', { value() {} });
    for (const store of objectStores(transaction)) {
      for (const name of names) {
        const make = store[name];
        const value = (...args: unknown[]) => {
          const request: IDBRequest = Reflect.apply(make, store, args);
          made(request, transaction);
          return request;
        };
        Object.defineProperty(store, name, { value });
      }
    }
  };
}

const abortsAfterPut = (factory: FaultyFactory, error: DOMException | null) =>
  onRequest(factory, ['put'], (put, transaction) =>
    put.addEventListener('success', () => abort(transaction, error)),
  );

/** The caller hears nothing of such requests, and the first one that succeeds is followed by the abort. */
const abortsSilently = (names: Failing['requests'], error: DOMException | null) => (factory: FaultyFactory) =>
  onRequest(factory, names, (request, transaction) => {
    Object.defineProperty(request, 'addEventListener', { value() {} });
    request.onsuccess = () => abort(transaction, error);
  });

const failing =
  (name: Failing['requests'][number], error: DOMException) =>
  (factory: FaultyFactory): void => {
    factory.failing = { requests: [name], error };
  };

const throwing = (name: 'put', error: DOMException) => (factory: FaultyFactory) => {
  factory.onTransaction = (transaction) => {
    for (const store of objectStores(transaction)) {
      store[name] = () => {
        throw error;
      };
    }
  };
};

function mend(factory: FaultyFactory): void {
  factory.failing = undefined;
  factory.onTransaction = undefined;
}

/** A save and an append both fail so; nothing of them is there, what was there before is, and both work again. */
const refused = (name: string, code: string, provoke: (factory: FaultyFactory) => void) =>
  faultCase(`${name}: ${code}, nothing half written, and it works again`, async (factory) => {
    const stores = storesOf(factory);
    await writeSomething(stores);
    provoke(factory);
    await assertRefused(stores, code);
    mend(factory);
    await assertNothingElse(stores);
    await assertNothingElse(storesOf(factory.otherPage()));
    await assertWorks(stores);
  });

/** What new browsers throw: of a class of its own, with no code of old. */
function quotaExceeded(): DOMException {
  const Platform: unknown = Reflect.get(globalThis, 'QuotaExceededError');
  if (typeof Platform === 'function') return Reflect.construct(Platform, ['']);
  return Object.defineProperty(injected('QuotaExceededError', ''), 'code', { value: 0 });
}

const unreadableValue = 'Failed to read large IndexedDB value';

export const transactionCases: readonly FaultCase[] = [
  refused(
    'a write aborts for lack of room, with no event on its request',
    'quota',
    abortsSilently(['put'], injected('QuotaExceededError', '')),
  ),
  refused('a write aborts for lack of room after its request succeeded', 'quota', (factory) =>
    abortsAfterPut(factory, injected('QuotaExceededError', '')),
  ),
  refused(
    "a write's request fails for lack of room",
    'quota',
    failing('put', injected('QuotaExceededError')),
  ),
  refused(
    'a write aborts with the QuotaExceededError of new browsers',
    'quota',
    abortsSilently(['put'], quotaExceeded()),
  ),

  faultCase(
    'a burst of appends in one commit finds no room: quota for each, nothing of any',
    async (factory) => {
      const { snapshots, events } = storesOf(factory);
      await writeSomething({ snapshots, events });
      const first = events.append('a', ['three']);
      abortsSilently(['put'], injected('QuotaExceededError', ''))(factory);
      const burst = [
        events.append('a', ['four', 'five']),
        events.append('b', [1]),
        events.append('a', ['six']),
      ];
      assertEqual((await first).seq, 3, 'the append before');
      for (const append of burst)
        await assertRejects(() => append, { name: 'EventStoreError', code: 'quota' });
      mend(factory);
      assertEqual(await events.runIds(), ['a'], 'the runs');
      assertEqual((await events.append('a', ['four'], { expectedHead: 3 })).seq, 4, 'the next append');
    },
  ),

  refused(
    'a transaction aborts with null for an error after its request succeeded',
    'connection-lost',
    (factory) => abortsAfterPut(factory, null),
  ),
  refused(
    'a transaction aborts with null for an error and no event on its write',
    'connection-lost',
    abortsSilently(['put'], null),
  ),
  refused(
    'a transaction aborts with null for an error and no event on any request',
    'connection-lost',
    abortsSilently(['get', 'openKeyCursor', 'put'], null),
  ),
  refused("a write's request fails with UnknownError", 'unknown', failing('put', injected('UnknownError'))),
  refused("a write's request fails with DataError", 'unknown', failing('put', injected('DataError'))),
  ...[lostServer, ...closedMidway].map((error) =>
    refused(`a write's request fails with '${error.message}'`, 'connection-lost', failing('put', error)),
  ),
  refused('a put throws UnknownError', 'unknown', throwing('put', injected('UnknownError'))),

  ...(['get', 'put'] as const).map((name) =>
    faultCase(
      `a save fails at the ${name} of its guard: the earlier snapshot is as it was`,
      async (factory) => {
        const stores = storesOf(factory);
        await writeSomething(stores);
        factory.failing = { store: 'guards', requests: [name], error: injected('UnknownError') };
        const save = () => stores.snapshots.save({ runId: 'a', atSeq: 9, state: 'new' });
        await assertRejects(save, { name: 'SnapshotStoreError', code: 'unknown' });
        mend(factory);
        await assertNothingElse(stores);
        await assertWorks(stores);
      },
    ),
  ),

  faultCase('an append fails to look up the head: nothing is appended', async (factory) => {
    const stores = storesOf(factory);
    await writeSomething(stores);
    const append = () => stores.events.append('a', ['three']);
    const appendFenced = () => stores.events.append('a', ['three'], { expectedHead: 2 });
    for (const [error, code] of [
      ['UnknownError', 'unknown'],
      ['NotReadableError', 'unreadable'],
    ] as const) {
      factory.failing = { requests: ['openKeyCursor', 'getAllKeys'], error: injected(error) };
      await assertRejects(append, { name: 'EventStoreError', code });
      await assertRejects(appendFenced, { name: 'EventStoreError', code });
    }
    mend(factory);
    await assertNothingElse(stores);
    await assertWorks(stores);
  }),

  ...[
    injected('UnknownError', unreadableValue),
    injected('NotReadableError', unreadableValue),
    injected('DataError', unreadableValue),
  ].map((error) =>
    faultCase(
      `a value cannot be read (${error.name}): unreadable, for snapshots and events`,
      async (factory) => {
        const stores = storesOf(factory);
        await writeSomething(stores);
        factory.failing = { requests: ['get', 'getAll', 'openCursor'], error };
        const { message } = await assertRejects(() => stores.snapshots.loadLatest('a'), {
          name: 'SnapshotStoreError',
          code: 'unreadable',
        });
        assert(message.includes('"a"'), `«${message}» names the run`);
        await assertRejects(() => stores.events.scan('a', 1), {
          name: 'EventStoreError',
          code: 'unreadable',
        });
        mend(factory);
        await assertNothingElse(stores);
      },
    ),
  ),

  ...[lostServer, ...closedMidway].map((error) =>
    faultCase(
      `a read fails with '${error.message}': connection-lost, and not unreadable`,
      async (factory) => {
        const stores = storesOf(factory);
        await writeSomething(stores);
        factory.failing = { requests: ['get', 'getAll', 'openCursor'], error };
        const code = 'connection-lost';
        await assertRejects(() => stores.snapshots.loadLatest('a'), { name: 'SnapshotStoreError', code });
        await assertRejects(() => stores.events.scan('a', 1), { name: 'EventStoreError', code });
        mend(factory);
        await assertNothingElse(stores);
      },
    ),
  ),
];
