import { type Postgres, PostgresEventStore } from 'rewake/postgres';
import { inSchemas } from '../postgres-scene.ts';
import { type Case, codeOf, equal, suite } from './guest-suite.ts';
import { installed } from './packages.js';

export async function overPglite(): Promise<Case[]> {
  const { PGlite } = await import('@electric-sql/pglite');
  const db = new PGlite();
  return suite(() => inSchemas(db));
}

export async function overPostgresJs(url: string): Promise<Case[]> {
  const { default: connect } = await import(installed('postgres/src/index.js'));
  const sql = connect(url);
  return overServer({ query: async (text, params) => ({ rows: await sql.unsafe(text, params) }) });
}

export async function overNeon(url: string, proxy: string): Promise<Case[]> {
  const { Pool, neonConfig } = await import(installed('@neondatabase/serverless/index.mjs'));
  Object.assign(neonConfig, {
    wsProxy: () => proxy,
    useSecureWebSocket: false,
    pipelineTLS: false,
    pipelineConnect: false,
  });
  const pool = new Pool({ connectionString: url });
  pool.on('error', () => {});
  return overServer(pool);
}

function overServer(db: Postgres): Case[] {
  const head = (text: string) =>
    new PostgresEventStore({ query: () => db.query(text, []) }).head('a').then(({ seq }) => seq, codeOf);
  return [
    ...suite(() => inSchemas(db)),
    [
      'a connection that is cut is connection-lost, and the next call has another',
      async () => {
        const found = [await head('SELECT pg_terminate_backend(pg_backend_pid())')];
        found.push(await head('SELECT 7 AS head, 0 AS base_seq, 1 AS base_version, $$x$$ AS log_id'));
        equal(found, ['connection-lost', 7]);
      },
    ],
    [
      'without tables it is unavailable',
      async () => equal(await new PostgresEventStore(db).head('a').catch(codeOf), 'unavailable'),
    ],
  ];
}
