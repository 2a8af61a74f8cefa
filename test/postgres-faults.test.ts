import { readFileSync } from 'node:fs';
import pg from 'pg';
import { type EventStore, isKernelError } from 'rewake';
import { migratePostgres, type Postgres, PostgresEventStore, PostgresSnapshotStore } from 'rewake/postgres';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as statements from '../src/postgres/statements.ts';
import { hasPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';

// What only a server can do: many connections, broken ones, crashes. `REWAKE_POSTGRES_KILLS=5000` kills as many
// connections; by default there are some hundreds.

const KILLS = Number(process.env.REWAKE_POSTGRES_KILLS ?? 200);
const CRASHES = Math.max(2, Math.min(Math.ceil(KILLS / 1_000), 20));

const range = (length: number) => Array.from({ length }, (_, index) => index);

const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error) => (isKernelError(error) ? error.code : `not a KernelError: ${error}`),
  );

/** Every event of a log is `writer.n`; the seqs are gapless, and each writer's own events are in order. */
async function assertWhole(store: EventStore<string>, runId: string, counts: number[]): Promise<void> {
  const { events } = await store.scan(runId, 1);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  for (const [writer, count] of counts.entries()) {
    const own = events.filter(({ event }) => event.startsWith(`${writer}.`)).map(({ event }) => event);
    expect(own).toEqual(range(count).map((n) => `${writer}.${n}`));
  }
  expect(events.length).toBe(counts.reduce((sum, count) => sum + count, 0));
}

/** Appends until `isOver`, and repeats what was lost on its way; resolves with how many were acknowledged. */
async function appendThrough(
  store: EventStore<string>,
  runId: string,
  writer: number,
  isOver: () => boolean,
): Promise<{ acknowledged: number; repeated: number }> {
  let head: Awaited<ReturnType<typeof store.head>> = { seq: 0, logId: null };
  let repeated = 0;
  while (!isOver()) {
    const { seq: expectedHead, logId } = head;
    for (;;) {
      try {
        head = await store.append(runId, [`${writer}.${expectedHead}`], {
          expectedHead,
          logId,
          writer: `w${writer}`,
        });
        break;
      } catch (error) {
        if (!isKernelError(error, 'connection-lost')) throw error;
        repeated++;
      }
    }
  }
  return { acknowledged: head.seq, repeated };
}

