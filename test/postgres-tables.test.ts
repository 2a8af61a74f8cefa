import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { migratePostgres, PostgresEventStore, PostgresSnapshotStore } from 'rewake/postgres';
import { describe, expect, test } from 'vitest';
import * as statements from '../src/postgres/statements.ts';
import { codeOf, describeServer, range } from './postgres-server-scene.ts';

// The tables: how they are made, and what the statements, and oris-kernel's, do with them.

describeServer('the tables in a PostgreSQL server', ({ poolOf }) => {
  test('every statement but those that list the runs uses indexes alone', async () => {
    const pool = poolOf();
    await pool.query(`
      INSERT INTO kernel_runs (run_id, log_id, head) SELECT 'many ' || n, 'l' || n, 5 FROM generate_series(1, 5000) n`);
    await pool.query(`
      INSERT INTO kernel_events (run_id, seq, event_json, version)
      SELECT 'many ' || n, seq, '{}', 1 FROM generate_series(1, 5000) n, generate_series(1, 5) seq`);
    await pool.query(`
      INSERT INTO kernel_snapshots (run_id, at_seq, state_json, log_id, version)
      SELECT 'many ' || n, 5, '{}', 'l' || n, 1 FROM generate_series(1, 5000) n`);
    await pool.query('ANALYZE');
    const batch = ['many 7', ['{}', '{}'], 2, 1, 'w'];
    const { runIds, snapshotRunIds, ...byRun } = statements;
    const params: Record<keyof typeof byRun, unknown[]> = {
      append: [...batch, 'l'],
      appendFirst: [...batch, 'l'],
      appendAfter: [...batch, 5, 'l7'],
      landed: ['many 7', 5, 'w', 1, 'l7'],
      head: ['many 7'],
      scan: ['many 7', 2, 4],
      base: ['many 7'],
      compact: ['many 7', 3, 1, '{}', 'l7'],
      beginEmpty: ['many 7', 3, 1, '{}', 'l7'],
      beginAnew: ['many 7', 9, 1, '{}', 5, 'l7'],
      deleteRun: ['many 7'],
      saveSnapshot: ['many 7', 5, '{}', 'l7', 1],
      loadSnapshot: ['many 7'],
      guard: ['many 7'],
      deleteSnapshot: ['many 7'],
    };
    for (const [name, statement] of Object.entries(byRun)) {
      const { rows } = await pool.query(`EXPLAIN ${statement}`, Object(params)[name]);
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan, name).not.toMatch(/Seq Scan on kernel_/);
      // A page of a long log reads that page alone.
      if (name === 'scan') expect(plan).toMatch(/Index Cond: .*seq >= .*seq <= /);
      // No scan at all: INSERT … ON CONFLICT asks the unique index.
      if (!/^(append|appendFirst|beginEmpty)$/.test(name)) expect(plan, name).toMatch(/Index .*Scan/);
    }
    const { rows } = await pool.query(`EXPLAIN ${runIds}`);
    expect(JSON.stringify(rows), 'the check sees a scan of the table').toMatch(/Seq Scan on kernel_runs/);
    expect(snapshotRunIds).toContain('kernel_snapshots');
  });

  test('every statement but those that list the runs names its run in each table: one shard', () => {
    const { runIds, snapshotRunIds, ...byRun } = statements;
    for (const [name, statement] of Object.entries(byRun)) {
      // Beside the run itself, only what such a part of the statement has returned.
      const tables = [...statement.matchAll(/(?:FROM|INTO|UPDATE) (kernel_\w+)/g)];
      const named = [...statement.matchAll(/run_id = \$1|SELECT \$1,|VALUES \(\$1,/g)];
      expect(tables.length, name).toBeGreaterThan(0);
      expect(named.length, name).toBe(tables.length);
    }
    expect([runIds, snapshotRunIds].join()).not.toContain('$1');
  });

  test('the tables may be partitioned by run_id, as docs/scaling.md says, and a run is in one partition', async () => {
    const page = readFileSync(new URL('../docs/scaling.md', import.meta.url), 'utf8');
    const [, ddl = ''] = /^```sql\n(CREATE SCHEMA.*?)^```/ms.exec(page) ?? [];
    await poolOf().query(ddl);
    const pool = poolOf({ options: '-c search_path=sharded' });
    await migratePostgres(pool);
    const store = new PostgresEventStore<number>(pool);
    const runIds = range(40).map((n) => `run ${n}`);
    for (const runId of runIds) {
      const { logId } = await store.append(runId, [1, 2, 3]);
      await store.append(runId, [4], { expectedHead: 3, logId });
      await store.compact(runId, { atSeq: 2, logId, version: 1, state: 3 });
      await new PostgresSnapshotStore(pool).save({ runId, atSeq: 4, state: 10, logId });
      expect((await store.scan(runId, 3)).events.map(({ event }) => event)).toEqual([3, 4]);
    }
    expect((await store.runIds()).sort()).toEqual(runIds.toSorted());
    const { rows } = await pool.query(
      'SELECT tableoid::regclass AS part, count(*) FROM kernel_events GROUP BY 1',
    );
    expect(rows.length).toBe(4);
    const { rows: plan } = await pool.query(`EXPLAIN ${statements.scan}`, ['run 7', 3, 4]);
    const parts = JSON.stringify(plan).match(/on kernel_\w+_\d/g);
    expect(parts?.length, 'one of each table').toBe(2);
    await store.delete('run 7');
    const { rowCount } = await pool.query("SELECT FROM kernel_events WHERE run_id = 'run 7'");
    expect(rowCount).toBe(0);
  });

  describe('migratePostgres', () => {
    let schemas = 0;
    async function inSchema(): Promise<pg.Pool> {
      const schema = `m${++schemas}`;
      await poolOf().query(`CREATE SCHEMA ${schema}`);
      return poolOf({ options: `-c search_path=${schema}` });
    }

    test('may be called by many at once, and again', async () => {
      const pool = await inSchema();
      await Promise.all(range(10).map(() => migratePostgres(pool)));
      await new PostgresEventStore(pool).append('a', [1]);
      await migratePostgres(pool);
      expect((await new PostgresEventStore(pool).head('a')).seq).toBe(1);
    });

    test('refuses tables of a newer release, and changes nothing', async () => {
      const pool = await inSchema();
      await pool.query('CREATE TABLE kernel_schema (version BIGINT PRIMARY KEY)');
      await pool.query('INSERT INTO kernel_schema VALUES (1), (2)');
      expect(await codeOf(migratePostgres(pool))).toBe('newer-version');
      const { rows } = await pool.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'm${schemas}'`);
      expect(rows).toEqual([{ tablename: 'kernel_schema' }]);
    });

    test('refuses tables of other software with these names', async () => {
      const pool = await inSchema();
      // As oris-kernel makes them.
      await pool.query(`CREATE TABLE kernel_events (
        run_id TEXT NOT NULL, seq BIGINT NOT NULL, event_json JSONB NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(), PRIMARY KEY (run_id, seq))`);
      expect(await codeOf(migratePostgres(pool))).toBe('unavailable');
    });

    test('without it, the stores say what to do', async () => {
      const pool = await inSchema();
      const appending = new PostgresEventStore(pool).append('a', [1]);
      await expect(appending).rejects.toMatchObject({ code: 'unavailable', runId: 'a', operation: 'append' });
      await expect(appending).rejects.toThrow('migratePostgres');
      expect(await codeOf(new PostgresSnapshotStore(pool).save({ runId: 'a', atSeq: 1, state: 1 }))).toBe(
        'unavailable',
      );
    });

    test('the stores need a role that reads and writes rows, and only the migration one that makes tables', async () => {
      await poolOf().query(`CREATE ROLE app LOGIN;
        GRANT SELECT, INSERT, UPDATE, DELETE ON kernel_runs, kernel_events, kernel_snapshots TO app`);
      const pool = poolOf({ user: 'app' });
      const [events, snapshots] = [new PostgresEventStore(pool), new PostgresSnapshotStore(pool)];
      const { logId } = await events.append('app', [1, 2]);
      await events.append('app', [3], { expectedHead: 2, logId });
      await snapshots.save({ runId: 'app', atSeq: 3, state: 6, logId });
      await events.compact('app', { atSeq: 2, logId, version: 1, state: 3 });
      await events.delete('app');
      await snapshots.delete('app');
      expect(await codeOf(migratePostgres(pool))).toBe('unavailable');
    });

    test('a role that may not write gets unavailable', async () => {
      const pool = poolOf({ options: '-c default_transaction_read_only=on' });
      expect(await codeOf(migratePostgres(pool))).toBe('unavailable');
      expect(await codeOf(new PostgresEventStore(pool).append('a', [1]))).toBe('unavailable');
    });
  });

  test("oris-kernel's own statements read plain JSON", async () => {
    const pool = poolOf();
    const { logId } = await new PostgresEventStore(pool).append('oris', [{ Completed: null }, { n: 2 }]);
    await new PostgresSnapshotStore(pool).save({ runId: 'oris', atSeq: 2, state: { n: 2 }, logId });
    // What it does at its start, and what it reads with. It wants JSON or JSONB in these columns.
    await pool.query(
      `CREATE TABLE IF NOT EXISTS "public".kernel_events (run_id TEXT NOT NULL, seq BIGINT NOT NULL,
       event_json JSONB NOT NULL, created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(), PRIMARY KEY (run_id, seq))`,
    );
    await pool.query(
      'CREATE INDEX IF NOT EXISTS idx_kernel_events_run_created ON "public".kernel_events (run_id, created_at)',
    );
    const { rows: events } = await pool.query(
      'SELECT seq, event_json FROM "public".kernel_events WHERE run_id = $1 AND seq >= $2 ORDER BY seq ASC',
      ['oris', 1],
    );
    expect(events).toEqual([
      { seq: '1', event_json: { Completed: null } },
      { seq: '2', event_json: { n: 2 } },
    ]);
    const { rows: snapshots } = await pool.query(
      `SELECT run_id, at_seq, state_json FROM "public".kernel_snapshots
       WHERE run_id = $1 ORDER BY at_seq DESC LIMIT 1`,
      ['oris'],
    );
    expect(snapshots).toEqual([{ run_id: 'oris', at_seq: '2', state_json: { n: 2 } }]);
    await pool.query('DROP INDEX idx_kernel_events_run_created');
  });
});
