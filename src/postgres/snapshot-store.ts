import { capture } from '../backends/capture.ts';
import { escapeText, unescapeText } from '../backends/escape-text.ts';
import { InTurn } from '../backends/in-turn.ts';
import type { SaveOptions, Snapshot, SnapshotStore } from '../contracts/snapshot-store.ts';
import type { RunId } from '../contracts/words.ts';
import { checkRunId, checkSave } from '../errors/contract-rules.ts';
import { SnapshotStoreError } from '../errors/kernel-error.ts';
import { staleLog, staleSnapshot, withContext } from '../errors/reason.ts';
import { deserialize, serialize } from '../serialization/serialize.ts';
import { type Postgres, query, seqOf, textOf } from './query.ts';
import * as sql from './statements.ts';

/**
 * A {@link SnapshotStore} in PostgreSQL: one row per run. Call {@link migratePostgres} once before. Saves and deletions that
 * one store is told about one run are done in that order.
 *
 * Besides what the contract names, every method rejects as {@link PostgresEventStore} does.
 *
 * @example
 * const snapshots = new PostgresSnapshotStore<{ done: number }>(pool);
 * await snapshots.save({ runId: 'import-7', atSeq: 20, state: { done: 20 } });
 */
export class PostgresSnapshotStore<S> implements SnapshotStore<S> {
  readonly #db: Postgres;
  readonly #turns = new InTurn();

  constructor(db: Postgres) {
    this.#db = db;
  }

  loadLatest(runId: RunId): Promise<Snapshot<S> | undefined> {
    return withContext(SnapshotStoreError, 'loadLatest', runId, async () => {
      checkRunId(runId);
      const [row] = await query(this.#db, sql.loadSnapshot, [escapeText(runId)]);
      if (!row) return undefined;
      const version = seqOf(row.version);
      return {
        runId,
        atSeq: seqOf(row.at_seq),
        ...(row.log_id !== null && { logId: unescapeText(textOf(row.log_id)) }),
        ...(version > 1 && { version }),
        // `S` is the application's word for what it saved under this run.
        state: deserialize(textOf(row.state_json)) as S,
      };
    });
  }

  async save(snapshot: Snapshot<S>, options?: SaveOptions): Promise<void> {
    return withContext(SnapshotStoreError, 'save', snapshot?.runId, () => {
      checkSave(snapshot, options);
      const { runId, atSeq, logId, version = 1 } = snapshot;
      const state = serialize(capture(snapshot.state, 'state'), 'state');
      const run = escapeText(runId);
      const params = [run, atSeq, state, logId ? escapeText(logId) : null, version];
      return this.#turns.do(runId, async () => {
        for (;;) {
          const [saved] = await query(this.#db, sql.saveSnapshot, params);
          if (saved) return;
          const [found] = await query(this.#db, sql.guard, [run]);
          const stored = seqOf(found?.at_seq ?? 0);
          if (logId && found?.log_id !== escapeText(logId)) throw staleLog();
          if (stored > atSeq) throw staleSnapshot(atSeq, stored);
          // It was deleted meanwhile, or the log is back.
        }
      });
    });
  }

  delete(runId: RunId): Promise<void> {
    return withContext(SnapshotStoreError, 'delete', runId, () => {
      checkRunId(runId);
      return this.#turns.do(runId, async () => {
        await query(this.#db, sql.deleteSnapshot, [escapeText(runId)]);
      });
    });
  }

  runIds(): Promise<RunId[]> {
    return withContext(SnapshotStoreError, 'runIds', undefined, async () => {
      const rows = await query(this.#db, sql.snapshotRunIds);
      return rows.map((row) => unescapeText(textOf(row.run_id)));
    });
  }
}
