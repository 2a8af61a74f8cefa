import 'fake-indexeddb/auto';
import {
  type Codec,
  type EventStore,
  IndexedDbEventStore,
  IndexedDbSnapshotStore,
  InMemoryEventStore,
  InMemorySnapshotStore,
  type SnapshotStore,
} from 'rewake';
import { anyOf, compress, encrypt, pipe } from 'rewake/codecs';
import {
  type BothStores,
  type ConformanceCase,
  eventStoreCases,
  snapshotStoreCases,
  storesCases,
} from 'rewake/conformance';
import { describe, test } from 'vitest';

/** In memory, handles on one name share their data by being one object. */
function sharedByName<Store>(create: () => Store): (name: string) => Store {
  const stores = new Map<string, Store>();
  return (name) => {
    const store = stores.get(name) ?? create();
    stores.set(name, store);
    return store;
  };
}

function inDatabases<Store>(create: (databaseName: string) => Store): (name: string) => Store {
  const scope = crypto.randomUUID();
  return (name) => create(`${scope} ${name}`);
}

function suite<Store>(
  cases: readonly ConformanceCase<Store>[],
  backend: () => (name: string) => Store,
): void {
  for (const { name, run } of cases) test(name, () => run(backend()));
}

describe('InMemorySnapshotStore', () => {
  suite(snapshotStoreCases, () => sharedByName((): SnapshotStore<unknown> => new InMemorySnapshotStore()));
});

describe('InMemoryEventStore', () => {
  suite(eventStoreCases, () => sharedByName((): EventStore<unknown> => new InMemoryEventStore()));
});

describe('both stores in memory', () => {
  suite(storesCases, () =>
    sharedByName(
      (): BothStores => ({ snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() }),
    ),
  );
});

const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
const both = pipe(compress(), encrypt(key));
let opened = 0;
const codecs: Record<string, () => Codec | undefined> = {
  'no codec': () => undefined,
  'compress()': compress,
  'encrypt(key)': () => encrypt(key),
  'pipe(compress(), encrypt(key))': () => both,
  // So that the records of one log are of either.
  'anyOf two codecs, of which each second handle writes the other': () =>
    ++opened % 2 === 0 ? anyOf(both, compress()) : anyOf(compress(), both),
};

describe.each(Object.entries(codecs))('in IndexedDB with %s', (_, newCodec) => {
  describe('IndexedDbSnapshotStore', () => {
    suite(snapshotStoreCases, () =>
      inDatabases((databaseName) => new IndexedDbSnapshotStore({ databaseName, codec: newCodec() })),
    );
  });

  describe('IndexedDbEventStore', () => {
    suite(eventStoreCases, () =>
      inDatabases((databaseName) => new IndexedDbEventStore({ databaseName, codec: newCodec() })),
    );
  });

  describe('both stores', () => {
    suite(storesCases, () =>
      inDatabases((databaseName) => ({
        snapshots: new IndexedDbSnapshotStore({ databaseName, codec: newCodec() }),
        events: new IndexedDbEventStore({ databaseName, codec: newCodec() }),
      })),
    );
  });
});
