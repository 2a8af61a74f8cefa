import type { Seq } from '../contracts/words.ts';
import type { ErrorCode } from '../errors/kernel-error.ts';
import { Reason } from '../errors/reason.ts';

/**
 * Anything that runs a statement of SQL: a Pool or a Client of `pg`, a PGlite, a Pool of Neon. Each statement has to be a
 * transaction of its own, which is committed when the promise resolves: pass no client that is in a transaction.
 */
export interface Postgres {
  query(text: string, params: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

export type Row = Readonly<Record<string, unknown>>;

/** So often a statement is tried that PostgreSQL takes back because of another transaction. */
const TRIES = 10;

/** Runs one statement. What fails was taken back, except after `connection-lost`: then it may have been committed. */
export async function query(db: Postgres, text: string, params: unknown[] = []): Promise<Row[]> {
  for (let tries = 1; ; tries++) {
    try {
      const { rows } = await db.query(text, params);
      return rows.map((row) => Object(row));
    } catch (error) {
      const isTakenBack = /^(40001|40P01)$/.test(codeOf(error));
      if (!isTakenBack || tries === TRIES) throw meaningOf(error);
      await pause(Math.random() * 2 ** tries);
    }
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The server's SQLSTATE, or the code of the driver or of the system. */
export const codeOf = (error: unknown): string => String(Object(error).code ?? '');

/** What an error means. Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function meaningOf(cause: unknown): Reason {
  const reason = (code: ErrorCode, detail: string) => new Reason(code, detail, { cause });
  const code = codeOf(cause);
  const message = String(Object(cause).message);
  // Unlike SQLSTATEs, the codes of the system begin with an E. A driver that loses its server may give none at all.
  const isLost =
    /^(08|57P0|53300|E[A-Z]{4}|CONNECT)/.test(code) || (code === '' && connectionProblem.test(message));
  if (isLost)
    return reason(
      'connection-lost',
      'the connection to the database broke before a commit was confirmed. Read before writing again.',
    );
  switch (code) {
    case '54000':
      return reason('invalid-argument', 'it is too long for an index of PostgreSQL. Nothing was touched.');
    case '53100':
      return reason('quota', 'the server has no room left. Nothing was written.');
    case '57014':
      return reason('timeout', 'the server cancelled the statement. Nothing was changed.');
    case '25006':
    case '3F000':
    case '42501':
    case '42703':
    case '42P01':
      return reason(
        'unavailable',
        'the tables are missing, or may not be written. Call migratePostgres first; see the cause. Nothing was changed.',
      );
  }
  return reason('unknown', 'the database failed; see the cause.');
}

const connectionProblem = /connect|terminated|not queryable|closed|socket|network|timeout/i;

/** A whole number that is stored; drivers give a bigint as a string, a number or a bigint. */
export function seqOf(stored: unknown): Seq {
  const seq = Number(stored ?? undefined);
  if (!Number.isSafeInteger(seq) || seq < 0) throw new Reason('unreadable');
  return seq;
}

export function textOf(stored: unknown): string {
  if (typeof stored !== 'string') throw new Reason('unreadable');
  return stored;
}
