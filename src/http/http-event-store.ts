import { backoff, pause } from '../backends/backoff.ts';
import { capture } from '../backends/capture.ts';
import { InTurn } from '../backends/in-turn.ts';
import { EMPTY, type StoredBase } from '../backends/stored-base.ts';
import type {
  AppendOptions,
  Base,
  EventStore,
  Head,
  LogPage,
  LogWatcher,
  SequencedEvent,
} from '../contracts/event-store.ts';
import type { LogId, RunId, Seq } from '../contracts/words.ts';
import { checkAppend, checkBegin, checkCompact, checkRunId, checkScan } from '../errors/contract-rules.ts';
import { EventStoreError } from '../errors/kernel-error.ts';
import { Reason, toKernelError, withContext, withContextSync } from '../errors/reason.ts';
import { assertShort, HttpClient, type HttpStoreOptions } from './http-client.ts';
import {
  baseOf,
  baseToJson,
  batchToJson,
  etagOf,
  headOf,
  idsOf,
  keyOf,
  nothingOf,
  PAGE,
  pageOf,
} from './wire.ts';

/** Between two requests to be told of commits there is at least one of these, and at most both, in milliseconds. */
const PAUSE = 1_000;
const LONGEST_PAUSE = 15_000;

/**
 * An {@link EventStore} on a server that answers with {@link handle}. Its writes of one run are sent one after the other, in
 * the order of the calls.
 *
 * If a request gets no answer, or one that asks to come again, it is sent again, four times in all, with growing, random
 * pauses: reads, `delete`, `compact`, and appends that name `writer` and `expectedHead`, because these are appended once. What is
 * still unanswered then rejects with `unavailable` if it was a read, and with `connection-lost` if it was a write. If the
 * browser says that it is offline, nothing is sent, and it is `unavailable` at once. So is what the server lets nobody do (401, 403).
 *
 * Run ids may be any string, up to about 12,000 characters as they are encoded in a URL; longer ones, and batches that are
 * larger than the server takes, reject with `invalid-argument`. Blob, File and CryptoKey are `not-cloneable`.
 *
 * @example
 * const events = new HttpEventStore<Event>({ url: '/rewake', headers: { Authorization: `Bearer ${token}` } });
 * const { seq } = await events.append('import-7', [{ type: 'imported', file: 'a.png' }]);
 */
export class HttpEventStore<E> implements EventStore<E> {
  readonly #client: HttpClient;
  readonly #writes = new InTurn();

  constructor(options: HttpStoreOptions) {
    this.#client = new HttpClient(options);
  }

