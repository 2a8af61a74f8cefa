import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followRun, openRun } from 'rewake';
import type { BothStores } from 'rewake/conformance';
import { type SqliteDatabase, SqliteEventStore, SqliteSnapshotStore } from 'rewake/sqlite';
import { type Case, codeOf, equal, sharedByName, suite } from './guest-suite.ts';

type Database = SqliteDatabase & { close(): void };

const folder = mkdtempSync(join(tmpdir(), 'rewake-runtime-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

// Neither the types of Node 20 nor Node itself know both.
const module: string = 'Bun' in globalThis ? 'bun:sqlite' : 'node:sqlite';
const exported = await import(module);
const Database: new (file: string) => Database = exported.Database ?? exported.DatabaseSync;

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

export const inMemory = (): Case[] => [
  ...suite(() => sharedByName(() => bothOf(new Database(':memory:')))),
  run,
];

const openIn = (scope: string, name: string) => new Database(join(folder, `${scope} ${name}`));

/** As docs/sqlite.md advises. */
function inWal(database: Database): Database {
  database.prepare('PRAGMA journal_mode = WAL').all();
  return database;
}

export const inFile = (): Case[] => [
  ...suite((scope) => (name) => bothOf(inWal(openIn(scope, name)))),
  ...errors,
];

export const inClosedFile = (): Case[] =>
  suite((scope) => (name) => {
    const open = () => openIn(scope, name);
    return {
      snapshots: reopening(open, (database) => new SqliteSnapshotStore(database)),
      events: reopening(open, (database) => new SqliteEventStore(database)),
    };
  });

const run: Case = [
  'a run is opened, followed, closed and opened again',
  async () => {
    const database = new Database(':memory:');
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

const append = (database: SqliteDatabase, event: unknown = 1) =>
  new SqliteEventStore(database).append('a', [event]).then(({ seq }) => seq, codeOf);

const errors: Case[] = [
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
    'a database without room is quota, and goes on with what fits',
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

/** Reads what the others have written into a file, and adds to it. */
export async function passOn(file: string): Promise<Case[]> {
  const database = new Database(file);
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
