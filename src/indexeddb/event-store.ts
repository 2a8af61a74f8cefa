import { wrap } from 'idb';
import { checkAppend, checkRunId, checkScan } from '../arguments.ts';
import { capture, putFailure } from '../capture.ts';
import { EventStoreError } from '../errors.ts';
import type { AppendOptions, EventStore, SequencedEvent } from '../event-store.ts';
import { attempt, Failure, staleHead } from '../failure.ts';
import type { RunId, Seq } from '../snapshot-store.ts';
import { Database, type IndexedDbOptions, keysOf } from './database.ts';
import { byRun, GroupCommit } from './group-commit.ts';
import { contentOf, eventRecord, isBatchOf, runIdOf, seqOf } from './record.ts';

/** An append on its way: what is to be written, and what became of it. */
interface Append {
  readonly runId: RunId;
  readonly events: readonly unknown[];
  readonly expectedHead: Seq | undefined;
  readonly writer: string | undefined;
  head: Seq;
  failure: Failure | undefined;
}

/**
 * An {@link EventStore} in IndexedDB: one record per committed batch, in the object store `events`. It opens
 * the database at the first call and opens it again whenever the connection was closed or lost.
 *
 * Appends that arrive while a commit is in flight are committed together, so that many appends without an
 * `await` between them cost about as much as one of all their events.
 *
 * Beside what the contract names, every method rejects with `unavailable`, `timeout` or `blocked` where the
 * database cannot be opened, `newer-version` where a newer release has upgraded it, and `connection-lost`
 * where it broke off midway; `append` also with `quota`.
 *
 * @example
 * const events = new IndexedDbEventStore<{ type: 'imported'; file: string }>();
 * const head = await events.append('import-7', [{ type: 'imported', file: 'a.png' }]);
 * await events.append('import-7', [{ type: 'imported', file: 'b.png' }], { expectedHead: head });
 */
export class IndexedDbEventStore<E> implements EventStore<E> {
  readonly #database: Database;
  readonly #durability: IDBTransactionDurability;
  readonly #immutable: boolean;
  readonly #commits = new GroupCommit<Append>((appends) => this.#commit(appends));

  constructor(options: IndexedDbOptions = {}) {
    this.#database = Database.shared(options);
    this.#durability = options.durability ?? 'strict';
    this.#immutable = options.immutable ?? false;
  }

  append(runId: RunId, events: readonly E[], options?: AppendOptions): Promise<Seq> {
    return attempt(EventStoreError, 'append', runId, async () => {
      checkAppend(runId, events, options);
      // Always a copy: the events are put only when the head is known.
      const captured = this.#immutable ? [...events] : capture(events, 'events');
      const append: Append = {
        runId,
        events: captured,
        expectedHead: options?.expectedHead,
        writer: options?.writer,
        head: 0,
        failure: undefined,
      };
      await this.#commits.add(append);
      if (append.failure) throw append.failure;
      return append.head;
    });
  }

  scan(runId: RunId, from: Seq, limit?: number): Promise<SequencedEvent<E>[]> {
    return attempt(EventStoreError, 'scan', runId, async () => {
      checkScan(runId, from, limit);
      const to = limit ? from + limit - 1 : Number.POSITIVE_INFINITY;
      const [before, keys, records, keyBeyond, recordBeyond] = await this.#database.transact(
        'events',
        'readonly',
        (store) =>
          Promise.all([
            headOf(store, runId, from - 1),
            wrap(store.getAllKeys(keysOf(runId, from, to))),
            wrap(store.getAll(keysOf(runId, from, to))),
            // The one record that may reach beyond the limit: no more is read.
            wrap(store.getAllKeys(keysOf(runId, to + 1), 1)),
            wrap(store.getAll(keysOf(runId, to + 1), 1)),
          ]),
      );
      const scanned = sequence(before, [...keys, ...keyBeyond], [...records, ...recordBeyond], from, to);
      // `E` is the application's word for what it appended to this run.
      return scanned as SequencedEvent<E>[];
    });
  }

  head(runId: RunId): Promise<Seq> {
    return attempt(EventStoreError, 'head', runId, () => {
      checkRunId(runId);
      return this.#database.transact('events', 'readonly', (store) => headOf(store, runId));
    });
  }

  delete(runId: RunId): Promise<void> {
    return attempt(EventStoreError, 'delete', runId, () => {
      checkRunId(runId);
      return this.#commits.alone(() =>
        this.#database.transact('events', 'readwrite', (store) => wrap(store.delete(keysOf(runId))), {
          durability: this.#durability,
        }),
      );
    });
  }

  runIds(): Promise<RunId[]> {
    return attempt(EventStoreError, 'runIds', undefined, () =>
      this.#database.transact('events', 'readonly', async (store) => {
        const runIds: RunId[] = [];
        let after: IDBValidKey = Number.NEGATIVE_INFINITY;
        for (;;) {
          const key: IDBValidKey | undefined = await wrap(store.getKey(IDBKeyRange.lowerBound(after, true)));
          if (key === undefined) return runIds;
          const runId = runIdOf(key);
          if (runId !== undefined) runIds.push(runId);
          // From each run's first key straight on to the next run's, however long the log between them is.
          after = runId === undefined ? key : [runId, []];
        }
      }),
    );
  }

  #commit(appends: readonly Append[]): Promise<void> {
    return this.#database.transact(
      'events',
      'readwrite',
      async (store) => {
        await Promise.all(Array.from(byRun(appends), ([runId, batches]) => appendAll(store, runId, batches)));
      },
      { durability: this.#durability },
    );
  }
}

