import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { followRun, InMemoryEventStore, InMemorySnapshotStore, openRun } from 'rewake';
import {
  type BothStores,
  eventStoreCases,
  type Open,
  snapshotStoreCases,
  storesCases,
} from 'rewake/conformance';
import { HttpEventStore, HttpSnapshotStore } from 'rewake/http';
import { type Postgres, PostgresEventStore } from 'rewake/postgres';
import { type SqliteDatabase, SqliteEventStore, SqliteSnapshotStore } from 'rewake/sqlite';
import { inSchemas } from '../postgres-scene.ts';
import { installed } from './packages.js';

// Runs in Node, bun and Deno, not in vitest: runs what the first argument names, and writes a line of JSON for each case.

type Case = readonly [name: string, run: () => Promise<void>];
type Database = SqliteDatabase & { close(): void };

const isBun = 'Bun' in globalThis;
const folder = mkdtempSync(join(tmpdir(), 'rewake-runtime-'));
const [what = '', where = '', proxy = ''] = process.argv.slice(2);

for (const name of ['rewake/conformance', 'rewake/sqlite', 'rewake/postgres', 'rewake/http'])
  if (!import.meta.resolve(name).includes('/dist/')) throw new Error(`${name} is not the built one.`);

const sharedByName = <T>(create: (name: string) => T): ((name: string) => T) => {
  const all = new Map<string, T>();
  return (name) => {
    const one = all.get(name) ?? create(name);
    all.set(name, one);
    return one;
  };
};

function suite(opener: (scope: string) => Open<BothStores>): Case[] {
  let scopes = 0;
  const open = () => opener(`${++scopes}`);
  return [
    ...snapshotStoreCases.map(({ name, run }): Case => {
      const stores = open();
      return [`snapshots: ${name}`, () => run(async (store) => (await stores(store)).snapshots)];
    }),
    ...eventStoreCases.map(({ name, run }): Case => {
      const stores = open();
      return [`events: ${name}`, () => run(async (store) => (await stores(store)).events)];
    }),
    ...storesCases.map(({ name, run }): Case => [`both: ${name}`, () => run(open())]),
  ];
}

// SQLite

async function sqlite(): Promise<new (file: string) => Database> {
  // Neither the types of Node 20 nor Node itself know both.
  const module = isBun ? 'bun:sqlite' : 'node:sqlite';
  const { DatabaseSync, Database } = await import(module);
  return isBun ? Database : DatabaseSync;
}

const bothOf = (database: SqliteDatabase): BothStores => ({
  snapshots: new SqliteSnapshotStore(database),
  events: new SqliteEventStore(database),
});

/** A store that opens its file at each call, and closes it behind it. */
const reopening = <T extends object>(open: () => Database, storeOf: (database: Database) => T): T =>
  new Proxy(Object.create(null), {
    get: (_, method) => {
      // It is awaited, and is no promise.
      if (method === 'then') return undefined;
      return (...all: unknown[]) => {
        const database = open();
        const store: object = storeOf(database);
        const call: Promise<unknown> = Reflect.apply(Reflect.get(store, method), store, all);
        return call.finally(() => database.close());
      };
    },
  });

async function sqliteErrors(): Promise<Case[]> {
  const Database = await sqlite();
  const append = (database: SqliteDatabase, event: unknown = 1) =>
    new SqliteEventStore(database).append('a', [event]).then(({ seq }) => seq, codeOf);
  return [
    [
      'a file that another connection has locked is blocked, until it is free',
      async () => {
        const [one, two] = [new Database(join(folder, 'locked')), new Database(join(folder, 'locked'))];
        const found = [await append(one), await append(two)];
        one.prepare('BEGIN IMMEDIATE').all();
        found.push(await append(two));
        one.prepare('COMMIT').all();
        found.push(await append(two));
        equal(found, [1, 2, 'blocked', 3]);
      },
    ],
    [
      'a database without room is quota, and goes on when there is some',
      async () => {
        const database = new Database(join(folder, 'full'));
        const found = [await append(database)];
        database.prepare('PRAGMA max_page_count = 20').all();
        found.push(await append(database, 'x'.repeat(100_000)), await append(database));
        equal(found, [1, 'quota', 2]);
      },
    ],
    [
      'a file that is no database is unreadable',
      async () => {
        writeFileSync(join(folder, 'damaged'), 'x'.repeat(10_000));
        equal(await append(new Database(join(folder, 'damaged'))), 'unreadable');
      },
    ],
  ];
}

