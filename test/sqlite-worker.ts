import { eventStoreCases, snapshotStoreCases, storesCases } from 'rewake/conformance';
import {
  type DurableObjectStorage,
  type SqliteDatabase,
  SqliteEventStore,
  SqliteSnapshotStore,
} from 'rewake/sqlite';

// Runs in workerd, not in Node: a Durable Object that runs the conformance suite over its own storage.

/** A part of the object's database for each name that a case opens: its tables have names of their own. */
function partOf(storage: DurableObjectStorage, name: string): DurableObjectStorage {
  const prefix = `"${name}_kernel_`;
  return {
    sql: {
      exec: (query, ...bindings) =>
        storage.sql.exec(query.replaceAll(/\bkernel_(\w+)/g, `${prefix}$1"`), ...bindings),
    },
    transactionSync: (work) => storage.transactionSync(work),
    sync: () => storage.sync(),
  };
}

/** The interface of `node:sqlite` over the object's storage, which leaves its transactions to the object. */
const asDatabase = ({ sql }: DurableObjectStorage): SqliteDatabase => ({
  prepare: (query) => ({
    all: (...params) => (/^(BEGIN|COMMIT|ROLLBACK)/.test(query) ? [] : sql.exec(query, ...params).toArray()),
  }),
});

const bothOf = (storage: DurableObjectStorage, isDatabase: boolean) => {
  const sqlite = isDatabase ? asDatabase(storage) : storage;
  return { snapshots: new SqliteSnapshotStore(sqlite), events: new SqliteEventStore(sqlite) };
};

async function runCase(storage: DurableObjectStorage, suite: string, index: number): Promise<void> {
  const open = (name: string) => bothOf(partOf(storage, name), suite.endsWith('database'));
  if (suite.startsWith('snapshots')) await snapshotStoreCases[index]?.run((name) => open(name).snapshots);
  if (suite.startsWith('events')) await eventStoreCases[index]?.run((name) => open(name).events);
  if (suite.startsWith('stores')) await storesCases[index]?.run(open);
}

export class Runs {
  readonly #storage: DurableObjectStorage;

  constructor(state: { readonly storage: DurableObjectStorage }) {
    this.#storage = state.storage;
  }

  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const { events, snapshots } = bothOf(this.#storage, false);
    try {
      if (pathname === '/case') {
        await runCase(this.#storage, searchParams.get('suite') ?? '', Number(searchParams.get('index')));
        return new Response('passed');
      }
      if (pathname === '/append') return Response.json(await events.append('a', [searchParams.get('event')]));
      if (pathname === '/scan') return Response.json(await events.scan('a', 1));
      if (pathname === '/stale') {
        const { logId } = await events.append('a', [1, 2]);
        await snapshots.save({ runId: 'a', atSeq: 1, state: 'good', logId });
        const save = (id: string | null) =>
          snapshots.save({ runId: 'a', atSeq: 2, state: 'bad', logId: id }).then(String, ({ code }) => code);
        const codes = [await save('other')];
        await events.delete('a');
        codes.push(await save(logId));
        return Response.json([codes, (await snapshots.loadLatest('a'))?.state]);
      }
      if (pathname === '/newer') {
        this.#storage.sql.exec('CREATE TABLE kernel_schema (version INTEGER PRIMARY KEY)');
        this.#storage.sql.exec('INSERT INTO kernel_schema VALUES (2)');
        return new Response(await events.head('a').then(String, ({ code }) => code));
      }
      if (pathname === '/long') {
        // 6 MB, and a pair of surrogates at each place where it could be cut.
        const text = `${'x'.repeat(499_998)}\u{1F98A}`.repeat(8);
        const { logId } = await events.append('a', [text, 'short', text]);
        await snapshots.save({ runId: 'a', atSeq: 2, state: text, logId });
        await events.compact('a', { atSeq: 1, logId, version: 1, state: text });
        const scanned = (await events.scan('a', 2)).events.map(({ event }) => event);
        const isSame = [
          scanned[1],
          (await snapshots.loadLatest('a'))?.state,
          (await events.base('a'))?.state,
        ];
        await events.delete('a');
        await snapshots.delete('a');
        const left = this.#storage.sql.exec('SELECT count(*) AS n FROM kernel_parts').toArray();
        return Response.json([isSame.map((found) => found === text), scanned[0], left]);
      }
      return new Response('no such path', { status: 404 });
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  }
}

interface Env {
  readonly RUNS: { idFromName(name: string): unknown; get(id: unknown): { fetch: typeof fetch } };
}

export const handler = {
  fetch(request: Request, { RUNS }: Env): Promise<Response> {
    const name = new URL(request.url).searchParams.get('object') ?? 'default';
    return RUNS.get(RUNS.idFromName(name)).fetch(request);
  },
};
