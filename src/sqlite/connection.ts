import type { Seq } from '../contracts/words.ts';
import { Reason } from '../errors/reason.ts';
import { tables } from './tables.ts';

type Value = string | number | null;

/** The storage of a Durable Object whose class has SQLite: `ctx.storage`. */
export interface DurableObjectStorage {
  readonly sql: { exec(query: string, ...bindings: Value[]): { toArray(): unknown[] } };
  transactionSync<T>(work: () => T): T;
  sync(): Promise<void>;
}

/** A `DatabaseSync` of `node:sqlite`, in Node and Deno, or a `Database` of `bun:sqlite`. */
export interface SqliteDatabase {
  prepare(query: string): { all(...params: Value[]): unknown[] };
}

export type Sqlite = DurableObjectStorage | SqliteDatabase;

export type Row = Readonly<Record<string, unknown>>;

/** A database with its tables, whoever opened it. */
export interface Connection {
  rows(query: string, ...params: Value[]): Row[];
  /** Does all of it or nothing, and sees what nobody else is changing. */
  read<T>(work: () => T): Promise<T>;
  /** The same, and resolves when it is on the disk. */
  write<T>(work: () => T): Promise<T>;
}

const connections = new WeakMap<Sqlite, Connection>();

/** Throws `newer-version` if a newer release has made the tables, and what the database throws. */
export function connect(sqlite: Sqlite): Connection {
  let connection = connections.get(sqlite);
  if (!connection) {
    connection = 'sql' in sqlite ? overStorage(sqlite) : overDatabase(sqlite);
    createTables(connection);
    connections.set(sqlite, connection);
  }
  return connection;
}

/** Of the tables. A later release that changes them raises it. */
const SCHEMA = 1;

function createTables({ rows }: Connection): void {
  rows('CREATE TABLE IF NOT EXISTS kernel_schema (version INTEGER PRIMARY KEY)');
  const [row] = rows('SELECT max(version) AS version FROM kernel_schema');
  if (seqOf(row?.version ?? 0) > SCHEMA)
    throw new Reason('newer-version', 'a newer release of rewake has made the tables. Nothing was changed.');
  for (const table of tables) rows(table);
  rows('INSERT OR IGNORE INTO kernel_schema VALUES (?)', SCHEMA);
}

function overStorage(storage: DurableObjectStorage): Connection {
  const transact = async <T>(work: () => T): Promise<T> => {
    const result = storage.transactionSync(work);
    // What an earlier call has written and a crash might still take back is not read, either.
    await storage.sync().catch((cause) => {
      throw new Reason('connection-lost', 'the object broke before its storage was on the disk.', { cause });
    });
    return result;
  };
  return {
    rows: (query, ...params) => meant(() => storage.sql.exec(query, ...params).toArray()),
    read: transact,
    write: transact,
  };
}

function overDatabase(database: SqliteDatabase): Connection {
  const prepared = new Map<string, ReturnType<SqliteDatabase['prepare']>>();
  const rows = (query: string, ...params: Value[]) =>
    meant(() => {
      const statement = prepared.get(query) ?? database.prepare(query);
      prepared.set(query, statement);
      return statement.all(...params);
    });
  const within =
    (begin: string) =>
    async <T>(work: () => T): Promise<T> => {
      rows(begin);
      try {
        const result = work();
        rows('COMMIT');
        return result;
      } catch (error) {
        try {
          rows('ROLLBACK');
        } catch {
          // SQLite itself has taken it back, as it does if the disk is full: there is none any more.
        }
        throw error;
      }
    };
  // A write that begins as a read can find that it may not go on.
  return { rows, read: within('BEGIN'), write: within('BEGIN IMMEDIATE') };
}

/** What the database's errors mean. They have no codes in common, but SQLite's words. */
function meant(work: () => unknown[]): Row[] {
  try {
    return work().map((row) => Object(row));
  } catch (cause) {
    const { message, code } = Object(cause);
    const words = `${code} ${message}`;
    if (/SQLITE_FULL|disk is full/.test(words))
      throw new Reason('quota', 'the database has no room left. Nothing was written.', { cause });
    if (/SQLITE_(BUSY|LOCKED)|is locked/.test(words))
      throw new Reason('blocked', 'another connection is writing. Nothing was changed; try again.', {
        cause,
      });
    if (/SQLITE_(CORRUPT|NOTADB)|malformed|not a database/.test(words))
      throw new Reason('unreadable', 'the database is damaged, or is none.', { cause });
    throw new Reason('unknown', 'the database failed; see the cause.', { cause });
  }
}

/** A whole number that is stored. */
export function seqOf(stored: unknown): Seq {
  if (typeof stored !== 'number' || !Number.isSafeInteger(stored) || stored < 0)
    throw new Reason('unreadable');
  return stored;
}

export function textOf(stored: unknown): string {
  if (typeof stored !== 'string') throw new Reason('unreadable');
  return stored;
}