describe.skipIf(!hasPostgres())('a PostgreSQL server (skipped if none is installed)', () => {
  let server: PostgresServer;
  const pools: pg.Pool[] = [];

  function poolOf(options: pg.PoolConfig = {}): pg.Pool {
    const pool = new pg.Pool({ ...server, ...options });
    // A connection that is killed while nobody uses it.
    pool.on('error', () => {});
    pools.push(pool);
    return pool;
  }

  beforeAll(async () => {
    server = await startPostgres();
    await migratePostgres(poolOf());
  }, 60_000);
  afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.end())));
  afterAll(async () => {
    await server?.stop();
  }, 60_000);

  test('20 connections append to one run, unfenced: no gap, no double', async () => {
    const stores = range(20).map(() => new PostgresEventStore<string>(poolOf({ max: 1 })));
    await Promise.all(
      stores.map(async (store, writer) => {
        for (const n of range(50)) await store.append('unfenced', [`${writer}.${n}`]);
      }),
    );
    await assertWhole(new PostgresEventStore(poolOf()), 'unfenced', Array(20).fill(50));
  });

  test('20 connections append to one run, fenced: each seq is given once', async () => {
    const stores = range(20).map(() => new PostgresEventStore<string>(poolOf({ max: 1 })));
    let conflicts = 0;
    await Promise.all(
      stores.map(async (store, writer) => {
        for (let n = 0; n < 10; ) {
          const { seq: expectedHead, logId } = await store.head('fenced');
          try {
            const { seq } = await store.append('fenced', [`${writer}.${n}`], { expectedHead, logId });
            expect(seq).toBe(expectedHead + 1);
            n++;
          } catch (error) {
            if (!isKernelError(error, 'conflict')) throw error;
            conflicts++;
          }
        }
      }),
    );
    expect(conflicts).toBeGreaterThan(0);
    await assertWhole(new PostgresEventStore(poolOf()), 'fenced', Array(20).fill(10));
  });

  /** Calls `work` while an append to the run is in the air, and commits that when `work` waits for it. */
  async function whileAppending(runId: string, work: (pool: pg.Pool) => Promise<unknown>): Promise<void> {
    const client = await poolOf().connect();
    await client.query('BEGIN');
    await new PostgresEventStore(client).append(runId, ['late', 'late']);
    const watching = poolOf();
    const working = work(poolOf({ application_name: `waits for ${runId}` }));
    for (let waiting = 0; waiting === 0; ) {
      const { rowCount } = await watching.query(
        `SELECT FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`,
        [`waits for ${runId}`],
      );
      waiting = rowCount ?? 0;
    }
    await client.query('COMMIT');
    client.release();
    await working;
  }

  const rowsOf = async (runId: string): Promise<number[]> => {
    const { rows } = await poolOf().query('SELECT seq FROM kernel_events WHERE run_id = $1 ORDER BY seq', [
      runId,
    ]);
    return rows.map(({ seq }) => Number(seq));
  };

  test('a deletion that waits for an append takes its events, too', async () => {
    await new PostgresEventStore(poolOf()).append('deleted', [1]);
    await whileAppending('deleted', (pool) => new PostgresEventStore(pool).delete('deleted'));
    expect(await rowsOf('deleted')).toEqual([]);
  });

  test('an append, a compaction and a base that wait for an append see what it made of the log', async () => {
    const store = new PostgresEventStore<unknown>(poolOf());
    const { logId } = await store.append('waited', [1]);
    await whileAppending('waited', (pool) => new PostgresEventStore(pool).append('waited', ['after']));
    expect((await store.scan('waited', 1)).events.map(({ event }) => event)).toEqual([
      1,
      'late',
      'late',
      'after',
    ]);
    const fenced = (pool: pg.Pool) =>
      new PostgresEventStore(pool).append('waited', ['stale'], { expectedHead: 4, logId });
    await whileAppending('waited', async (pool) => expect(await codeOf(fenced(pool))).toBe('conflict'));
    expect((await store.head('waited')).seq).toBe(6);
    const begin = (pool: pg.Pool) =>
      new PostgresEventStore(pool).begin(
        'waited',
        { atSeq: 7, version: 1, state: 'stale' },
        { seq: 6, logId },
      );
    await whileAppending('waited', async (pool) => expect(await codeOf(begin(pool))).toBe('conflict'));
    const compact = (pool: pg.Pool) =>
      new PostgresEventStore(pool).compact('waited', { atSeq: 5, logId, version: 1, state: 'sum' });
    await whileAppending('waited', compact);
    expect(await store.head('waited')).toEqual({ seq: 10, logId });
    expect(await rowsOf('waited')).toEqual([6, 7, 8, 9, 10]);
  });

  test('under a stricter isolation, what PostgreSQL takes back is tried again', async () => {
    const options = { max: 1, options: '-c default_transaction_isolation=serializable' };
    const stores = range(4).map(() => new PostgresEventStore<string>(poolOf(options)));
    await Promise.all(
      stores.map(async (store, writer) => {
        for (const n of range(10)) await store.append('strict', [`${writer}.${n}`]);
      }),
    );
    await assertWhole(new PostgresEventStore(poolOf()), 'strict', Array(4).fill(10));
  });

  test('answers are lost: what is repeated is there, once', async () => {
    const pool = poolOf({ max: 4 });
    // Some statements are done, and nobody hears of it.
    const lossy: Postgres = {
      async query(text, params) {
        const result = await pool.query(text, params);
        if (Math.random() < 0.3) throw new Error('Connection terminated unexpectedly');
        return result;
      },
    };
    const writers = range(4).map(async (writer) => {
      let appends = 0;
      const outcome = await appendThrough(
        new PostgresEventStore(lossy),
        `lossy ${writer}`,
        writer,
        () => appends++ === 50,
      );
      const { events } = await new PostgresEventStore<string>(pool).scan(`lossy ${writer}`, 1);
      expect(events.map(({ event }) => event)).toEqual(range(50).map((n) => `${writer}.${n}`));
      return outcome;
    });
    const repeated = (await Promise.all(writers)).reduce((sum, outcome) => sum + outcome.repeated, 0);
    expect(repeated).toBeGreaterThan(20);
  });

  test('connections are killed: what was acknowledged is there, once', async () => {
    const pool = poolOf({ max: 8, application_name: 'victim' });
    const killer = poolOf({ max: 1 });
    let kills = 0;
    const writers = range(8).map((writer) =>
      appendThrough(new PostgresEventStore(pool), `killed ${writer}`, writer, () => kills >= KILLS),
    );
    const killing = (async () => {
      while (kills < KILLS) {
        const { rows } = await killer.query(
          `SELECT pg_terminate_backend(pid) AS is_killed FROM pg_stat_activity
           WHERE application_name = 'victim' AND random() < 0.5`,
        );
        kills += rows.filter(({ is_killed }) => is_killed).length;
      }
    })();
    const outcomes = await Promise.all(writers);
    await killing;
    const repeated = outcomes.reduce((sum, outcome) => sum + outcome.repeated, 0);
    expect(repeated).toBeGreaterThan(0);
    for (const [writer, { acknowledged }] of outcomes.entries()) {
      const { events } = await new PostgresEventStore<string>(killer).scan(`killed ${writer}`, 1);
      expect(events.map(({ event }) => event)).toEqual(range(acknowledged).map((n) => `${writer}.${n}`));
    }
    const total = outcomes.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    console.info(`${kills} kills, ${total} acknowledged, ${repeated} repeated, 0 missing or doubled`);
  }, 600_000);

  test('the server crashes and comes back: what was acknowledged is there, once', async () => {
    const pool = poolOf({ max: 4 });
    let isOver = false;
    let acknowledged = 0;
    const counted: EventStore<string> = new PostgresEventStore<string>(pool);
    const writers = range(4).map((writer) =>
      appendThrough(counted, `crashed ${writer}`, writer, () => {
        acknowledged++;
        return isOver;
      }),
    );
    for (let crash = 0; crash < CRASHES; crash++) {
      // Some work before each crash, and at the end.
      const before = acknowledged;
      while (acknowledged < before + 40) await new Promise((resolve) => setImmediate(resolve));
      await server.crash();
    }
    const before = acknowledged;
    while (acknowledged < before + 40) await new Promise((resolve) => setImmediate(resolve));
    isOver = true;
    const outcomes = await Promise.all(writers);
    for (const [writer, outcome] of outcomes.entries()) {
      const { events } = await counted.scan(`crashed ${writer}`, 1);
      expect(events.map(({ event }) => event)).toEqual(
        range(outcome.acknowledged).map((n) => `${writer}.${n}`),
      );
    }
    const total = outcomes.reduce((sum, outcome) => sum + outcome.acknowledged, 0);
    console.info(`${CRASHES} crashes, ${total} acknowledged, 0 missing or doubled`);
  }, 600_000);

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

  test('a statement that the server cancels is a timeout, and has appended nothing', async () => {
    const store = new PostgresEventStore(poolOf({ statement_timeout: 100 }));
    await store.append('locked', [1]);
    const other = await poolOf().connect();
    await other.query('BEGIN');
    await other.query("SELECT FROM kernel_runs WHERE run_id = 'locked' FOR UPDATE");
    expect(await codeOf(store.append('locked', [2]))).toBe('timeout');
    await other.query('ROLLBACK');
    other.release();
    expect((await store.head('locked')).seq).toBe(1);
  });

  test('a server that is not there is connection-lost', async () => {
    const pool = new pg.Pool({ ...server, port: 1 });
    const store = new PostgresEventStore(pool);
    expect(await codeOf(store.append('a', [1]))).toBe('connection-lost');
    expect(await codeOf(store.runIds())).toBe('connection-lost');
    expect(await codeOf(migratePostgres(pool))).toBe('connection-lost');
    await pool.end();
  });

  test('a missing event is unreadable with its seq, wherever it is', async () => {
    const pool = poolOf();
    const store = new PostgresEventStore(pool);
    for (const [runId, seq] of Object.entries({ first: 1, middle: 3, last: 5 })) {
      await store.append(runId, [1, 2, 3, 4, 5]);
      await pool.query('DELETE FROM kernel_events WHERE run_id = $1 AND seq = $2', [runId, seq]);
      const scanning = store.scan(runId, 1);
      await expect(scanning).rejects.toMatchObject({ code: 'unreadable' });
      await expect(scanning).rejects.toThrow(`at seq ${seq}:`);
    }
    expect((await store.scan('last', 1, 4)).events.length).toBe(4);
  });

  test("a value of a later release's format is newer-version", async () => {
    const pool = poolOf();
    await new PostgresEventStore(pool).append('later', [1]);
    await pool.query(`UPDATE kernel_events SET event_json = '{"rewake":2}' WHERE run_id = 'later'`);
    expect(await codeOf(new PostgresEventStore(pool).scan('later', 1))).toBe('newer-version');
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

test('a statement that is taken back is tried ten times, and then fails as it is', async () => {
  let calls = 0;
  const failing = (code: string, times: number): Postgres => ({
    query: async () => {
      if (++calls <= times) throw Object.assign(new Error('taken back'), { code });
      return { rows: [] };
    },
  });
  for (const code of ['40001', '40P01']) {
    calls = 0;
    expect(await new PostgresEventStore(failing(code, 9)).runIds()).toEqual([]);
    expect(calls).toBe(10);
    calls = 0;
    expect(await codeOf(new PostgresEventStore(failing(code, 99)).runIds())).toBe('unknown');
    expect(calls).toBe(10);
  }
  calls = 0;
  expect(await codeOf(new PostgresEventStore(failing('23505', 1)).runIds())).toBe('unknown');
  expect(calls).toBe(1);
});

test.each([
  ['08006', 'connection-lost'],
  ['57P01', 'connection-lost'],
  ['57P03', 'connection-lost'],
  ['53300', 'connection-lost'],
  ['ECONNRESET', 'connection-lost'],
  ['EPIPE', 'connection-lost'],
  ['CONNECTION_CLOSED', 'connection-lost'],
  ['53100', 'quota'],
  ['54000', 'invalid-argument'],
  ['57014', 'timeout'],
  ['42P01', 'unavailable'],
  ['25006', 'unavailable'],
  ['42601', 'unknown'],
])('the code %s is %s', async (code, expected) => {
  const cause = Object.assign(new Error('it says connection, and is not asked'), { code });
  const db: Postgres = { query: () => Promise.reject(cause) };
  await expect(new PostgresEventStore(db).head('a')).rejects.toMatchObject({ code: expected, cause });
});

test.each([
  'Connection terminated unexpectedly',
  'Client was closed and is not queryable',
  'PGlite is closed',
])('an error without a code that says «%s» is connection-lost', async (message) => {
  const db: Postgres = { query: () => Promise.reject(new Error(message)) };
  expect(await codeOf(new PostgresEventStore(db).head('a'))).toBe('connection-lost');
});
