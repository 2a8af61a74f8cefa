import { wrap } from 'idb';
import type { Codec } from '../../contracts/codec.ts';
import type { RunId, Seq } from '../../contracts/words.ts';
import { codecRule } from '../../errors/contract-rules.ts';
import { type ErrorCode, KernelError } from '../../errors/kernel-error.ts';
import { Reason, reasonOf, withContextSync } from '../../errors/reason.ts';
import { method, object, oneOf, optional, type Rule, text } from '../../errors/rules.ts';
import { RENEWAL, renewLog } from './renew-log.ts';

/** How a store in IndexedDB is to be opened; everything is optional. */
export interface IndexedDbOptions {
  /** The database's name; `rewake` by default. Stores of one database in one page share a connection. */
  readonly databaseName?: string | undefined;
  /**
   * `strict`: the browser is asked to resolve a write only when it is on the disk. `relaxed`: when it has reached the
   * operating system, which a crash of the browser cannot undo, but a loss of power can. By default events are `strict`,
   * and snapshots, which can be computed again, are `relaxed`.
   */
  readonly durability?: IDBTransactionDurability | undefined;
  /**
   * Turns events, snapshots and bases into bytes before they are stored, and back: compression, encryption. See
   * `rewake/codecs`. What was stored without it stays readable; what was stored with it is `unreadable` without it. Run
   * ids, seqs, versions and sizes are stored as they are.
   */
  readonly codec?: Codec | undefined;
  /** In place of the platform's `indexedDB`, which is otherwise looked up at the first call. */
  readonly indexedDB?: IDBFactory | undefined;
}

export const DATABASE_NAME = 'rewake';
/** Frozen: records are versioned, the database is not. */
const VERSION = 1;
const STORES = ['snapshots', 'guards', 'events'] as const;
const TIMEOUT_MS = 10_000;

export type ObjectStores = Readonly<Record<(typeof STORES)[number], IDBObjectStore>>;

export interface TransactOptions {
  readonly durability?: IDBTransactionDurability;
  /** How often the database had been deleted when a write was called, if that is not now: no write begins a new one. */
  readonly deletions?: number;
  /** Called at once if the transaction cannot start at once. */
  readonly beforeWait?: () => void;
}

/** A run's keys `[runId, seq]` with a seq from `from` to `to`, both inclusive; an array sorts after every number. */
export const keysOf = (runId: RunId, from: Seq = 0, to: Seq | [] = []): IDBKeyRange =>
  IDBKeyRange.bound([runId, from], [runId, to]);

/** Every key of a run from the seq `from` on, and its log's identity (see `logIdKey`), which comes last. */
export const keysAndLogIdOf = (runId: RunId, from: Seq = 0): IDBKeyRange =>
  IDBKeyRange.bound([runId, from], [runId, [[]]]);

/** The key of the log's identity alone. */
export const logIdKeyOf = (runId: RunId): IDBKeyRange => IDBKeyRange.bound([runId, []], [runId, [[]]], true);

const optionRules = object({
  databaseName: optional(text),
  durability: optional(oneOf('default', 'strict', 'relaxed')),
  codec: optional(codecRule),
  indexedDB: optional(object({ open: method })),
} satisfies Record<keyof IndexedDbOptions, Rule>);

/** One database's connection: opened on first use, and again after it was closed or lost. */
export class Database {
  /** How often this page has seen the database deleted. */
  deletions = 0;
  /** What the browser said when it had thrown the database away and this page opened an empty one. */
  dataLoss: KernelError | undefined;
  readonly #name: string;
  readonly #factory: IDBFactory | undefined;
  #connection: IDBDatabase | undefined;
  #opening: Promise<void> | undefined;

  /** The page's one `Database` of this name. Throws a KernelError if `options` are not valid. */
  static shared(options: IndexedDbOptions): Database {
    withContextSync(KernelError, 'open', undefined, () => optionRules('options', options));
    const { databaseName = DATABASE_NAME, indexedDB } = options;
    if (databaseName === RENEWAL) withContextSync(KernelError, 'open', undefined, refuseRenewal);
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
   * Runs `body` in a transaction of its own and resolves with what that returns: of a read once it is there, of a
   * write once it is committed. If the connection is open, `body` runs before this returns. If `body` fails, the
   * transaction is rolled back.
   *
   * Every transaction names all object stores, so that the platform runs those that write one after the other. Two
   * that are open at once when Chromium (156) is killed cost the site all its databases.
   */
  async transact<T>(
    mode: 'readonly' | 'readwrite',
    body: (stores: ObjectStores) => Promise<T>,
    { durability, deletions = this.deletions, beforeWait }: TransactOptions = {},
  ): Promise<T> {
    // Twice at most: an open connection may turn out to be closing when a transaction is to start.
    for (let opened = 0; ; opened++) {
      if (mode === 'readwrite' && deletions !== this.deletions) throw deletedMeanwhile();
      const transaction = this.#begin(mode, durability);
      if (transaction) {
        try {
          const ended = endOf(transaction);
          const result = body({
            snapshots: transaction.objectStore('snapshots'),
            guards: transaction.objectStore('guards'),
            events: transaction.objectStore('events'),
          });
          // Both at once: after an abort, nobody can be sure to hear of the requests any more.
          if (mode === 'readonly') return await Promise.race([result, ended.then(() => result)]);
          await Promise.all([result, ended]);
          return await result;
        } catch (error) {
          try {
            transaction.abort();
          } catch {
            // It has been aborted already.
          }
          // What cannot be read, for whatever reason, is unreadable; why a write was aborted, the transaction knows.
          if (mode === 'readonly') throw reasonOf(error, 'unreadable');
          const reason = reasonOf(transaction.error ?? error);
          // On a connection that has exceeded the quota, Firefox lets the next write delete and nothing else.
          if (reason.code === 'quota') this.#forget(transaction.db);
          throw reason;
        }
      }
      if (opened === 2) throw new Reason('connection-lost');
      beforeWait?.();
      await this.open();
    }
  }

  #begin(mode: IDBTransactionMode, durability?: IDBTransactionDurability) {
    try {
      return this.#connection?.transaction(STORES, mode, durability && { durability });
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error;
      this.#forget(this.#connection);
      return undefined;
    }
  }

