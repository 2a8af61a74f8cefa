import { backoff, pause } from '../backends/backoff.ts';
import type { RunId } from '../contracts/words.ts';
import { KernelError } from '../errors/kernel-error.ts';
import { Reason, withContextSync } from '../errors/reason.ts';
import { integer, method, object, optional, type Rule, rule } from '../errors/rules.ts';
import { readCommits } from './commits.ts';
import { aborted, failureOf, lost, Retriable, strange } from './failures.ts';
import { encodeText, LONGEST_ID, Misshapen } from './wire.ts';

/** How an {@link HttpEventStore} and an {@link HttpSnapshotStore} reach their server. */
export interface HttpStoreOptions {
  /** Where {@link handle} answers, such as `https://example.com/rewake`; in a page it may be relative. */
  readonly url: string | URL;
  /** In place of the platform's `fetch`: to add a token that expires, or `credentials`. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /** Sent with every request, such as `{ Authorization: … }`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Gives up what is under way, and everything later, with `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long one try may take, in milliseconds; 30,000 by default. A server that tells of commits is silent for 5,000 at
   * most.
   */
  readonly timeout?: number | undefined;
}

const optionRules = object({
  url: rule('an http or https URL without a query', (url) => rootOf(url) !== undefined),
  fetch: optional(method),
  headers: optional(object({})),
  signal: optional(object({ addEventListener: method })),
  timeout: optional(integer(1)),
} satisfies Record<keyof HttpStoreOptions, Rule>);

function rootOf(url: unknown): string | undefined {
  try {
    const { protocol, username, search, hash, href } = new URL(String(url), globalThis.location?.href);
    const isRoot = /^https?:$/.test(protocol) && username + search + hash === '';
    return isRoot ? href.replace(/\/+$/, '') : undefined;
  } catch {
    return undefined;
  }
}

/** For what goes into a URL or a header, the length of which servers limit. */
export const assertShort: (name: string, text: string) => void = rule(
  `shorter than ${LONGEST_ID} characters in a URL`,
  (text) => encodeText(String(text)).length < LONGEST_ID,
);

/** How often a request is tried if it is safe to repeat. */
const TRIES = 4;
/** Far longer than a server that tells of commits is silent. */
const TIMEOUT = 30_000;

/** What is asked for. */
interface HttpRequest {
  /** The last part of the URL's path. */
  readonly resource: string;
  readonly runId?: RunId;
  readonly query?: Readonly<Record<string, number>>;
  /** GET by default. */
  readonly method?: 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface HttpCall<T> extends HttpRequest {
  /** Whether it does the same if it is done twice; true by default. */
  readonly isRepeatable?: boolean;
  /** Fails with {@link Misshapen} if this is not what `handle` answers. */
  readonly read: (json: unknown) => T;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Misshapen();
  }
}

/** Sends requests to a {@link handle}. */
export class HttpClient {
  readonly #options: HttpStoreOptions;
  readonly #root: string;

  constructor(options: HttpStoreOptions) {
    withContextSync(KernelError, 'open', undefined, () => optionRules('options', options));
    this.#options = options;
    this.#root = rootOf(options.url) ?? '';
  }

  /** Fails with `connection-lost` if it is unknown whether a write was done; with anything else, it was not. */
  async call<T>(call: HttpCall<T>): Promise<T> {
    const { isRepeatable = true } = call;
    let unknown: Reason | undefined;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#try(call);
      } catch (error) {
        if (!(error instanceof Reason)) throw error;
        if (error.code === 'connection-lost') unknown = error;
        if (!isRepeatable || tries === TRIES || !(error instanceof Retriable)) {
          // Only the store itself can tell what an earlier try has come to.
          const isTold = error.code === 'conflict' || error.code === 'aborted';
          throw isTold ? error : (unknown ?? error);
        }
        await pause(backoff(tries), this.#options.signal);
      }
    }
  }

  async #try<T>(call: HttpCall<T>): Promise<T> {
    const isWrite = call.method !== undefined;
    const { status, type, text } = await this.send(call, async (response) => ({
      status: response.status,
      type: response.headers.get('Content-Type') ?? '',
      text: await response.text(),
    }));
    if (status !== 200 || !type.startsWith('application/json')) throw failureOf(isWrite, status, type, text);
    try {
      return call.read(jsonOf(text));
    } catch (error) {
      throw error instanceof Misshapen ? strange(isWrite, status) : error;
    }
  }

  /** Calls `onOpen` when the server begins to send events, and `onEvent` with the id of each. Resolves when that ends. */
  follow(
    request: HttpRequest,
    { onOpen, onEvent }: { onOpen(): void; onEvent(id: string): void },
    signal: AbortSignal,
  ): Promise<void> {
    const use = async (response: Response, onLife: () => void): Promise<void> => {
      const { status, headers, body } = response;
      const type = headers.get('Content-Type') ?? '';
      if (status !== 200 || !type.startsWith('text/event-stream') || !body)
        throw failureOf(false, status, type, await response.text());
      onOpen();
      await readCommits(body, onLife, onEvent);
    };
    return this.send(request, use, signal);
  }

  /**
   * Sends the request once, and resolves with what `use` makes of the answer, which may be silent for `timeout` at most:
   * at each sign of life `use` calls `onLife`. `signal` ends it, too.
   */
  async send<T>(
    request: HttpRequest,
    use: (response: Response, onLife: () => void) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const { fetch: send = fetch, headers, timeout = TIMEOUT } = this.#options;
    const { method = 'GET', body } = request;
    const signals = [this.#options.signal, signal].filter((one) => one !== undefined);
    const assertWanted = () => {
      for (const one of signals) if (one.aborted) throw aborted(one);
    };
    assertWanted();
    if (globalThis.navigator?.onLine === false)
      throw new Reason('unavailable', 'this device is offline. Nothing was sent.');
    const trying = new AbortController();
    const stop = () => trying.abort();
    let timer = setTimeout(stop, timeout);
    const onLife = () => {
      clearTimeout(timer);
      timer = setTimeout(stop, timeout);
    };
    for (const one of signals) one.addEventListener('abort', stop);
    try {
      const response = await send(this.#urlOf(request), {
        method,
        headers: {
          ...headers,
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...request.headers,
        },
        ...(body !== undefined && { body }),
        // What is meant for this server goes to no other.
        redirect: 'manual',
        signal: trying.signal,
      });
      return await use(response, onLife);
    } catch (cause) {
      assertWanted();
      if (cause instanceof Reason) throw cause;
      const why = trying.signal.aborted
        ? `the server has not answered for ${timeout} ms`
        : 'the server cannot be reached';
      throw lost(method !== 'GET', why, cause);
    } finally {
      clearTimeout(timer);
      for (const one of signals) one.removeEventListener('abort', stop);
    }
  }

  #urlOf({ resource, runId, query = {} }: HttpRequest): string {
    const parts = Object.entries(query).map(([name, value]) => `${name}=${value}`);
    if (runId !== undefined) parts.unshift(`run=${encodeText(runId)}`);
    return `${this.#root}/${resource}${parts.length > 0 ? '?' : ''}${parts.join('&')}`;
  }
}
