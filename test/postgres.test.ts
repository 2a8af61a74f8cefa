import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { eventStoreCases, snapshotStoreCases, storesCases } from 'rewake/conformance';
import type { Postgres } from 'rewake/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inSchemas } from './postgres-scene.ts';
import { hasPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';

/** The whole conformance suite. */
function suite(db: () => Postgres): void {
  for (const { name, run } of snapshotStoreCases)
    test(name, () => {
      const open = inSchemas(db());
      return run(async (store) => (await open(store)).snapshots);
    });
  for (const { name, run } of eventStoreCases)
    test(name, () => {
      const open = inSchemas(db());
      return run(async (store) => (await open(store)).events);
    });
  for (const { name, run } of storesCases) test(name, () => run(inSchemas(db())));

  test('a snapshot of another log, or of none, is a conflict, and changes nothing', async () => {
    const { events, snapshots } = await inSchemas(db())('stale');
    const { logId } = await events.append('a', [1, 2]);
    await snapshots.save({ runId: 'a', atSeq: 1, state: 'good', logId });
    for (const other of ['other', `${logId}x`])
      await expect(
        snapshots.save({ runId: 'a', atSeq: 2, state: 'bad', logId: other }),
      ).rejects.toMatchObject({
        code: 'conflict',
      });
    expect(await snapshots.loadLatest('a')).toEqual({ runId: 'a', atSeq: 1, state: 'good', logId });
    await events.delete('a');
    await expect(snapshots.save({ runId: 'a', atSeq: 2, state: 'bad', logId })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect((await snapshots.loadLatest('a'))?.state).toBe('good');
  });
}

describe('in PGlite', () => {
  const db = new PGlite();
  afterAll(() => db.close());
  suite(() => db);
});

describe.skipIf(!hasPostgres())('in a PostgreSQL server (skipped if none is installed)', () => {
  let server: PostgresServer;
  let pool: pg.Pool;
  let client: pg.Client;

  beforeAll(async () => {
    server = await startPostgres({ fsync: 'off' });
    pool = new pg.Pool({ ...server, max: 20 });
    client = new pg.Client(server);
    await client.connect();
  }, 60_000);
  afterAll(async () => {
    await client?.end();
    await pool?.end();
    await server?.stop();
  });

  describe('over a Pool', () => suite(() => pool));
  describe('over a Client', () => suite(() => client));
});
