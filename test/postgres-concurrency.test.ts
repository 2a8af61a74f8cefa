import type pg from 'pg';
import { type EventStore, isKernelError } from 'rewake';
import { PostgresEventStore } from 'rewake/postgres';
import { expect, test } from 'vitest';
import { codeOf, describeServer, range } from './postgres-server-scene.ts';

// Many connections write one run at once.

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

describeServer('many connections to a PostgreSQL server', ({ poolOf }) => {
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
});