  append(runId: RunId, events: readonly E[], options?: AppendOptions): Promise<Head> {
    return withContext(EventStoreError, 'append', runId, () => {
      checkAppend(runId, events, options);
      assertShort('runId', runId);
      const { expectedHead, logId, writer, version } = options ?? {};
      if (writer !== undefined) assertShort('options.writer', writer);
      // Not only for the copy: it is what says where a value cannot be cloned.
      const body = JSON.stringify(batchToJson(capture(events, 'events'), version));
      return this.#writes.do(runId, () =>
        this.#client.call({
          resource: 'events',
          runId,
          method: 'POST',
          headers: {
            ...(expectedHead !== undefined && { 'If-Match': etagOf(expectedHead, logId) }),
            ...(writer !== undefined && { 'Idempotency-Key': keyOf(writer) }),
          },
          body,
          isRepeatable: expectedHead !== undefined && writer !== undefined,
          read: headOf,
        }),
      );
    });
  }

  scan(runId: RunId, from: Seq, limit?: number): Promise<LogPage<E>> {
    return withContext(EventStoreError, 'scan', runId, async () => {
      checkScan(runId, from, limit);
      assertShort('runId', runId);
      for (;;) {
        const page = await this.#scan(runId, from, limit ?? Number.POSITIVE_INFINITY);
        // `E` is the application's word for what it has appended.
        if (page) return page as LogPage<E>;
      }
    });
  }

  /** `undefined` if the log is replaced by another between two pages. */
  async #scan(runId: RunId, first: Seq, limit: number): Promise<LogPage<unknown> | undefined> {
    const all: SequencedEvent<unknown>[] = [];
    let logId: LogId | null = null;
    for (;;) {
      const from = first + all.length;
      const size = Math.min(PAGE, limit - all.length);
      const page = await this.#client.call({
        resource: 'events',
        runId,
        query: { from, limit: size },
        read: (json) => pageOf(json, from),
      });
      if (all.length > 0 && page.logId !== logId) return undefined;
      logId = page.logId;
      for (const event of page.events) all.push(event);
      if (page.events.length < size || all.length === limit) return { logId, events: all };
    }
  }

  head(runId: RunId): Promise<Head> {
    return withContext(EventStoreError, 'head', runId, () => {
      checkRunId(runId);
      assertShort('runId', runId);
      return this.#client.call({ resource: 'head', runId, read: headOf });
    });
  }

  compact(runId: RunId, base: Base): Promise<void> {
    return withContext(EventStoreError, 'compact', runId, () => {
      checkCompact(runId, base);
      assertShort('runId', runId);
      const body = JSON.stringify(baseToJson({ ...base, state: capture(base.state, 'state') }));
      return this.#writes.do(runId, () =>
        this.#client.call({ resource: 'base', runId, method: 'PUT', body, read: nothingOf }),
      );
    });
  }

  base(runId: RunId): Promise<Base | undefined> {
    return withContext(EventStoreError, 'base', runId, () => {
      checkRunId(runId);
      assertShort('runId', runId);
      const read = (json: unknown) => (json === null ? undefined : baseOf(json));
      return this.#client.call({ resource: 'base', runId, read });
    });
  }

  begin(runId: RunId, base: StoredBase, head: Head = EMPTY): Promise<Head> {
    return withContext(EventStoreError, 'begin', runId, () => {
      checkBegin(runId, base, head);
      assertShort('runId', runId);
      const { atSeq, version } = base;
      const body = JSON.stringify(baseToJson({ atSeq, version, state: capture(base.state, 'state') }));
      return this.#writes.do(runId, () =>
        this.#client.call({
          resource: 'base',
          runId,
          method: 'POST',
          headers: { 'If-Match': etagOf(head.seq, head.logId) },
          body,
          // If it has landed, the store would answer with a conflict.
          isRepeatable: false,
          read: headOf,
        }),
      );
    });
  }

  delete(runId: RunId): Promise<void> {
    return withContext(EventStoreError, 'delete', runId, () => {
      checkRunId(runId);
      assertShort('runId', runId);
      return this.#writes.do(runId, () =>
        this.#client.call({ resource: 'events', runId, method: 'DELETE', read: nothingOf }),
      );
    });
  }

  runIds(): Promise<RunId[]> {
    return withContext(EventStoreError, 'runIds', undefined, () =>
      this.#client.call({ resource: 'runs', read: idsOf }),
    );
  }

  /**
   * The server is asked for its Server-Sent Events, and again whenever they end, from where they ended. `onError` is told
   * once each time that it cannot be reached.
   */
  watch(runId: RunId, { onChange, onError }: LogWatcher): () => void {
    const ending = new AbortController();
    withContextSync(EventStoreError, 'watch', runId, () => {
      checkRunId(runId);
      assertShort('runId', runId);
    });
    const watching = async () => {
      let known: string | undefined;
      let failures = 0;
      const onOpen = () => {
        failures = 0;
      };
      const onEvent = (id: string) => {
        known = id;
        onChange();
      };
      while (!ending.signal.aborted) {
        const headers = {
          Accept: 'text/event-stream',
          ...(known !== undefined && { 'Last-Event-ID': known }),
        };
        try {
          const request = { resource: 'commits', runId, headers };
          await this.#client.follow(request, { onOpen, onEvent }, ending.signal);
        } catch (error) {
          if (ending.signal.aborted) return;
          if (failures++ === 0) onError(toKernelError(EventStoreError, 'watch', runId, error));
          // The signal of the store.
          if (error instanceof Reason && error.code === 'aborted') return;
        }
        await pause(PAUSE + backoff(failures, LONGEST_PAUSE), ending.signal);
      }
    };
    watching();
    return () => ending.abort();
  }
}
