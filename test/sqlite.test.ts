import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventStoreCases, snapshotStoreCases, storesCases } from 'rewake/conformance';
import {
  type DurableObjectStorage,
  type SqliteDatabase,
  SqliteEventStore,
  SqliteSnapshotStore,
} from 'rewake/sqlite';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../e2e/free-port.ts';
import { split } from '../src/sqlite/parts.ts';
import { turn } from './turn.ts';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const suites = { snapshots: snapshotStoreCases, events: eventStoreCases, stores: storesCases };

describe('in a Durable Object, in workerd', () => {
  let folder: string;
  let port: string;
  let workerd: ChildProcess;

  const ask = async (pathname: string, params: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${pathname}?${new URLSearchParams(params)}`);
    return response.text();
  };

  async function start(): Promise<void> {
    // The program itself: the command of the package starts it as a child, which would outlive it.
    const { default: program }: { default: string } = createRequire(import.meta.url)('workerd');
    // It writes to this descriptor when it listens.
    workerd = spawn(program, ['serve', 'config.capnp', '--control-fd=3'], {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    });
    const control = workerd.stdio[3];
    if (!control) throw new Error('There is no control descriptor.');
    await once(control, 'data');
  }

  async function kill(): Promise<void> {
    const exited = once(workerd, 'exit');
    workerd.kill('SIGKILL');
    await exited;
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rewake-workerd-'));
    mkdirSync(join(folder, 'objects'));
    port = await freePort();
    writeFileSync(
      join(folder, 'entry.js'),
      `export { Runs, handler as default } from ${JSON.stringify(path('sqlite-worker.ts'))};`,
    );
    await build({
      configFile: false,
      logLevel: 'error',
      resolve: {
        alias: {
          'rewake/conformance': path('../src/conformance/index.ts'),
          'rewake/sqlite': path('../src/sqlite/index.ts'),
        },
      },
      build: {
        target: 'es2022',
        minify: false,
        outDir: folder,
        emptyOutDir: false,
        copyPublicDir: false,
        lib: { entry: join(folder, 'entry.js'), formats: ['es'], fileName: () => 'worker.js' },
      },
    });
    writeFileSync(
      join(folder, 'config.capnp'),
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "objects", disk = (path = "objects", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-01-01",
  durableObjectNamespaces = [(className = "Runs", uniqueKey = "runs", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [(name = "RUNS", durableObjectNamespace = "Runs")],
);
`,
    );
    await start();
  }, 60_000);
  afterAll(async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const way of ['', ' database']) {
    describe(way ? 'through the interface of node:sqlite' : 'through its storage', () => {
      for (const [suite, cases] of Object.entries(suites))
        for (const [index, { name }] of cases.entries())
          test(name, async () => {
            const object = `${suite}${way} ${index}`;
            const found = await ask('/case', { object, suite: `${suite}${way}`, index: String(index) });
            expect(found).toBe('passed');
          });
    });
  }

  test('what was acknowledged is there after workerd was killed', async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 5; round++) {
      let isOver = false;
      const appending = (async () => {
        for (let n = 0; !isOver; n++) {
          const event = `${round}.${n}`;
          await ask('/append', { object: 'killed', event });
          acknowledged.push(event);
        }
      })().catch(() => {});
      const before = acknowledged.length;
      while (acknowledged.length < before + 20) await new Promise((resolve) => setImmediate(resolve));
      isOver = round === 4;
      await kill();
      await appending;
      await start();
    }
    const { events }: { events: { seq: number; event: string }[] } = JSON.parse(
      await ask('/scan', { object: 'killed' }),
    );
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    const found = events.map(({ event }) => event);
    expect(new Set(found).size).toBe(found.length);
    expect(found).toEqual(expect.arrayContaining(acknowledged));
    // At most the one of each round that nobody heard of.
    expect(found.length - acknowledged.length).toBeLessThanOrEqual(5);
  });

  test('an event, a snapshot and a base may be longer than a row, and nothing of them is left after delete', async () => {
    const [isSame, short, left] = JSON.parse(await ask('/long', { object: 'long' }));
    expect(isSame).toEqual([true, true, true]);
    expect(short).toBe('short');
    expect(left).toEqual([{ n: 0 }]);
  });

  test('a snapshot of another log, or of none, is a conflict, and changes nothing', async () => {
    expect(JSON.parse(await ask('/stale', { object: 'stale' }))).toEqual([['conflict', 'conflict'], 'good']);
  });

  test('tables of a newer release are refused', async () => {
    expect(await ask('/newer', { object: 'newer' })).toBe('newer-version');
  });
});

