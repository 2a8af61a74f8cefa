import pg from 'pg';
import { type EventStore, isKernelError } from 'rewake';
import { migratePostgres, type Postgres, PostgresEventStore } from 'rewake/postgres';
import { expect, test } from 'vitest';
import { codeOf, describeServer, range } from './postgres-server-scene.ts';

// Lost answers, broken connections, crashes, damage. `REWAKE_POSTGRES_KILLS=5000` kills as many connections; by default
// there are some hundreds.

const KILLS = Number(process.env.REWAKE_POSTGRES_KILLS ?? 200);
const CRASHES = Math.max(2, Math.min(Math.ceil(KILLS / 1_000), 20));

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

describeServer('a PostgreSQL server', ({ server, poolOf }) => {
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
      await server().crash();
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
    const pool = new pg.Pool({ ...server(), port: 1 });
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
