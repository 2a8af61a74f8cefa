import { capture } from '../backends/capture.ts';
import { escapeText, unescapeText } from '../backends/escape-text.ts';
import type { SaveOptions, Snapshot, SnapshotStore } from '../contracts/snapshot-store.ts';
import type { RunId } from '../contracts/words.ts';
import { checkRunId, checkSave } from '../errors/contract-rules.ts';
import { SnapshotStoreError } from '../errors/kernel-error.ts';
import { staleLog, staleSnapshot, withContext } from '../errors/reason.ts';
import { deserialize, serialize } from '../serialization/serialize.ts';
import { connect, type Sqlite, seqOf, textOf } from './connection.ts';
import { dropRests, keepRest, restsOf, split } from './parts.ts';

/**
 * A {@link SnapshotStore} in a SQLite that answers at once: one row per run, and more if the state is longer than a row of a
 * Durable Object may be. Besides what the contract names, every method rejects as {@link SqliteEventStore} does.
 *
 * @example
 * const snapshots = new SqliteSnapshotStore<{ done: number }>(new DatabaseSync('runs.db'));
 * await snapshots.save({ runId: 'import-7', atSeq: 20, state: { done: 20 } });
 */
export class SqliteSnapshotStore<S> implements SnapshotStore<S> {
  readonly #sqlite: Sqlite;

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite;
  }

  loadLatest(runId: RunId): Promise<Snapshot<S> | undefined> {
    return withContext(SnapshotStoreError, 'loadLatest', runId, () => {
      checkRunId(runId);
      const db = connect(this.#sqlite);
      return db.read(() => {
        const run = escapeText(runId);
        const [row] = db.rows(
          'SELECT at_seq, state_json, log_id, version FROM kernel_snapshots WHERE run_id = ?',
          run,
        );
        if (!row) return undefined;
        const version = seqOf(row.version);
        const text = textOf(row.state_json) + (restsOf(db, run, 'snapshot', 0, 0).get(0) ?? '');
        return {
          runId,
          atSeq: seqOf(row.at_seq),
          ...(row.log_id !== null && { logId: unescapeText(textOf(row.log_id)) }),
          ...(version > 1 && { version }),
          // `S` is the application's word for what it saved under this run.
          state: deserialize(text) as S,
        };
      });
    });
  }

  async save(snapshot: Snapshot<S>, options?: SaveOptions): Promise<void> {
    return withContext(SnapshotStoreError, 'save', snapshot?.runId, () => {
      checkSave(snapshot, options);
      const { runId, atSeq, logId, version = 1 } = snapshot;
      const state = serialize(capture(snapshot.state, 'state'), 'state');
      const db = connect(this.#sqlite);
      return db.write(() => {
        const run = escapeText(runId);
        const name = logId ? escapeText(logId) : null;
        const [log] = db.rows('SELECT log_id FROM kernel_runs WHERE run_id = ?', run);
        if (name !== null && log?.log_id !== name) throw staleLog();
        const [row] = db.rows('SELECT at_seq FROM kernel_snapshots WHERE run_id = ?', run);
        const stored = seqOf(row?.at_seq ?? 0);
        if (atSeq < stored) throw staleSnapshot(atSeq, stored);
        const [first, ...rest] = split(state);
        db.rows(
          'INSERT OR REPLACE INTO kernel_snapshots VALUES (?, ?, ?, ?, ?, ?)',
          ...[run, atSeq, first, Date.now(), name, version],
        );
        dropRests(db, run, 'snapshot', 0);
        keepRest(db, run, 'snapshot', 0, rest);
      });
    });
  }

  delete(runId: RunId): Promise<void> {
    return withContext(SnapshotStoreError, 'delete', runId, () => {
      checkRunId(runId);
      const db = connect(this.#sqlite);
      return db.write(() => {
        const run = escapeText(runId);
        dropRests(db, run, 'snapshot', 0);
        db.rows('DELETE FROM kernel_snapshots WHERE run_id = ?', run);
      });
    });
  }

  runIds(): Promise<RunId[]> {
    return withContext(SnapshotStoreError, 'runIds', undefined, () => {
      const db = connect(this.#sqlite);
      return db.read(() =>
        db.rows('SELECT run_id FROM kernel_snapshots').map((row) => unescapeText(textOf(row.run_id))),
      );
    });
  }
}
