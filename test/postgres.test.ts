import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { eventStoreCases, snapshotStoreCases, storesCases } from 'rewake/conformance';
import type { Postgres } from 'rewake/postgres';
import { afterAll, beforeAll, describe, test } from 'vitest';
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
