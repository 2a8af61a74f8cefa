// Every statement of rewake/postgres but that of runIds names one run by `run_id = $1`, in each table that it touches.
// A JSON is a text on its way to the server and back: some drivers make a JSON of what goes into one, even of a text.

/** The events of an append, after what has claimed their place in the run's row. The last one names batch and writer. */
const appendEvents = `
  appended AS (
    INSERT INTO kernel_events (run_id, seq, event_json, version, writer, batch_size)
    SELECT $1, claimed.head - $3::bigint + n, event::json, $4::bigint,
      CASE WHEN n = $3::bigint THEN $5::text END,
      CASE WHEN n = $3::bigint AND $5::text IS NOT NULL THEN $3::bigint END
    FROM claimed, unnest($2::text[]) WITH ORDINALITY AS batch (event, n)
  )
  SELECT head, log_id FROM claimed`;

/** Whatever the head is. The lock on the run's row orders its writers. */
export const append: string = `
  WITH claimed AS (
    INSERT INTO kernel_runs AS run (run_id, log_id, head) VALUES ($1, $6, $3::bigint)
    ON CONFLICT (run_id) DO UPDATE SET head = run.head + $3::bigint
    RETURNING head, log_id
  ), ${appendEvents}`;

/** If there is no log. */
export const appendFirst: string = `
  WITH claimed AS (
    INSERT INTO kernel_runs (run_id, log_id, head) VALUES ($1, $6, $3::bigint)
    ON CONFLICT (run_id) DO NOTHING
    RETURNING head, log_id
  ), ${appendEvents}`;

/** If the head is $6 and the log $7, whichever if that is NULL. */
export const appendAfter: string = `
  WITH claimed AS (
    UPDATE kernel_runs SET head = head + $3::bigint
    WHERE run_id = $1 AND head = $6::bigint AND ($7::text IS NULL OR log_id = $7::text)
    RETURNING head, log_id
  ), ${appendEvents}`;

export const landed = `
  SELECT FROM kernel_events event
  WHERE run_id = $1 AND seq = $2::bigint AND writer = $3 AND batch_size = $4::bigint
    AND EXISTS (SELECT FROM kernel_runs run WHERE run.run_id = $1 AND run.log_id = $5)`;

export const head = 'SELECT log_id, head, base_seq, base_version FROM kernel_runs WHERE run_id = $1';

/** One snapshot of the database: first the run, if there is one, then its events. */
export const scan = `
  SELECT 0::bigint AS seq, NULL AS event_json, NULL::bigint AS version, log_id, head, base_seq, base_version
  FROM kernel_runs WHERE run_id = $1
  UNION ALL
  SELECT seq, event_json::text, version, NULL, NULL, NULL, NULL
  FROM kernel_events WHERE run_id = $1 AND seq BETWEEN $2::bigint AND $3::bigint
  ORDER BY seq`;

export const base = `
  SELECT log_id, head, base_seq, base_version, base_json::text AS base_json FROM kernel_runs WHERE run_id = $1`;

/**
 * The condition has to hold when the statement begins, and again when the run's row is its own. So the events up to the
 * base were committed before it began, and it sees them all.
 */
export const compact = `
  WITH run AS (
    UPDATE kernel_runs SET base_seq = $2::bigint, base_version = $3::bigint, base_json = $4::text::json
    WHERE run_id = $1 AND log_id = $5 AND base_seq <= $2::bigint AND $2::bigint <= head
      AND (base_seq = 0 OR base_version <= $3::bigint)
    RETURNING run_id
  ), gone AS (
    DELETE FROM kernel_events event USING run WHERE event.run_id = $1 AND event.seq <= $2::bigint
  )
  SELECT run_id FROM run`;

/** If there is no log. */
export const beginEmpty = `
  INSERT INTO kernel_runs (run_id, head, base_seq, base_version, base_json, log_id)
  VALUES ($1, $2::bigint, $2::bigint, $3::bigint, $4::text::json, $5)
  ON CONFLICT (run_id) DO NOTHING
  RETURNING head, log_id`;

/** If the head is $5 and the log $6, as in `compact`: no event is added between the two. */
export const beginAnew = `
  WITH begun AS (
    UPDATE kernel_runs SET head = $2::bigint, base_seq = $2::bigint, base_version = $3::bigint, base_json = $4::text::json
    WHERE run_id = $1 AND head = $5::bigint AND log_id = $6 AND (base_seq = 0 OR base_version <= $3::bigint)
    RETURNING run_id, head, log_id
  ), gone AS (
    DELETE FROM kernel_events event USING begun WHERE event.run_id = $1
  )
  SELECT head, log_id FROM begun`;

/** Its events go with it. */
export const deleteRun = 'DELETE FROM kernel_runs WHERE run_id = $1';

export const runIds = 'SELECT run_id FROM kernel_runs';

/** Unless there is one at a later seq, or $4 is not the log. */
export const saveSnapshot = `
  INSERT INTO kernel_snapshots AS stored (run_id, at_seq, state_json, log_id, version)
  SELECT $1, $2::bigint, $3::text::json, $4::text, $5::bigint
  WHERE $4::text IS NULL OR EXISTS (SELECT FROM kernel_runs run WHERE run.run_id = $1 AND run.log_id = $4::text)
  ON CONFLICT (run_id) DO UPDATE
  SET at_seq = excluded.at_seq, state_json = excluded.state_json, log_id = excluded.log_id,
    version = excluded.version, created_at = now()
  WHERE stored.at_seq <= excluded.at_seq
  RETURNING at_seq`;

export const loadSnapshot = `
  SELECT at_seq, log_id, version, state_json::text AS state_json FROM kernel_snapshots WHERE run_id = $1`;

/** What a save was up against. */
export const guard = `
  SELECT (SELECT at_seq FROM kernel_snapshots WHERE run_id = $1) AS at_seq,
    (SELECT log_id FROM kernel_runs WHERE run_id = $1) AS log_id`;

export const deleteSnapshot = 'DELETE FROM kernel_snapshots WHERE run_id = $1';

export const snapshotRunIds = 'SELECT run_id FROM kernel_snapshots';
