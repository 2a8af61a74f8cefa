import type { EventStore } from '../contracts/event-store.ts';
import type { SnapshotStore } from '../contracts/snapshot-store.ts';
import { isKernelError, KernelError } from '../errors/kernel-error.ts';
import { withContext, withContextSync } from '../errors/reason.ts';
import { DATABASE_NAME, Database, type IndexedDbOptions } from './indexeddb/database.ts';
import { IndexedDbEventStore } from './indexeddb/event-store.ts';
import { IndexedDbSnapshotStore } from './indexeddb/snapshot-store.ts';
import { InMemoryEventStore } from './memory/event-store.ts';
import { InMemorySnapshotStore } from './memory/snapshot-store.ts';

/** Both stores of one database, and where they keep their data. */
export interface Stores<S, E> {
  /** `memory` survives neither a crash nor a reload: tell the user. */
  readonly backend: 'indexeddb' | 'memory';
  /** Why it is `memory`. */
  readonly reason?: KernelError;
  /**
   * The browser has thrown the database away since it was last opened, and begun an empty one (`data-lost`, with what
   * it says about it). Only Chromium tells, and only the page that opens the database first.
   */
  readonly dataLoss?: KernelError;
  /** The database that other tabs share; memory is nobody else's. */
  readonly databaseName?: string;
  readonly snapshots: SnapshotStore<S>;
  readonly events: EventStore<E>;
}

/**
 * Opens both stores in IndexedDB, or in memory if there is no IndexedDB that can be used, and says which.
 * The choice is made here, once: a store never changes its backend later.
 *
 * Falls back on `unavailable` (no IndexedDB, forbidden, private mode, broken files); rejects with a
 * {@link KernelError} on everything else, such as `timeout`, `newer-version` and `quota`.
 *
 * @example
 * const { backend, reason, snapshots, events } = await openStores<State, Event>();
 * if (backend === 'memory') console.warn(`A crash will lose this run. ${reason?.message}`);
 */
export async function openStores<S, E>(options: IndexedDbOptions = {}): Promise<Stores<S, E>> {
  const database = withContextSync(KernelError, 'openStores', undefined, () => Database.shared(options));
  try {
    await withContext(KernelError, 'openStores', undefined, () => database.open());
  } catch (error) {
    if (!isKernelError(error, 'unavailable')) throw error;
    const memory = { snapshots: new InMemorySnapshotStore<S>(), events: new InMemoryEventStore<E>() };
    return { backend: 'memory', reason: error, ...memory };
  }
  return {
    backend: 'indexeddb',
    ...(database.dataLoss && { dataLoss: database.dataLoss }),
    databaseName: options.databaseName ?? DATABASE_NAME,
    snapshots: new IndexedDbSnapshotStore<S>(options),
    events: new IndexedDbEventStore<E>(options),
  };
}