test('a long text is split between letters, and each part fits in a row', () => {
  for (const before of [0, 1, 2, 499_998, 499_999, 500_000]) {
    const text = `${'x'.repeat(before)}${'\u{1F98A}'.repeat(600_000)}`;
    const parts = split(text);
    expect(parts.join('')).toBe(text);
    for (const part of parts) {
      expect(part).not.toMatch(/\p{Surrogate}/u);
      expect(Buffer.byteLength(part)).toBeLessThan(2_000_000);
    }
  }
  expect(split('')).toEqual(['']);
  expect(split('short')).toEqual(['short']);
});

// Types of Node 20 do not know it.
const module = 'node:sqlite';
const sqlite: { DatabaseSync: new (file: string) => SqliteDatabase & { close(): void } } | undefined =
  await import(module).catch(() => undefined);

describe.skipIf(!sqlite)('in node:sqlite (skipped: this Node has none)', () => {
  let folder: string;
  const opened: { close(): void }[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rewake-sqlite-'));
  });
  afterAll(() => {
    for (const database of opened) database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const openIn = (scope: string) => (name: string) => {
    if (!sqlite) throw new Error('There is no node:sqlite.');
    const database = new sqlite.DatabaseSync(join(folder, `${scope} ${name}.db`));
    opened.push(database);
    return { snapshots: new SqliteSnapshotStore(database), events: new SqliteEventStore(database) };
  };
  for (const [suite, cases] of Object.entries(suites))
    for (const [index, { name }] of cases.entries())
      test(name, async () => {
        const open = openIn(`${suite} ${index}`);
        if (suite === 'snapshots') await snapshotStoreCases[index]?.run((name) => open(name).snapshots);
        if (suite === 'events') await eventStoreCases[index]?.run((name) => open(name).events);
        if (suite === 'stores') await storesCases[index]?.run(open);
      });
});

test('errors of SQLite are told apart by its words', async () => {
  const codes = {
    'database is locked': 'blocked',
    'SQLITE_BUSY: busy': 'blocked',
    'database or disk is full: SQLITE_FULL': 'quota',
    'database disk image is malformed': 'unreadable',
    'file is not a database': 'unreadable',
    'no such column: x': 'unknown',
  };
  for (const [message, code] of Object.entries(codes)) {
    const failing: SqliteDatabase = {
      prepare: () => {
        throw new Error(message);
      },
    };
    const error = await new SqliteEventStore(failing).append('a', [1]).catch((reason) => reason);
    expect([error.code, error.operation, error.runId], message).toEqual([code, 'append', 'a']);
  }
});

test('an error after which SQLite itself has rolled back is told as it is', async () => {
  const rolledBack: SqliteDatabase = {
    prepare: (query) => ({
      all: () => {
        if (query.startsWith('INSERT INTO kernel_events')) throw new Error('database or disk is full');
        if (query === 'ROLLBACK') throw new Error('cannot rollback - no transaction is active');
        return [];
      },
    }),
  };
  const error = await new SqliteEventStore(rolledBack).append('a', [1]).catch((reason) => reason);
  expect([error.code, error.cause.message]).toEqual(['quota', 'database or disk is full']);
});

test('a write resolves when storage.sync() has, and is connection-lost if that fails', async () => {
  const syncs: PromiseWithResolvers[] = [];
  const storage: DurableObjectStorage = {
    sql: { exec: () => ({ toArray: () => [] }) },
    transactionSync: (work) => work(),
    sync: () =>
      new Promise((resolve, reject) => {
        syncs.push({ resolve, reject });
      }),
  };
  const order: string[] = [];
  const save = (atSeq: number) =>
    new SqliteSnapshotStore(storage).save({ runId: 'a', atSeq, state: 1 }).then(
      () => order.push('saved'),
      ({ code }) => order.push(code),
    );
  for (const end of ['resolve', 'reject'] as const) {
    const saving = save(1);
    await turn();
    order.push('synced');
    syncs.at(-1)?.[end]();
    await saving;
  }
  expect(order).toEqual(['synced', 'saved', 'synced', 'connection-lost']);
});

interface PromiseWithResolvers {
  readonly resolve: () => void;
  readonly reject: () => void;
}
