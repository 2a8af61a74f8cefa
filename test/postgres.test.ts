import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite, types } from '@electric-sql/pglite';
import pg from 'pg';
import { eventStoreCases, snapshotStoreCases, storesCases } from 'rewake/conformance';
import { migratePostgres, type Postgres, PostgresEventStore } from 'rewake/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as statements from '../src/postgres/statements.ts';
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
  beforeAll(() => db.waitReady, 120_000);
  afterAll(() => db.close());
  suite(() => db);

  test('every text goes to the server and comes back as text: of a JSON, some drivers make their own', async () => {
    await migratePostgres(db);
    const { INT8, TEXT } = types;
    const textArray = 1009;
    for (const [name, statement] of Object.entries(statements)) {
      const { queryParams, resultFields } = await db.describeQuery(statement);
      const params = queryParams.map(({ dataTypeID }) => dataTypeID);
      const results = resultFields.map(({ dataTypeID }) => dataTypeID);
      expect([INT8, TEXT, textArray], name).toEqual(expect.arrayContaining([...new Set(params)]));
      expect([INT8, TEXT], name).toEqual(expect.arrayContaining([...new Set(results)]));
    }
  });

  test('in a folder, it is there when the folder is opened again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rewake-pglite-'));
    const first = new PGlite(folder);
    await migratePostgres(first);
    const { logId } = await new PostgresEventStore(first).append('a', [1, new Map([[1, 2n]])]);
    await first.close();
    const second = new PGlite(folder);
    await migratePostgres(second);
    const { events } = await new PostgresEventStore(second).scan('a', 1);
    expect(events.map(({ event }) => event)).toEqual([1, new Map([[1, 2n]])]);
    expect(await new PostgresEventStore(second).head('a')).toEqual({ seq: 2, logId });
    await second.close();
    rmSync(folder, { recursive: true });
  }, 120_000);
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
