import type { EventStore } from '../contracts/event-store.ts';
import type { SnapshotStore } from '../contracts/snapshot-store.ts';
import type { RunId } from '../contracts/words.ts';
import { EventStoreError, isKernelError, KernelError, SnapshotStoreError } from '../errors/kernel-error.ts';
import { Reason, toKernelError, withContext } from '../errors/reason.ts';
import { integer, method, object, optional, type Rule } from '../errors/rules.ts';
import { commitsOf, tellOfChange } from './commits.ts';
import { PROBLEM, problemOf, Refusal, statusOf } from './problem.ts';
import { readBody } from './read-body.ts';
import {
  baseOf,
  baseToJson,
  batchOf,
  decodeText,
  etagOf,
  headOfEtag,
  PAGE,
  pageToJson,
  snapshotOf,
  snapshotToJson,
  storedBaseOf,
  writerOfKey,
} from './wire.ts';

/** What {@link handle} answers requests from: what {@link openStores} gives, or any two backends. */
export interface HandledStores {
  /** Where the runs' snapshots are. */
  readonly snapshots: SnapshotStore<unknown>;
  /** Where the runs' logs are. */
  readonly events: EventStore<unknown>;
}

/** What a request wants done: a method of one of the stores, or to be told of commits (`events.watch`). */
export type HttpOperation =
  | 'events.append'
  | 'events.base'
  | 'events.begin'
  | 'events.compact'
  | 'events.delete'
  | 'events.head'
  | 'events.runIds'
  | 'events.scan'
  | 'events.watch'
  | 'snapshots.delete'
  | 'snapshots.loadLatest'
  | 'snapshots.runIds'
  | 'snapshots.save';

/** What a request asks for, for {@link HandleOptions.authorize}. */
export interface HttpAccess {
  /** The run; `undefined` if it is all of them (`events.runIds`, `snapshots.runIds`). */
  readonly runId: RunId | undefined;
  /** What is to be done with it. */
  readonly operation: HttpOperation;
}

