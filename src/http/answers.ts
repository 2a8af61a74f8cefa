import type { RunId } from '../contracts/words.ts';
import { Reason } from '../errors/reason.ts';
import { commitsOf, tellOfChange } from './commits.ts';
import { type HandledStores, type HandleOptions, type HttpOperation, report } from './handle-options.ts';
import { Refusal } from './problem.ts';
import {
  baseOf,
  baseToJson,
  batchOf,
  etagOf,
  headOfEtag,
  PAGE,
  pageToJson,
  snapshotOf,
  snapshotToJson,
  storedBaseOf,
  writerOfKey,
} from './wire.ts';

/** A request that may be answered. */
export interface Call extends HandledStores {
  readonly runId: RunId;
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly options: HandleOptions;
}

export interface Route {
  readonly operation: HttpOperation;
  readonly answer: (call: Call) => Promise<Response>;
}

export type Methods = { readonly [method: string]: Route };

/** By the last part of the path, and by the method. */
export const routes: ReadonlyMap<string, Methods> = /* @__PURE__ */ new Map<string, Methods>([
  [
    'events',
    {
      GET: { operation: 'events.scan', answer: scan },
      POST: { operation: 'events.append', answer: append },
      DELETE: { operation: 'events.delete', answer: deleteEvents },
    },
  ],
  ['commits', { GET: { operation: 'events.watch', answer: watch } }],
  ['head', { GET: { operation: 'events.head', answer: head } }],
  [
    'base',
    {
      GET: { operation: 'events.base', answer: base },
      POST: { operation: 'events.begin', answer: begin },
      PUT: { operation: 'events.compact', answer: compact },
    },
  ],
  [
    'snapshot',
    {
      GET: { operation: 'snapshots.loadLatest', answer: loadLatest },
      PUT: { operation: 'snapshots.save', answer: save },
      DELETE: { operation: 'snapshots.delete', answer: deleteSnapshot },
    },
  ],
  [
    'runs',
    { GET: { operation: 'events.runIds', answer: async ({ events }) => json(await events.runIds()) } },
  ],
  [
    'snapshots',
    {
      GET: { operation: 'snapshots.runIds', answer: async ({ snapshots }) => json(await snapshots.runIds()) },
    },
  ],
]);

async function append({ events, runId, request, body, options }: Call): Promise<Response> {
  const { maxEvents = 100_000 } = options;
  const batch = parsed(() => batchOf(body));
  if (batch.events.length > maxEvents) {
    const detail = `the server takes at most ${maxEvents} events at once; these are ${batch.events.length}. Nothing was touched.`;
    throw new Refusal(413, 'invalid-argument', detail);
  }
  const key = request.headers.get('Idempotency-Key');
  const fence = parsed(() => fenceOf(request));
  const writer = parsed(() => (key === null ? undefined : writerOfKey(key)));
  const { version } = batch;
  const after = await events.append(runId, batch.events, { ...fence, writer, version, immutable: true });
  if (batch.events.length > 0) tellOfChange(events, runId);
  return json(after, { ETag: etagOf(after.seq, after.logId) });
}

function fenceOf({ headers }: Request): Partial<ReturnType<typeof headOfEtag>> {
  const etag = headers.get('If-Match');
  return etag === null ? {} : headOfEtag(etag);
}

async function scan({ events, runId, query }: Call): Promise<Response> {
  const limit = integerOf(query, 'limit', PAGE);
  if (limit > PAGE) throw new Refusal(400, 'invalid-argument', `limit must be at most ${PAGE}.`);
  const page = await events.scan(runId, integerOf(query, 'from', 1), limit);
  return json(pageToJson(page));
}

function integerOf(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  return text === null ? otherwise : /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

async function watch({ events, runId, request, options }: Call): Promise<Response> {
  const known = request.headers.get('Last-Event-ID');
  const { pollEvery = 1_000 } = options;
  const stream = commitsOf(events, runId, { known, pollEvery, onError: (error) => report(error, options) });
  return new Response(stream, { headers: { ...headers, 'Content-Type': 'text/event-stream' } });
}

async function head({ events, runId }: Call): Promise<Response> {
  const found = await events.head(runId);
  return json(found, { ETag: etagOf(found.seq, found.logId) });
}

async function base({ events, runId }: Call): Promise<Response> {
  const found = await events.base(runId);
  return json(found ? baseToJson(found) : null);
}

async function begin({ events, runId, request, body }: Call): Promise<Response> {
  const first = parsed(() => storedBaseOf(body));
  const { expectedHead: seq = 0, logId = null } = parsed(() => fenceOf(request));
  const after = await events.begin(runId, first, { seq, logId });
  tellOfChange(events, runId);
  return json(after, { ETag: etagOf(after.seq, after.logId) });
}

async function compact({ events, runId, body }: Call): Promise<Response> {
  await events.compact(
    runId,
    parsed(() => baseOf(body)),
  );
  return done();
}

async function deleteEvents({ events, runId }: Call): Promise<Response> {
  await events.delete(runId);
  tellOfChange(events, runId);
  return done();
}

async function loadLatest({ snapshots, runId }: Call): Promise<Response> {
  const found = await snapshots.loadLatest(runId);
  return json(found ? snapshotToJson(found) : null);
}

async function save({ snapshots, runId, body }: Call): Promise<Response> {
  await snapshots.save(
    parsed(() => snapshotOf(body, runId)),
    { immutable: true },
  );
  return done();
}

async function deleteSnapshot({ snapshots, runId }: Call): Promise<Response> {
  await snapshots.delete(runId);
  return done();
}

/** What the request says, in which nothing of the stores can have gone wrong. */
export function parsed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof Reason)) throw cause;
    const detail = 'the request is damaged, or was not made by this release of rewake. Nothing was touched.';
    throw new Refusal(400, 'invalid-argument', detail, cause);
  }
}

/** Nothing is to be cached, or taken for anything but what it is. */
export const headers = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

const json = (value: unknown, more?: Record<string, string>): Response =>
  new Response(JSON.stringify(value), {
    headers: { ...headers, 'Content-Type': 'application/json', ...more },
  });

/** A write that has nothing to tell. */
const done = () => json(null);
