import { capture } from '../backends/capture.ts';
import { escapeText, unescapeText } from '../backends/escape-text.ts';
import { InTurn } from '../backends/in-turn.ts';
import { randomId } from '../backends/random-id.ts';
import { assertBegins, assertFits, EMPTY, type StoredBase } from '../backends/stored-base.ts';
import type { AppendOptions, Base, EventStore, Head, LogPage } from '../contracts/event-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { checkAppend, checkBegin, checkCompact, checkRunId, checkScan } from '../errors/contract-rules.ts';
import { EventStoreError } from '../errors/kernel-error.ts';
import { compacted, Reason, staleHead, withContext } from '../errors/reason.ts';
import { deserialize, serialize } from '../serialization/serialize.ts';
import { type Postgres, query, type Row, seqOf, textOf } from './query.ts';
import * as sql from './statements.ts';

/**
 * An {@link EventStore} in PostgreSQL: one row per event. Call {@link migratePostgres} once before. An append is one
 * statement, and so is everything else that succeeds: no transaction, no session, no function in the database.
 *
 * What one store is told about one run is done in that order. A promise that resolved is a committed transaction, as
 * durable as the server's `synchronous_commit` and `fsync` make it.
 *
 * Besides what the contract names, every method rejects with `connection-lost` if the server was lost or not reached, with
 * `unavailable` if the tables are missing or may not be written, with `timeout` if the server cancelled the statement, and
 * with `invalid-argument` if a run id is too long for an index (some 2,700 bytes that do not compress); writes also with
 * `quota` if its disk is full.
 *
 * @example
 * const events = new PostgresEventStore<{ type: 'imported'; file: string }>(pool);
 * const { seq, logId } = await events.append('import-7', [{ type: 'imported', file: 'a.png' }]);
 */
export class PostgresEventStore<E> implements EventStore<E> {
  readonly #db: Postgres;
  readonly #turns = new InTurn();

  constructor(db: Postgres) {
    this.#db = db;
  }

  append(runId: RunId, events: readonly E[], options: AppendOptions = {}): Promise<Head> {
    return withContext(EventStoreError, 'append', runId, () => {
      checkAppend(runId, events, options);
      const batch = capture(events, 'events').map((event, index) => serialize(event, `events[${index}]`));
      return this.#turns.do(runId, () => this.#append(runId, batch, { ...options }));
    });
  }

