import { type DBSchema, type IDBPDatabase, type IDBPObjectStore, type IDBPTransaction, wrap } from 'idb';
import { Failure, failureOf } from '../failure.ts';
import type { RunId } from '../snapshot-store.ts';

/** How a store in IndexedDB is to be opened; everything is optional. */
export interface IndexedDbOptions {
  /** The database's name; `rewake` by default. Stores of one database in one page share a connection. */
  readonly databaseName?: string;
  /**
   * `strict`: a write resolves when it is on the disk. `relaxed`: when it has reached the operating system,
   * which a crash of the browser cannot undo, but a loss of power can. By default events are `strict`, and
   * snapshots, which can be computed again, are `relaxed`.
   */
  readonly durability?: IDBTransactionDurability;
  /**
   * The caller promises never to change what it has passed to a store, nor anything in it, as a pure
   * reducer's states never are. A write that has to wait for another one then needs no copy.
   */
  readonly immutable?: boolean;
  /** In place of the platform's `indexedDB`, which is otherwise looked up at the first call. */
  readonly indexedDB?: IDBFactory;
}

export const DATABASE_NAME = 'rewake';
/** Frozen: records are versioned, the database is not. */
const VERSION = 1;
const STORES = ['snapshots', 'events'] as const;
const OPEN_TIMEOUT_MS = 10_000;

// What is stored is untrusted until it has been checked: nothing here says what a key or a value is.
interface Schema extends DBSchema {
  snapshots: { key: IDBValidKey; value: unknown };
  events: { key: IDBValidKey; value: unknown };
}

export type StoreName = (typeof STORES)[number];
export type ObjectStore<Mode extends IDBTransactionMode> = IDBPObjectStore<
  Schema,
  [StoreName],
  StoreName,
  Mode
>;

interface TransactOptions {
  readonly durability?: IDBTransactionDurability;
  /** Called at once where the transaction cannot start at once. */
  readonly beforeWait?: () => void;
}

/** All of a run's keys `[runId, seq]` with a seq of at least `from`; an array sorts after every number. */
export const keysOf = (runId: RunId, from = 0): IDBKeyRange => IDBKeyRange.bound([runId, from], [runId, []]);

/** One database's connection: opened on first use, and again after it was closed or lost. */
export class Database {
  readonly #name: string;
  readonly #factory: IDBFactory | undefined;
  #connection: IDBPDatabase<Schema> | undefined;
  #opening: Promise<void> | undefined;
  #blocked = false;

  /** The page's one `Database` of this name. */
  static shared({ databaseName = DATABASE_NAME, indexedDB }: IndexedDbOptions): Database {
    const owner = indexedDB ?? globalThis;
    const databases = shared.get(owner) ?? new Map<string, Database>();
    shared.set(owner, databases);
    const database = databases.get(databaseName) ?? new Database(databaseName, indexedDB);
    databases.set(databaseName, database);
    return database;
  }

  private constructor(name: string, factory: IDBFactory | undefined) {
    this.#name = name;
    this.#factory = factory;
  }

  /**
   * Runs `body` in a transaction of its own and resolves when that is committed. Where the connection is
   * open, `body` runs before this returns. Where `body` fails, the transaction is rolled back.
   */
  async transact<Mode extends IDBTransactionMode, T>(
    name: StoreName,
    mode: Mode,
    body: (store: ObjectStore<Mode>) => Promise<T>,
    { durability, beforeWait }: TransactOptions = {},
  ): Promise<T> {
    // Twice at most: an open connection may turn out to be closing when a transaction is to start.
    for (let opened = 0; ; opened++) {
      const transaction = this.#begin(name, mode, durability);
      if (transaction) {
        const commit = committed(transaction);
        try {
          const [result] = await Promise.all([body(transaction.objectStore(name)), commit]);
          return result;
        } catch (error) {
          try {
            transaction.abort();
          } catch {
            // It has been aborted already.
          }
          // What cannot be read, for whatever reason, is unreadable.
          throw failureOf(transaction.error ?? error, mode === 'readonly' ? 'unreadable' : 'unknown');
        }
      }
      if (opened === 2) throw new Failure('connection-lost');
      beforeWait?.();
      await this.open();
    }
  }

  #begin<Mode extends IDBTransactionMode>(
    name: StoreName,
    mode: Mode,
    durability?: IDBTransactionDurability,
  ) {
    try {
      return this.#connection?.transaction<[StoreName], Mode>([name], mode, durability && { durability });
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error;
      this.#forget(this.#connection);
      return undefined;
    }
  }

  /** Resolves when there is a connection. */
  async open(): Promise<void> {
    if (this.#connection) return;
    this.#opening ??= this.#openInTime().finally(() => {
      this.#opening = undefined;
    });
    await this.#opening;
  }

  /** An attempt that comes to nothing in time is left alone, but should it come to something, that is used. */
  #openInTime(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Failure(this.#blocked ? 'blocked' : 'timeout')), OPEN_TIMEOUT_MS);
    });
    return Promise.race([this.#connect(), timeout]).finally(() => clearTimeout(timer));
  }

  async #connect(): Promise<void> {
    let connection: IDBPDatabase<Schema>;
    try {
      const factory = this.#factory ?? globalThis.indexedDB;
      if (!factory) throw new Failure('unavailable');
      const request = factory.open(this.#name, VERSION);
      this.#blocked = false;
      request.onblocked = () => {
        this.#blocked = true;
      };
      request.onupgradeneeded = () => {
        for (const name of STORES) request.result.createObjectStore(name);
      };
      connection = (await wrap(request)) as IDBPDatabase<Schema>;
    } catch (error) {
      throw failureOf(error, 'unavailable');
    }
    if (!STORES.every((name) => connection.objectStoreNames.contains(name))) {
      connection.close();
      throw new Failure('unreadable', `the database "${this.#name}" belongs to something else.`);
    }
    connection.onversionchange = () => this.#forget(connection);
    connection.onclose = () => this.#forget(connection);
    if (this.#connection) connection.close();
    else this.#connection = connection;
  }

  #forget(connection: IDBPDatabase<Schema> | undefined): void {
    connection?.close();
    if (this.#connection === connection) this.#connection = undefined;
  }
}

/**
 * Resolves on `complete` and rejects on `abort`, and on nothing else: a request's success is not yet a
 * commit, an abort need not come with a request's error, and on that error the transaction has not got its
 * own yet. (idb's `done` rejects there already, with an AbortError.)
 */
function committed(transaction: IDBPTransaction<Schema, [StoreName], IDBTransactionMode>): Promise<void> {
  const commit = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(new Failure('connection-lost'));
  });
  // Nobody may be waiting for it when it rejects.
  for (const promise of [commit, transaction.done]) promise.catch(() => {});
  return commit;
}

const shared = new WeakMap<object, Map<string, Database>>();