  /** Resolves when there is a connection. */
  async open(): Promise<void> {
    if (this.#connection) return;
    this.#opening ??= this.#request(
      (factory) => {
        const request = factory.open(this.#name, VERSION);
        request.onupgradeneeded = (event) => {
          for (const name of STORES) request.result.createObjectStore(name);
          this.dataLoss = lossOf(event) ?? this.dataLoss;
        };
        return request;
      },
      (request) => this.#adopt(request.result),
    ).finally(() => {
      this.#opening = undefined;
    });
    await this.#opening;
  }

  /** Deletes the database once all connections to it are closed, this one at once. */
  delete(): Promise<void> {
    this.deletions++;
    this.#forget(this.#connection);
    return this.#request((factory) => factory.deleteDatabase(this.#name));
  }

  /** A request that timed out keeps running; if it succeeds later, its connection is used. */
  async #request(
    begin: (factory: IDBFactory) => IDBOpenDBRequest,
    use: (request: IDBOpenDBRequest) => void = () => {},
  ): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const factory = this.#factory ?? globalThis.indexedDB;
      if (!factory) throw new Reason('unavailable');
      const request = begin(factory);
      let code: ErrorCode = 'timeout';
      request.onblocked = () => {
        code = 'blocked';
      };
      const timeout = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Reason(code)), TIMEOUT_MS);
      });
      await Promise.race([wrap(request).then(() => use(request)), timeout]);
    } catch (error) {
      throw reasonOf(error, 'unavailable');
    } finally {
      clearTimeout(timer);
    }
  }

  #adopt(connection: IDBDatabase): void {
    if (!STORES.every((name) => connection.objectStoreNames.contains(name))) {
      connection.close();
      throw new Reason('unreadable', `the database "${this.#name}" belongs to something else.`);
    }
    connection.onversionchange = ({ newVersion }) => {
      if (newVersion === null) this.deletions++;
      this.#forget(connection);
    };
    connection.onclose = () => this.#forget(connection);
    if (this.#connection) connection.close();
    else this.#connection = connection;
    // Nobody has to wait for it.
    renewLog(this.#factory ?? globalThis.indexedDB).catch(() => {});
  }

  #forget(connection: IDBDatabase | undefined): void {
    connection?.close();
    if (this.#connection === connection) this.#connection = undefined;
  }
}

function refuseRenewal(): never {
  throw new Reason('invalid-argument', `rewake uses the database "${RENEWAL}" itself. Choose another name.`);
}

/** A write that was called before the database was deleted must not begin a new one. */
export const deletedMeanwhile = (): Reason =>
  new Reason('connection-lost', 'the database was deleted before this was written.');

/** Chromium tells on the event that creates a database if it has thrown an earlier one away, and why. */
function lossOf(event: IDBVersionChangeEvent): KernelError | undefined {
  if (Reflect.get(event, 'dataLoss') !== 'total') return undefined;
  const why = `the browser has lost this database and begun an empty one. It says: ${Reflect.get(event, 'dataLossMessage')}`;
  return new KernelError('data-lost', why, { operation: 'open' });
}

/**
 * Resolves on `complete` and rejects on `abort`, and not on what becomes of a request: its success is not yet
 * a commit, an abort need not come with its error, and on that error the transaction has not got its own yet.
 * Rejects on the connection's `close`, too. By the specification every transaction has ended before that; but
 * of one that the clearing of the site's data overtakes, Firefox (153) never tells any more.
 *
 * `transaction.commit()` would save a round trip, but if a request fails after it, Firefox and WebKit (2.50)
 * do not abort: they commit the rest.
 */
function endOf(transaction: IDBTransaction): Promise<void> {
  const { db } = transaction;
  const ended = new Promise<void>((resolve, reject) => {
    const end = ({ type }: Event) => {
      db.removeEventListener('close', end);
      if (type === 'complete') resolve();
      else reject(new Reason('connection-lost'));
    };
    transaction.oncomplete = end;
    transaction.onabort = end;
    db.addEventListener('close', end);
  });
  // Nobody may be waiting for it yet when it rejects.
  ended.catch(() => {});
  return ended;
}

const shared = new WeakMap<object, Map<string, Database>>();
