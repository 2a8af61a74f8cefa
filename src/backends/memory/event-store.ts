import type { AppendOptions, EventStore, SequencedEvent } from '../../contracts/event-store.ts';
import type { RunId, Seq } from '../../contracts/snapshot-store.ts';
import { attempt, staleHead } from '../../errors/failure.ts';
import { EventStoreError } from '../../errors/kernel-error.ts';
import { checkAppend, checkRunId, checkScan } from '../../errors/rules.ts';
import { capture } from '../capture.ts';

interface Log<E> {
  readonly events: E[];
  /** From where to where which writer has appended. */
  readonly landed: Set<string>;
}

/**
 * An {@link EventStore} that lasts as long as the object: for tests, servers, and pages that get no
 * IndexedDB. It keeps the contract to the letter, isolation included.
 *
 * @example
 * const events = new InMemoryEventStore<{ type: 'imported'; file: string }>();
 * const head = await events.append('import-7', [{ type: 'imported', file: 'a.png' }]);
 */
export class InMemoryEventStore<E> implements EventStore<E> {
  readonly #logs = new Map<RunId, Log<E>>();

  append(runId: RunId, events: readonly E[], options?: AppendOptions): Promise<Seq> {
    return attempt(EventStoreError, 'append', runId, () => {
      checkAppend(runId, events, options);
      const captured = capture(events, 'events');
      const log = this.#logs.get(runId) ?? { events: [], landed: new Set() };
      const head = log.events.length;
      const { expectedHead = head, writer } = options ?? {};
      const landed = expectedHead + captured.length;
      const batch = JSON.stringify([expectedHead, landed, writer]);
      if (expectedHead !== head) {
        if (log.landed.has(batch)) return landed;
        throw staleHead(expectedHead, head);
      }
      for (const event of captured) log.events.push(event);
      if (writer !== undefined && captured.length > 0) log.landed.add(batch);
      if (landed > 0) this.#logs.set(runId, log);
      return landed;
    });
  }

  scan(runId: RunId, from: Seq, limit?: number): Promise<SequencedEvent<E>[]> {
    return attempt(EventStoreError, 'scan', runId, () => {
      checkScan(runId, from, limit);
      const events = (this.#logs.get(runId)?.events ?? []).slice(from - 1, limit && from - 1 + limit);
      return structuredClone(events).map((event, index) => ({ seq: from + index, event }));
    });
  }

  head(runId: RunId): Promise<Seq> {
    return attempt(EventStoreError, 'head', runId, () => {
      checkRunId(runId);
      return this.#logs.get(runId)?.events.length ?? 0;
    });
  }

  delete(runId: RunId): Promise<void> {
    return attempt(EventStoreError, 'delete', runId, () => {
      checkRunId(runId);
      this.#logs.delete(runId);
    });
  }

  runIds(): Promise<RunId[]> {
    return attempt(EventStoreError, 'runIds', undefined, () => [...this.#logs.keys()]);
  }
}
