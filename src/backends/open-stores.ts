import type { EventStore } from '../contracts/event-store.ts';
import type { SnapshotStore } from '../contracts/snapshot-store.ts';
import { isKernelError, KernelError } from '../errors/kernel-error.ts';
import { withContext, withContextSync } from '../errors/reason.ts';
import { DATABASE_NAME, Database, type IndexedDbOptions } from './indexeddb/database.ts';
import { IndexedDbEventStore } from './indexeddb/event-store.ts';
import { IndexedDbSnapshotStore } from './indexeddb/snapshot-store.ts';
import { InMemoryEventStore } from './memory/event-store.ts';
import { InMemorySnapshotStore } from './memory/snapshot-store.ts';

interface BothStores<S, E> {
  /** The latest snapshot of each run. */
  readonly snapshots: SnapshotStore<S>;
  /** The event log of each run. */
  readonly events: EventStore<E>;
}

/** Both stores of one database in IndexedDB. */
export interface IndexedDbStores<S, E> extends BothStores<S, E> {
  readonly backend: 'indexeddb';
  /** The database that other tabs share. */
  readonly databaseName: string;
  /**
   * Set if the browser has thrown the database away since it was last opened, and begun an empty one (`data-lost`, with
   * what it says about it). Only Chromium tells, and only the page that opens the database first.
   */
  readonly dataLoss?: KernelError;
}

/** Both stores in memory: they survive neither a crash nor a reload. Tell the user. */
export interface InMemoryStores<S, E> extends BothStores<S, E> {
  readonly backend: 'memory';
  /** Why there is no IndexedDB (`unavailable`). */
  readonly reason: KernelError;
}

/** What {@link openStores} gives; `backend` says which. */
export type Stores<S, E> = IndexedDbStores<S, E> | InMemoryStores<S, E>;

/**
 * Opens both stores in IndexedDB, or in memory if there is no IndexedDB that can be used, and says which.
 * The choice is made here, once: a store never changes its backend later. In memory, whoever opens a database of this
 * name in this page gets the same stores.
 *
 * Falls back on `unavailable` (no IndexedDB, forbidden, private mode, broken files); rejects with a
 * {@link KernelError} on everything else, such as `timeout`, `newer-version` and `quota`.
 *
 * @example
 * const stores = await openStores<State, Event>();
 * if (stores.backend === 'memory') console.warn(`A crash will lose this run. ${stores.reason.message}`);
 */
export async function openStores<S, E>(options: IndexedDbOptions = {}): Promise<Stores<S, E>> {
  const database = withContextSync(KernelError, 'openStores', undefined, () => Database.shared(options));
  try {
    await withContext(KernelError, 'openStores', undefined, () => database.open());
  } catch (error) {
    if (!isKernelError(error, 'unavailable')) throw error;
    return { backend: 'memory', reason: error, ...memoryOf<S, E>(database) };
  }
  return {
    backend: 'indexeddb',
    ...(database.dataLoss && { dataLoss: database.dataLoss }),
    databaseName: options.databaseName ?? DATABASE_NAME,
    snapshots: new IndexedDbSnapshotStore<S>(options),
    events: new IndexedDbEventStore<E>(options),
  };
}

const memories = new WeakMap<Database, BothStores<unknown, unknown>>();

/** What is kept in place of a database that cannot be opened. */
function memoryOf<S, E>(database: Database): BothStores<S, E> {
  const stores = memories.get(database) ?? {
    snapshots: new InMemorySnapshotStore<unknown>(),
    events: new InMemoryEventStore<unknown>(),
  };
  memories.set(database, stores);
  // `S` and `E` are the application's words for what it keeps under this name, as they are for a real database.
  return stores as BothStores<S, E>;
}

/** Forgets what is kept in place of the database. */
export const forgetMemoryOf = (database: Database): boolean => memories.delete(database);