const run: Case = [
  'a run is opened, followed, closed and opened again',
  async () => {
    const database = new (await sqlite())(':memory:');
    const sum = { runId: 'a', initialState: 0, reduce: (sum: number, add: number) => sum + add };
    const stores = {
      snapshots: new SqliteSnapshotStore<number>(database),
      events: new SqliteEventStore<number>(database),
    };
    const owner = await openRun({ ...sum, stores });
    const follower = await followRun({ ...sum, stores });
    const seen = new Promise<void>((resolve) => {
      follower.subscribe(() => follower.state === 7 && resolve());
    });
    await owner.append(7);
    await seen;
    await Promise.all([owner.close(), follower.close()]);
    const again = await openRun({ ...sum, stores });
    equal([again.state, again.recovery.snapshotSeq], [7, 1]);
    await again.close();
  },
];

/** Reads what the others have written into a file, and adds to it. */
async function passOn(file: string): Promise<Case[]> {
  const database = new (await sqlite())(file);
  const { events, snapshots } = bothOf(database);
  const value = {
    map: new Map([['\u0000\ud800', 2n ** 80n]]),
    date: new Date(5),
    bytes: new Uint8Array([7]),
  };
  const { events: found } = await events.scan('a', 1);
  const { seq: atSeq, logId } = await events.append('a', [value]);
  const last = await snapshots.loadLatest('a');
  await snapshots.save({ runId: 'a', atSeq, state: value, ...(logId && { logId }) });
  database.close();
  return [
    [
      `${found.length} before`,
      async () => {
        for (const { event } of found) equal(event, value);
        equal([last?.atSeq ?? 0, last?.state], [found.length, found.length > 0 ? value : undefined]);
      },
    ],
  ];
}

// PostgreSQL

/** A pool, and what ends its connections. */
async function postgres(): Promise<Postgres> {
  if (what === 'PGlite') {
    const { PGlite } = await import('@electric-sql/pglite');
    return new PGlite();
  }
  if (what === 'postgres.js') {
    const { default: connect } = await import(installed('postgres/src/index.js'));
    const sql = connect(where, { onnotice: () => {} });
    return { query: async (text, params) => ({ rows: await sql.unsafe(text, params) }) };
  }
  const { Pool, neonConfig } = await import(installed('@neondatabase/serverless/index.mjs'));
  Object.assign(neonConfig, {
    wsProxy: () => proxy,
    useSecureWebSocket: false,
    pipelineTLS: false,
    pipelineConnect: false,
  });
  const pool = new Pool({ connectionString: where });
  pool.on('error', () => {});
  return pool;
}

async function postgresCases(): Promise<Case[]> {
  const db = await postgres();
  const all = suite(() => inSchemas(db));
  if (what === 'PGlite') return all;
  const head = (text: string) =>
    new PostgresEventStore({ query: () => db.query(text, []) }).head('a').then(({ seq }) => seq, codeOf);
  return [
    ...all,
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

const codeOf = ({ code }: { code: string }) => code;

function equal(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected))
    throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

async function casesOf(): Promise<Case[]> {
  if (what === 'memory')
    return suite(() =>
      sharedByName(() => ({ snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() })),
    );
  if (what === 'HTTP')
    return suite((scope) => (name) => {
      const url = `${where}/${process.pid}-${scope}/${encodeURIComponent(name)}`;
      return { snapshots: new HttpSnapshotStore({ url }), events: new HttpEventStore({ url }) };
    });
  if (what === 'passed on') return passOn(where);
  if (!what.startsWith('SQLite')) return postgresCases();
  const Database = await sqlite();
  const openIn = (scope: string, name: string) => new Database(join(folder, `${scope} ${name}`));
  if (what === 'SQLite in memory')
    return [...suite(() => sharedByName(() => bothOf(new Database(':memory:')))), run];
  if (what === 'SQLite in a file')
    return [...suite((scope) => (name) => bothOf(openIn(scope, name))), ...(await sqliteErrors())];
  return suite((scope) => (name) => {
    const open = () => openIn(scope, name);
    return {
      snapshots: reopening(open, (database) => new SqliteSnapshotStore(database)),
      events: reopening(open, (database) => new SqliteEventStore(database)),
    };
  });
}

// As a server's socket would: a run that is open keeps no Node running.
setInterval(() => {}, 60_000);
for (const [name, run] of await casesOf()) {
  const error = await run().then(
    () => undefined,
    (reason: unknown) => `${Object(reason).stack}`,
  );
  console.log(JSON.stringify({ name, error }));
}
rmSync(folder, { recursive: true });
// The connections are open.
process.exit();