  scan(runId: RunId, from: Seq, limit?: number): Promise<LogPage<E>> {
    return withContext(EventStoreError, 'scan', runId, async () => {
      checkScan(runId, from, limit);
      const to = Math.min(from - 1 + (limit ?? Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
      const [run, ...rows] = await query(this.#db, sql.scan, [escapeText(runId), from, to]);
      if (!run) return { logId: null, events: [] };
      const { logId, seq: head, baseSeq } = logOf(run);
      if (from <= baseSeq) throw compacted(from, baseSeq);
      const events = rows.map((row, index) => {
        const seq = seqOf(row.seq);
        if (seq !== from + index) throw damaged(from + index);
        // `E` is the application's word for what it appended to this run.
        return { seq, event: deserialize(textOf(row.event_json)) as E, version: seqOf(row.version) };
      });
      const last = from + events.length - 1;
      if (last < Math.min(head, to)) throw damaged(last + 1);
      return { logId, events };
    });
  }

  head(runId: RunId): Promise<Head> {
    return withContext(EventStoreError, 'head', runId, async () => {
      checkRunId(runId);
      const { seq, logId } = await this.#log(runId);
      return { seq, logId };
    });
  }

  compact(runId: RunId, base: Base): Promise<void> {
    return withContext(EventStoreError, 'compact', runId, () => {
      checkCompact(runId, base);
      const { atSeq, logId, version } = base;
      const state = serialize(capture(base.state, 'state'), 'state');
      const params = [escapeText(runId), atSeq, version, state, logId && escapeText(logId)];
      return this.#turns.do(runId, async () => {
        for (;;) {
          const [done] = await query(this.#db, sql.compact, params);
          if (done) return;
          const log = await this.#log(runId);
          assertFits({ atSeq, logId, version, state }, log, log.base);
          // The log has become one that it fits.
        }
      });
    });
  }

  base(runId: RunId): Promise<Base | undefined> {
    return withContext(EventStoreError, 'base', runId, async () => {
      checkRunId(runId);
      const [row] = await query(this.#db, sql.base, [escapeText(runId)]);
      if (!row) return undefined;
      const { logId, base } = logOf(row);
      return base && { ...base, logId, state: deserialize(textOf(row.base_json)) };
    });
  }

  begin(runId: RunId, base: StoredBase, head: Head = EMPTY): Promise<Head> {
    return withContext(EventStoreError, 'begin', runId, () => {
      checkBegin(runId, base, head);
      const { atSeq, version } = base;
      const expected = { seq: head.seq, logId: head.logId };
      const state = serialize(capture(base.state, 'state'), 'state');
      const params = [escapeText(runId), atSeq, version, state];
      const [statement, identity] =
        expected.seq === 0 && expected.logId === null
          ? [sql.beginEmpty, [randomId()]]
          : [sql.beginAnew, [expected.seq, expected.logId && escapeText(expected.logId)]];
      return this.#turns.do(runId, async () => {
        for (;;) {
          const [begun] = await query(this.#db, statement, [...params, ...identity]);
          if (begun) return headOf(begun);
          const log = await this.#log(runId);
          assertBegins({ atSeq, version, state }, expected, log, log.base);
          // The log has become one that it fits.
        }
      });
    });
  }

  delete(runId: RunId): Promise<void> {
    return withContext(EventStoreError, 'delete', runId, () => {
      checkRunId(runId);
      return this.#turns.do(runId, async () => {
        await query(this.#db, sql.deleteRun, [escapeText(runId)]);
      });
    });
  }

  runIds(): Promise<RunId[]> {
    return withContext(EventStoreError, 'runIds', undefined, async () => {
      const rows = await query(this.#db, sql.runIds);
      return rows.map((row) => unescapeText(textOf(row.run_id)));
    });
  }

  async #append(runId: RunId, batch: readonly string[], options: AppendOptions): Promise<Head> {
    const { expectedHead, logId, writer, version = 1 } = options;
    const run = escapeText(runId);
    const name = writer === undefined ? null : escapeText(writer);
    const params = [run, batch, batch.length, version, name];
    for (;;) {
      if (batch.length > 0) {
        const [claimed] = await this.#claim(params, options);
        if (claimed) return headOf(claimed);
      }
      const log = await this.#log(runId);
      const fits = (expectedHead ?? log.seq) === log.seq && (logId === undefined || logId === log.logId);
      if (fits && batch.length === 0) return { seq: log.seq, logId: log.logId };
      // The log has become one that it fits.
      if (fits || expectedHead === undefined) continue;
      const seq = expectedHead + batch.length;
      const isItsLog = logId === undefined || logId === log.logId || (logId === null && expectedHead === 0);
      if (isItsLog && name !== null) {
        const landed = await query(this.#db, sql.landed, [run, seq, name, batch.length, log.logId]);
        if (landed.length > 0) return { seq, logId: log.logId };
      }
      throw staleHead(expectedHead, log.seq);
    }
  }

  /** Appends if the log is as the options say. */
  #claim(params: unknown[], { expectedHead, logId }: AppendOptions): Promise<Row[]> {
    if (expectedHead === undefined) return query(this.#db, sql.append, [...params, randomId()]);
    // Every log that has events has an identity here, and no other has one.
    if (expectedHead === 0)
      return logId ? Promise.resolve([]) : query(this.#db, sql.appendFirst, [...params, randomId()]);
    if (logId === null) return Promise.resolve([]);
    const expected = logId === undefined ? null : escapeText(logId);
    return query(this.#db, sql.appendAfter, [...params, expectedHead, expected]);
  }

  async #log(runId: RunId): Promise<Log> {
    const [row] = await query(this.#db, sql.head, [escapeText(runId)]);
    return row ? logOf(row) : { seq: 0, logId: null, baseSeq: 0, base: undefined };
  }
}

type Log = Head & { readonly baseSeq: Seq; readonly base: StoredBase | undefined };

/** A run's row; the state of its base is read by itself. */
function logOf(row: Row): Log {
  const baseSeq = seqOf(row.base_seq);
  const base = { atSeq: baseSeq, version: seqOf(row.base_version), state: undefined };
  return { ...headOf(row), baseSeq, base: baseSeq > 0 ? base : undefined };
}

const headOf = (row: Row): Head => ({ seq: seqOf(row.head), logId: unescapeText(textOf(row.log_id)) });

const damaged = (seq: Seq): Reason =>
  new Reason('unreadable', `the log is damaged at seq ${seq}: an event is missing.`);
