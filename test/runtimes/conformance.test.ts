import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { expectAll, names, runtimes } from './guests.ts';
import { neonProxy } from './neon-proxy.ts';

const run = ['a run is opened, followed, closed and opened again'];
const sqliteErrors = [
  'a file that another connection has locked is blocked, until it is free',
  'a database without room is quota, and goes on with what fits',
  'a file that is no database is unreadable',
];
const postgresErrors = [
  'a connection that is cut is connection-lost, and the next call has another',
  'without tables it is unavailable',
];

describe.each(Object.keys(runtimes))('in %s, the conformance suite over', (runtime) => {
  test.each([
    ['memory', []],
    ['SQLite in memory', run],
    ['SQLite in a file', sqliteErrors],
    ['SQLite in a file that is closed after each call', []],
    ['PGlite', []],
  ])('%s', async (backend, more) => {
    await expectAll(runtime, [backend], [...names, ...more]);
  });
});

describe('in a PostgreSQL server', () => {
  let server: PostgresServer;
  let proxy: Awaited<ReturnType<typeof neonProxy>>;
  let url: string;

  beforeAll(async () => {
    server = await startPostgres({ fsync: 'off' });
    url = `postgres://${server.user}@${server.host}:${server.port}/${server.database}`;
    proxy = await neonProxy(server);
  }, 60_000);
  afterAll(async () => {
    await proxy?.stop();
    await server?.stop();
  }, 60_000);

  for (const runtime of Object.keys(runtimes))
    test.each(['postgres.js', 'Neon'])(`in ${runtime}, the conformance suite over %s`, async (driver) => {
      await expectAll(runtime, [driver, url, proxy.address], [...names, ...postgresErrors]);
    });
});

test('one file is read and written by each of them in turn', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rewake-runtimes-'));
  const all = Object.keys(runtimes);
  for (const [before, runtime] of [...all, ...all].entries())
    await expectAll(runtime, ['passed on', join(folder, 'runs.db')], [`${before} before`]);
  rmSync(folder, { recursive: true });
});
