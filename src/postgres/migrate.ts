import { KernelError } from '../errors/kernel-error.ts';
import { Reason, withContext } from '../errors/reason.ts';
import { codeOf, type Postgres, query, seqOf } from './query.ts';

/** Of the tables below. A later release that changes them raises it. */
const SCHEMA = 1;

/**
 * Near to those of oris-kernel. `JSON` keeps a text as it is; `JSONB` refuses `\u0000` and lone surrogates. A run's row in
 * `kernel_runs` is what its writers wait for. Its end has to take the events with it: a statement that deletes from two
 * tables does not see what is appended while it waits.
 */
const tables: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS kernel_runs (
    run_id TEXT COLLATE "C" PRIMARY KEY,
    log_id TEXT NOT NULL,
    head BIGINT NOT NULL,
    base_seq BIGINT NOT NULL DEFAULT 0,
    base_version BIGINT NOT NULL DEFAULT 1,
    base_json JSON
  )`,
  `CREATE TABLE IF NOT EXISTS kernel_events (
    run_id TEXT COLLATE "C" NOT NULL REFERENCES kernel_runs ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    event_json JSON NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    version BIGINT NOT NULL,
    writer TEXT,
    batch_size BIGINT,
    PRIMARY KEY (run_id, seq)
  )`,
  `CREATE TABLE IF NOT EXISTS kernel_snapshots (
    run_id TEXT COLLATE "C" PRIMARY KEY,
    at_seq BIGINT NOT NULL,
    state_json JSON NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    log_id TEXT,
    version BIGINT NOT NULL
  )`,
];

/**
 * Creates the tables of {@link PostgresEventStore} and {@link PostgresSnapshotStore} in the first schema of the
 * connection's `search_path`, unless they are there. Safe to repeat, also by many servers at once, and after a crash.
 *
 * Rejects with `newer-version` if a newer release has made the tables, with `unavailable` if the role may not make them or
 * others of these names are there, and with `connection-lost`.
 *
 * @example
 * const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
 * await migratePostgres(pool);
 */
export function migratePostgres(db: Postgres): Promise<void> {
  return withContext(KernelError, 'migratePostgres', undefined, async () => {
    await create(db, 'CREATE TABLE IF NOT EXISTS kernel_schema (version BIGINT PRIMARY KEY)');
    const [row] = await query(db, 'SELECT max(version) AS version FROM kernel_schema');
    const found = seqOf(row?.version ?? 0);
    if (found > SCHEMA)
      throw new Reason(
        'newer-version',
        'a newer release of rewake has made the tables. Nothing was changed.',
      );
    for (const table of tables) await create(db, table);
    // Tables of other software may have these names: this fails unless they are rewake's.
    await query(
      db,
      `SELECT FROM kernel_runs run, kernel_events event, kernel_snapshots snapshot
       WHERE run.base_seq = event.batch_size AND snapshot.log_id = event.writer LIMIT 0`,
    );
    await query(db, 'INSERT INTO kernel_schema VALUES ($1) ON CONFLICT DO NOTHING', [SCHEMA]);
  });
}

/** IF NOT EXISTS does not see what another connection is creating, and then fails with one of these. */
async function create(db: Postgres, table: string): Promise<void> {
  try {
    await query(db, table);
  } catch (error) {
    if (!/^(23505|42P07|42710)$/.test(codeOf(Object(error).context?.cause))) throw error;
    await query(db, table);
  }
}
