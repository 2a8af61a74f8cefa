import { capture } from '../backends/capture.ts';
import { escapeText, unescapeText } from '../backends/escape-text.ts';
import { randomId } from '../backends/random-id.ts';
import { assertBegins, assertFits, EMPTY, type StoredBase } from '../backends/stored-base.ts';
import type { AppendOptions, Base, EventStore, Head, LogPage } from '../contracts/event-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { checkAppend, checkBegin, checkCompact, checkRunId, checkScan } from '../errors/contract-rules.ts';
import { EventStoreError } from '../errors/kernel-error.ts';
import { compacted, Reason, staleHead, withContext } from '../errors/reason.ts';
import { deserialize, serialize } from '../serialization/serialize.ts';
import { type Connection, connect, type Row, type Sqlite, seqOf, textOf } from './connection.ts';
import { dropRests, keepRest, restsOf, split } from './parts.ts';

/**
 * An {@link EventStore} in a SQLite that answers at once: the storage of a Durable Object, `node:sqlite`, `bun:sqlite`. It
 * makes its tables at the first call. In a Durable Object a promise that resolved is on the disk (`storage.sync()`);
 * elsewhere it is committed, as durable as `PRAGMA synchronous` makes it.
 *
 * Besides what the contract names, every method rejects with `blocked` if another connection keeps the file locked, with
 * `newer-version` if a newer release has made the tables, with `unreadable` if the file is damaged, and with
 * `connection-lost` if a Durable Object broke before its storage was on the disk; writes also with `quota`.
 *
 * @example
 * export class Runs extends DurableObject {
 *   events = new SqliteEventStore<{ type: 'imported'; file: string }>(this.ctx.storage);
 * }
 */
