import {
  type EventStore,
  IndexedDbEventStore,
  IndexedDbSnapshotStore,
  InMemoryEventStore,
  InMemorySnapshotStore,
  type RunStores,
} from 'rewake';
import { FaultyFactory } from './faulty-factory.ts';

// Pairs of stores that nobody else has, and a store that is made to fail.

export type AnyStores = RunStores<unknown, unknown>;

export const inMemory = () => ({
  snapshots: new InMemorySnapshotStore<unknown>(),
  events: new InMemoryEventStore<unknown>(),
});

export const inIndexedDb = () => {
  const indexedDB = new FaultyFactory();
  return {
    snapshots: new IndexedDbSnapshotStore<unknown>({ indexedDB }),
    events: new IndexedDbEventStore<unknown>({ indexedDB }),
  };
};

/** An event store with some methods of its own. */
export const changed = <E>(store: EventStore<E>, methods: Partial<EventStore<E>>): EventStore<E> => ({
  append: (...all) => store.append(...all),
  scan: (...all) => store.scan(...all),
  head: (...all) => store.head(...all),
  compact: (...all) => store.compact(...all),
  base: (...all) => store.base(...all),
  begin: (...all) => store.begin(...all),
  delete: (...all) => store.delete(...all),
  runIds: () => store.runIds(),
  ...methods,
});
