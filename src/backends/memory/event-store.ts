import type { AppendOptions, Base, EventStore, Head, LogPage } from '../../contracts/event-store.ts';
import type { LogId, RunId, Seq } from '../../contracts/words.ts';
import { checkAppend, checkBegin, checkCompact, checkRunId, checkScan } from '../../errors/contract-rules.ts';
import { EventStoreError } from '../../errors/kernel-error.ts';
import { compacted, staleHead, withContext } from '../../errors/reason.ts';
import { capture } from '../capture.ts';
import { randomId } from '../random-id.ts';
import { assertBegins, assertFits, captureBase, EMPTY, type StoredBase } from '../stored-base.ts';

/** So many appends with a `writer` are remembered for each run, so that they can be repeated. */
const REMEMBERED = 1_000;

interface Log<E> {
  readonly logId: LogId | null;
  readonly base?: StoredBase;
  /** Those after the base. */
  readonly events: { readonly event: E; readonly version: number }[];
  /** The latest appends that named their writers: from where to where, and by whom. */
  readonly landed: Set<string>;
}

/**
 * An {@link EventStore} that lasts as long as the object: for tests, servers, and pages that get no
 * IndexedDB. It keeps the contract to the letter, isolation included. An append can be repeated until 1,000 later
 * ones of its run have named their writers; after that, repeating it rejects with `conflict`.
 *
 * @example
 * const events = new InMemoryEventStore<{ type: 'imported'; file: string }>();
 * const { seq } = await events.append('import-7', [{ type: 'imported', file: 'a.png' }]);
 */
export class InMemoryEventStore<E> implements EventStore<E> {
  readonly #logs = new Map<RunId, Log<E>>();

  append(runId: RunId, events: readonly E[], options?: AppendOptions): Promise<Head> {
    return withContext(EventStoreError, 'append', runId, () => {
      checkAppend(runId, events, options);
      const captured = capture(events, 'events');
      const log = this.#log(runId);
      const head = headOf(log);
      const { expectedHead = head, logId = log.logId, writer, version = 1 } = options ?? {};
      const seq = expectedHead + captured.length;
      const batch = JSON.stringify([expectedHead, seq, writer]);
      if (expectedHead !== head || logId !== log.logId) {
        if (log.landed.has(batch)) return { seq, logId: log.logId };
        throw staleHead(expectedHead, head);
      }
      if (captured.length === 0) return { seq, logId };
      const named = { ...log, logId: logId ?? randomId() };
      this.#logs.set(runId, named);
      for (const event of captured) log.events.push({ event, version });
      if (writer !== undefined) remember(log.landed, batch);
      return { seq, logId: named.logId };
    });
  }

  scan(runId: RunId, from: Seq, limit?: number): Promise<LogPage<E>> {
    return withContext(EventStoreError, 'scan', runId, () => {
      checkScan(runId, from, limit);
      const { logId, base, events } = this.#log(runId);
      const first = from - 1 - (base?.atSeq ?? 0);
      if (base && first < 0) throw compacted(from, base.atSeq);
      const page = structuredClone(events.slice(first, limit && first + limit));
      return { logId, events: page.map((stored, index) => ({ seq: from + index, ...stored })) };
    });
  }

  head(runId: RunId): Promise<Head> {
    return withContext(EventStoreError, 'head', runId, () => {
      checkRunId(runId);
      const log = this.#log(runId);
      return { seq: headOf(log), logId: log.logId };
    });
  }

  compact(runId: RunId, base: Base): Promise<void> {
    return withContext(EventStoreError, 'compact', runId, () => {
      checkCompact(runId, base);
      const captured = captureBase(base);
      const log = this.#log(runId);
      assertFits(base, { seq: headOf(log), logId: log.logId }, log.base);
      const events = log.events.slice(base.atSeq - (log.base?.atSeq ?? 0));
      this.#logs.set(runId, { ...log, base: captured, events });
    });
  }

  base(runId: RunId): Promise<Base | undefined> {
    return withContext(EventStoreError, 'base', runId, () => {
      checkRunId(runId);
      const { base, logId } = this.#log(runId);
      return base && { ...structuredClone(base), logId };
    });
  }

  begin(runId: RunId, base: StoredBase, head: Head = EMPTY): Promise<Head> {
    return withContext(EventStoreError, 'begin', runId, () => {
      checkBegin(runId, base, head);
      const captured = captureBase(base);
      const log = this.#log(runId);
      assertBegins(base, head, { seq: headOf(log), logId: log.logId }, log.base);
      const logId = log.logId ?? randomId();
      this.#logs.set(runId, { ...log, logId, base: captured, events: [] });
      return { seq: base.atSeq, logId };
    });
  }

  delete(runId: RunId): Promise<void> {
    return withContext(EventStoreError, 'delete', runId, () => {
      checkRunId(runId);
      this.#logs.delete(runId);
    });
  }

  runIds(): Promise<RunId[]> {
    return withContext(EventStoreError, 'runIds', undefined, () => [...this.#logs.keys()]);
  }

  #log(runId: RunId): Log<E> {
    return this.#logs.get(runId) ?? { logId: null, events: [], landed: new Set() };
  }
}

const headOf = <E>({ base, events }: Log<E>): Seq => (base?.atSeq ?? 0) + events.length;

/** Adds `batch` and drops what was added 1,000 batches before it. */
function remember(landed: Set<string>, batch: string): void {
  landed.add(batch);
  const [oldest] = landed;
  if (landed.size > REMEMBERED && oldest !== undefined) landed.delete(oldest);
}