export class SqliteEventStore<E> implements EventStore<E> {
  readonly #sqlite: Sqlite;

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite;
  }

  append(runId: RunId, events: readonly E[], options: AppendOptions = {}): Promise<Head> {
    return withContext(EventStoreError, 'append', runId, () => {
      checkAppend(runId, events, options);
      const batch = capture(events, 'events').map((event, index) => serialize(event, `events[${index}]`));
      const db = connect(this.#sqlite);
      return db.write(() => append(db, escapeText(runId), batch, options));
    });
  }

  scan(runId: RunId, from: Seq, limit?: number): Promise<LogPage<E>> {
    return withContext(EventStoreError, 'scan', runId, () => {
      checkScan(runId, from, limit);
      const to = Math.min(from - 1 + (limit ?? Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
      const db = connect(this.#sqlite);
      return db.read(() => {
        const run = escapeText(runId);
        const { logId, seq: head, base } = logOf(db, run);
        if (base && from <= base.atSeq) throw compacted(from, base.atSeq);
        const rows = db.rows(
          `SELECT seq, event_json, version FROM kernel_events
           WHERE run_id = ? AND seq BETWEEN ? AND ? ORDER BY seq`,
          ...[run, from, to],
        );
        const rests = restsOf(db, run, 'event', from, to);
        const events = rows.map((row, index) => {
          const seq = seqOf(row.seq);
          if (seq !== from + index) throw damaged(from + index);
          const text = textOf(row.event_json) + (rests.get(seq) ?? '');
          // `E` is the application's word for what it appended to this run.
          return { seq, event: deserialize(text) as E, version: seqOf(row.version) };
        });
        const last = from + events.length - 1;
        if (last < Math.min(head, to)) throw damaged(last + 1);
        return { logId, events };
      });
    });
  }

  head(runId: RunId): Promise<Head> {
    return withContext(EventStoreError, 'head', runId, () => {
      checkRunId(runId);
      const db = connect(this.#sqlite);
      return db.read(() => headOf(logOf(db, escapeText(runId))));
    });
  }

  compact(runId: RunId, base: Base): Promise<void> {
    return withContext(EventStoreError, 'compact', runId, () => {
      checkCompact(runId, base);
      const state = serialize(capture(base.state, 'state'), 'state');
      const db = connect(this.#sqlite);
      return db.write(() => {
        const run = escapeText(runId);
        const log = logOf(db, run);
        assertFits(base, log, log.base);
        putBase(db, run, log, base, state);
      });
    });
  }

  base(runId: RunId): Promise<Base | undefined> {
    return withContext(EventStoreError, 'base', runId, () => {
      checkRunId(runId);
      const db = connect(this.#sqlite);
      return db.read(() => {
        const run = escapeText(runId);
        const { base, logId } = logOf(db, run);
        if (!base) return undefined;
        const [row] = db.rows('SELECT base_json FROM kernel_runs WHERE run_id = ?', run);
        const text = textOf(row?.base_json) + (restsOf(db, run, 'base', 0, 0).get(0) ?? '');
        return { ...base, logId, state: deserialize(text) };
      });
    });
  }

  begin(runId: RunId, base: StoredBase, head: Head = EMPTY): Promise<Head> {
    return withContext(EventStoreError, 'begin', runId, () => {
      checkBegin(runId, base, head);
      const state = serialize(capture(base.state, 'state'), 'state');
      const db = connect(this.#sqlite);
      return db.write(() => {
        const run = escapeText(runId);
        const log = logOf(db, run);
        assertBegins(base, head, log, log.base);
        const begun = { seq: base.atSeq, logId: log.logId ?? randomId() };
        putBase(db, run, begun, base, state);
        return begun;
      });
    });
  }

  delete(runId: RunId): Promise<void> {
    return withContext(EventStoreError, 'delete', runId, () => {
      checkRunId(runId);
      const db = connect(this.#sqlite);
      return db.write(() => {
        const run = escapeText(runId);
        dropEvents(db, run, Number.MAX_SAFE_INTEGER);
        dropRests(db, run, 'base', 0);
        db.rows('DELETE FROM kernel_runs WHERE run_id = ?', run);
      });
    });
  }

  runIds(): Promise<RunId[]> {
    return withContext(EventStoreError, 'runIds', undefined, () => {
      const db = connect(this.#sqlite);
      return db.read(() =>
        db.rows('SELECT run_id FROM kernel_runs').map((row) => unescapeText(textOf(row.run_id))),
      );
    });
  }
}

interface Log extends Head {
  /** Without its state. */
  readonly base?: StoredBase;
}

function logOf(db: Connection, run: string): Log {
  const [row] = db.rows('SELECT log_id, head, base_seq, base_version FROM kernel_runs WHERE run_id = ?', run);
  if (!row) return EMPTY;
  const head = { seq: seqOf(row.head), logId: unescapeText(textOf(row.log_id)) };
  const atSeq = seqOf(row.base_seq);
  return atSeq === 0
    ? head
    : { ...head, base: { atSeq, version: seqOf(row.base_version), state: undefined } };
}

const headOf = ({ seq, logId }: Log): Head => ({ seq, logId });

function append(db: Connection, run: string, batch: readonly string[], options: AppendOptions): Head {
  const log = logOf(db, run);
  const { expectedHead = log.seq, logId = log.logId, writer, version = 1 } = options;
  const seq = expectedHead + batch.length;
  const name = writer === undefined ? null : escapeText(writer);
  if (expectedHead !== log.seq || logId !== log.logId) {
    const isItsLog = logId === log.logId || (logId === null && expectedHead === 0);
    if (isItsLog && name !== null && hasLanded(db, run, seq, name, batch.length))
      return { seq, logId: log.logId };
    throw staleHead(expectedHead, log.seq);
  }
  if (batch.length === 0) return headOf(log);
  const identity = logId ?? randomId();
  putRun(db, run, { seq, logId: identity });
  const now = Date.now();
  for (const [index, text] of batch.entries()) {
    const [first, ...rest] = split(text);
    const at = expectedHead + index + 1;
    const batchSize = at === seq && name !== null ? batch.length : null;
    db.rows(
      'INSERT INTO kernel_events VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[run, at, first, now, version, batchSize && name, batchSize],
    );
    keepRest(db, run, 'event', at, rest);
  }
  return { seq, logId: identity };
}

function hasLanded(db: Connection, run: string, seq: Seq, writer: string, length: number): boolean {
  const rows: Row[] = db.rows(
    'SELECT seq FROM kernel_events WHERE run_id = ? AND seq = ? AND writer = ? AND batch_size = ?',
    ...[run, seq, writer, length],
  );
  return rows.length > 0;
}

function putRun(db: Connection, run: string, { seq, logId }: Head): void {
  db.rows(
    `INSERT INTO kernel_runs (run_id, log_id, head) VALUES (?, ?, ?)
     ON CONFLICT (run_id) DO UPDATE SET head = excluded.head`,
    ...[run, logId, seq],
  );
}

/** The log ends with `head`, and begins with the base. */
function putBase(
  db: Connection,
  run: string,
  head: Head,
  { atSeq, version }: StoredBase,
  state: string,
): void {
  const [first, ...rest] = split(state);
  putRun(db, run, head);
  db.rows(
    'UPDATE kernel_runs SET base_seq = ?, base_version = ?, base_json = ? WHERE run_id = ?',
    ...[atSeq, version, first, run],
  );
  dropRests(db, run, 'base', 0);
  keepRest(db, run, 'base', 0, rest);
  dropEvents(db, run, atSeq);
}

function dropEvents(db: Connection, run: string, to: Seq): void {
  db.rows('DELETE FROM kernel_events WHERE run_id = ? AND seq <= ?', run, to);
  dropRests(db, run, 'event', to);
}

const damaged = (seq: Seq): Reason =>
  new Reason('unreadable', `the log is damaged at seq ${seq}: an event is missing.`);
