import type { RunId } from '../contracts/words.ts';
import { EventStoreError, isKernelError, KernelError, SnapshotStoreError } from '../errors/kernel-error.ts';
import { Reason, toKernelError, withContext } from '../errors/reason.ts';
import { headers, parsed, type Route, routes } from './answers.ts';
import {
  type HandledStores,
  type HandleOptions,
  type HttpAccess,
  optionRules,
  report,
  storeRules,
} from './handle-options.ts';
import { PROBLEM, problemOf, Refusal, statusOf } from './problem.ts';
import { readBody } from './read-body.ts';
import { decodeText } from './wire.ts';

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
  // RFC 9110: if it is the condition of the request that has failed.
  const hasFailed = error.code === 'conflict' && request.headers.has('If-Match');
  const status = cause instanceof Refusal ? cause.status : hasFailed ? 412 : statusOf(error.code);
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