/** The last seq of the run's last record, or of its last one up to the seq `to`. */
async function headOf(store: IDBObjectStore, runId: RunId, to?: Seq): Promise<Seq> {
  const last = await wrap(store.openKeyCursor(keysOf(runId, 0, to), 'prev'));
  return last ? seqOf(last.key) : 0;
}

/** Appends one run's batches as one record, but for those that expected another head. */
async function appendAll(store: IDBObjectStore, runId: RunId, appends: readonly Append[]): Promise<void> {
  const [first, ...others] = appends;
  // A batch that names its writer has to be found again, and so has a record of its own.
  if (others.length > 0 && appends.some(({ writer }) => writer !== undefined))
    return appendEach(store, runId, appends);
  const head = await headOf(store, runId);
  const batch: unknown[] = [];
  for (const append of appends) {
    const { expectedHead = head + batch.length } = append;
    const stale = expectedHead !== head + batch.length;
    append.failure = stale ? staleHead(expectedHead, head + batch.length) : undefined;
    if (!stale) for (const event of append.events) batch.push(event);
    append.head = head + batch.length;
  }
  if (first?.failure && first.writer !== undefined) return findLanded(store, first);
  if (batch.length === 0) return;
  try {
    store.put(eventRecord(batch, first?.writer), [runId, head + batch.length]);
  } catch (error) {
    // One of them cannot be stored, and only that one is to fail.
    if (others.length > 0) return appendEach(store, runId, appends);
    if (first) first.failure = putFailure(error, first.events, 'events');
  }
}

async function appendEach(store: IDBObjectStore, runId: RunId, appends: readonly Append[]): Promise<void> {
  for (const append of appends) await appendAll(store, runId, [append]);
}

/** The head is not the expected one: it may be so because the same append has landed before. */
async function findLanded(store: IDBObjectStore, append: Append): Promise<void> {
  const { runId, events, writer, expectedHead = 0 } = append;
  const landed = expectedHead + events.length;
  if (!isBatchOf(await wrap(store.get([runId, landed])), writer, events.length)) return;
  append.head = landed;
  append.failure = undefined;
}

/** The events with a seq between `from` and `to`, both inclusive, in the records that follow the event `before`. */
function sequence(
  before: Seq,
  keys: readonly IDBValidKey[],
  records: readonly unknown[],
  from: Seq,
  to: Seq,
): SequencedEvent<unknown>[] {
  const scanned: SequencedEvent<unknown>[] = [];
  let seq = before;
  for (let index = 0; index < keys.length && seq < to; index++) {
    const events = contentOf(records[index], 'events');
    if (!Array.isArray(events) || seqOf(keys[index]) - events.length !== seq) {
      throw new Failure(
        'unreadable',
        `the log is damaged at seq ${seq + 1}: an event is missing or there twice.`,
      );
    }
    for (const event of events) {
      seq++;
      if (seq >= from && seq <= to) scanned.push({ seq, event });
    }
  }
  return scanned;
}