/** How {@link handle} answers; `authorize` is required. */
export interface HandleOptions {
  /**
   * Whether this request may do this: nobody is let in without it. Anything but `true` answers 403, and what it throws
   * 503. It is asked before the body is read. The run is named by the URL alone, and `runId` is its name as the stores get
   * it. Requests with the method GET only read.
   */
  readonly authorize: (request: Request, access: HttpAccess) => boolean | Promise<boolean>;
  /** The largest body that is read, in bytes; 8 MiB by default. */
  readonly maxBytes?: number | undefined;
  /** The most events that one append may have; 100,000 by default. */
  readonly maxEvents?: number | undefined;
  /** How long the body of a request may take to arrive, in milliseconds; 30,000 by default. */
  readonly bodyTimeout?: number | undefined;
  /** How often the head of a run that somebody follows is read, in milliseconds; 1,000 by default. */
  readonly pollEvery?: number | undefined;
  /** Receives what the clients are not told: failures of the stores and of `authorize`. By default, `console.warn`. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const optionRules = object({
  authorize: method,
  maxBytes: optional(integer(1)),
  maxEvents: optional(integer(1)),
  bodyTimeout: optional(integer(1)),
  pollEvery: optional(integer(1)),
  onError: optional(method),
} satisfies Record<keyof HandleOptions, Rule>);

const storeRules = object({
  snapshots: object({ loadLatest: method, save: method, delete: method, runIds: method }),
  events: object({
    append: method,
    scan: method,
    head: method,
    compact: method,
    base: method,
    delete: method,
  }),
});

/** A request that may be answered. */
interface Call extends HandledStores {
  readonly runId: RunId;
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly options: HandleOptions;
}

interface Route {
  readonly operation: HttpOperation;
  readonly answer: (call: Call) => Promise<Response>;
}

type Methods = { readonly [method: string]: Route };

const routes: ReadonlyMap<string, Methods> = /* @__PURE__ */ new Map<string, Methods>([
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

/**
 * Answers one request of {@link HttpEventStore} and {@link HttpSnapshotStore} from two stores: a function from a `Request` to a
 * `Response` of the Fetch API, for Node, Deno, Bun and workerd. It looks at the last part of the URL's path, so that it
 * can be anywhere.
 *
 * **Nobody is let in by default:** `authorize` is asked at every request. A batch is fenced by `If-Match` and safe to repeat by
 * its `Idempotency-Key`. Failures are answered as `application/problem+json`.
 *
 * It sends no CORS headers, and refuses what a page of another site could send without them.
 *
 * Rejects with `invalid-argument` if the stores or the options are not right; everything else is an answer.
 *
 * @example
 * export default {
 *   fetch: (request: Request) =>
 *     handle(request, stores, { authorize: async (request, { runId }) => runId === (await userOf(request))?.runId }),
 * };
 */
export async function handle(
  request: Request,
  stores: HandledStores,
  options: HandleOptions,
): Promise<Response> {
  await withContext(KernelError, 'handle', undefined, () => {
    storeRules('stores', stores);
    optionRules('options', options);
  });
  let operation = 'handle';
  let runId: RunId | undefined;
  try {
    const { pathname, searchParams: query } = new URL(request.url);
    const route = routeOf(request.method, pathname.slice(pathname.lastIndexOf('/') + 1));
    operation = route.operation.replace(/.*\./, '');
    const isOfAll = route.operation.endsWith('.runIds');
    runId = isOfAll ? undefined : runIdOf(query);
    await assertAllowed(request, { runId, operation: route.operation }, options);
    const { maxBytes = 8 * 2 ** 20, bodyTimeout = 30_000 } = options;
    const hasBody = request.method === 'POST' || request.method === 'PUT';
    const body = hasBody ? await readBody(request, { maxBytes, timeout: bodyTimeout }) : undefined;
    const { snapshots, events } = stores;
    return await route.answer({ snapshots, events, runId: runId ?? '', request, query, body, options });
  } catch (error) {
    return refuse(error, operation, runId, request, options);
  }
}

function routeOf(method: string, resource: string): Route {
  const methods = routes.get(resource);
  if (!methods) throw new Refusal(404, 'invalid-argument', `there is no "${resource}" here.`);
  const route = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!route) throw new NotAllowed(Object.keys(methods).join(', '));
  return route;
}

class NotAllowed extends Refusal {
  constructor(readonly allowed: string) {
    super(405, 'invalid-argument', `the method has to be one of ${allowed}.`);
  }
}

function runIdOf(query: URLSearchParams): RunId {
  const named = query.getAll('run');
  const [escaped = ''] = named;
  const runId = named.length === 1 ? parsed(() => decodeText(escaped)) : '';
  if (runId === '') throw new Refusal(400, 'invalid-argument', 'the query has to name one run.');
  return runId;
}

async function assertAllowed(request: Request, access: HttpAccess, options: HandleOptions): Promise<void> {
  let isAllowed: unknown;
  try {
    isAllowed = await options.authorize(request, access);
  } catch (cause) {
    throw new Refusal(503, 'unavailable', 'it cannot be found out who is let in.', cause);
  }
  if (isAllowed !== true) throw new Refusal(403, 'unavailable', 'the server does not let this request in.');
}

/** What the request says, in which nothing of the stores can have gone wrong. */
function parsed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof Reason)) throw cause;
    const detail = 'the request is damaged, or was not made by rewake. Nothing was touched.';
    throw new Refusal(400, 'invalid-argument', detail, cause);
  }
}

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

/** Nothing is to be cached, or taken for anything but what it is. */
const headers = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

const json = (value: unknown, more?: Record<string, string>): Response =>
  new Response(JSON.stringify(value), {
    headers: { ...headers, 'Content-Type': 'application/json', ...more },
  });

/** A write that has nothing to tell. */
const done = () => json(null);

function refuse(
  cause: unknown,
  operation: string,
  runId: RunId | undefined,
  request: Request,
  options: HandleOptions,
): Response {
  const Class = /snapshots?$/.test(new URL(request.url).pathname) ? SnapshotStoreError : EventStoreError;
  const isKnown = isKernelError(cause) || cause instanceof Reason;
  const known = isKnown ? cause : new Reason('unknown', 'the server failed.', { cause });
  const error = toKernelError(Class, operation, runId, known);
  let status = cause instanceof Refusal ? cause.status : statusOf(error.code);
  // RFC 9110: if it is the condition of the request that has failed.
  if (status === 409 && request.headers.has('If-Match')) status = 412;
  if (status >= 500) report(error, options);
  const problem = problemOf(error, status);
  return new Response(JSON.stringify(problem), {
    status,
    headers: {
      ...headers,
      'Content-Type': PROBLEM,
      ...(cause instanceof NotAllowed && { Allow: cause.allowed }),
    },
  });
}

function report(error: unknown, { onError = (error) => console.warn(error) }: HandleOptions): void {
  try {
    onError(error);
  } catch (thrown) {
    (globalThis.reportError ?? console.error)(thrown);
  }
}
