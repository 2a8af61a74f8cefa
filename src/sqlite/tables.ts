/**
 * Near to those of oris-kernel. A text that is longer than a row may be is continued in `kernel_parts`; see `parts.ts`.
 */
export const tables: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS kernel_runs (
    run_id TEXT PRIMARY KEY,
    log_id TEXT NOT NULL,
    head INTEGER NOT NULL,
    base_seq INTEGER NOT NULL DEFAULT 0,
    base_version INTEGER NOT NULL DEFAULT 1,
    base_json TEXT
  )`,
  `CREATE TABLE IF NOT EXISTS kernel_events (
    run_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event_json TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    version INTEGER NOT NULL,
    writer TEXT,
    batch_size INTEGER,
    PRIMARY KEY (run_id, seq)
  )`,
  `CREATE TABLE IF NOT EXISTS kernel_snapshots (
    run_id TEXT PRIMARY KEY,
    at_seq INTEGER NOT NULL,
    state_json TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    log_id TEXT,
    version INTEGER NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS kernel_parts (
    run_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    seq INTEGER NOT NULL,
    part INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (run_id, kind, seq, part)
  )`,
];
