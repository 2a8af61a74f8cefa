import { wrap } from 'idb';
import type { AppendOptions, EventStore, SequencedEvent } from '../../contracts/event-store.ts';
import type { RunId, Seq } from '../../contracts/snapshot-store.ts';
import { attempt, Failure, failureOf, staleHead } from '../../errors/failure.ts';
import { EventStoreError } from '../../errors/kernel-error.ts';
import { checkAppend, checkRunId, checkScan } from '../../errors/rules.ts';
import { capture, putFailure } from '../capture.ts';
import { byRun, GroupCommit } from '../group-commit.ts';
import { Database, type IndexedDbOptions, keysOf } from './database.ts';
import { contentOf, eventRecord, isBatchOf, runIdOf, seqOf } from './record.ts';

/** A longer batch is put in several records, so that a scan in pages does not read all of it for each page. */
const RECORD_LENGTH = 10_000;
const KEYS_AT_ONCE = 100;

/** An append on its way: what is to be written, and what became of it. */
interface Append {
  readonly runId: RunId;
  readonly events: readonly unknown[];
  head: Seq;
  failure?: Failure;
}

/**
 * An {@link EventStore} in IndexedDB: one record per committed batch, or per 10,000 events of a longer one, in
 * the object store `events`. It opens the database at the first call and opens it again whenever the connection
 * was closed or lost.
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
      const { expectedHead, writer } = options ?? {};
      if (expectedHead !== undefined) return this.#appendFenced(runId, events, expectedHead, writer);
      // A copy: the events are put only when the head is known.
      const append: Append = { runId, events: this.#capture(events), head: 0 };
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
        ['events'],
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
      return this.#database.transact(['events'], 'readonly', (store) => headOf(store, runId));
    });
  }

  delete(runId: RunId): Promise<void> {
    return attempt(EventStoreError, 'delete', runId, () => {
      checkRunId(runId);
      return this.#commits.alone(() =>
        this.#database.transact(['events'], 'readwrite', (store) => wrap(store.delete(keysOf(runId))), {
          durability: this.#durability,
        }),
      );
    });
  }

  runIds(): Promise<RunId[]> {
    return attempt(EventStoreError, 'runIds', undefined, () =>
      this.#database.transact(['events'], 'readonly', async (store) => {
        const runIds: RunId[] = [];
        let after: IDBValidKey = Number.NEGATIVE_INFINITY;
        for (;;) {
          const keys: IDBValidKey[] = await wrap(
            store.getAllKeys(IDBKeyRange.lowerBound(after, true), KEYS_AT_ONCE),
          );
          for (const key of keys) {
            const runId = runIdOf(key);
            if (runId !== undefined && runId !== runIds.at(-1)) runIds.push(runId);
            // From here straight on to the next run, however long this one's log is.
            after = runId === undefined ? key : [runId, []];
          }
          if (keys.length < KEYS_AT_ONCE) return runIds;
        }
      }),
    );
  }

  #capture(events: readonly unknown[]): readonly unknown[] {
    return this.#immutable ? [...events] : capture(events, 'events');
  }

  /** Appends where the caller says, at once, and takes it back where the head turns out to be another one. */
  async #appendFenced(
    runId: RunId,
    events: readonly unknown[],
    expectedHead: Seq,
    writer: string | undefined,
  ): Promise<Seq> {
    const head = expectedHead + events.length;
    // What need not wait is captured by put itself.
    let captured = this.#commits.busy ? this.#capture(events) : undefined;
    const append = async (store: IDBObjectStore) => {
      const following = wrap(store.getAllKeys(keysOf(runId, expectedHead)));
      // Where put throws, nobody waits for it.
      following.catch(() => {});
      putBatch(store, runId, expectedHead, captured ?? events, writer);
      const last = (await following).at(-1);
      const actual = last ? seqOf(last) : await headOf(store, runId, expectedHead);
      if (actual !== expectedHead) throw staleHead(expectedHead, actual);
    };
    const beforeWait = () => {
      captured ??= this.#capture(events);
    };
    try {
      await this.#commits.alone(() =>
        this.#database.transact(['events'], 'readwrite', append, {
          durability: this.#durability,
          beforeWait,
        }),
      );
    } catch (error) {
      const landed = error instanceof Failure && error.code === 'conflict' && writer !== undefined;
      if (!landed || !(await this.#hasBatch(runId, head, head - expectedHead, writer))) throw error;
    }
    return head;
  }

  /** Whether the batch of so many events that ends with `lastSeq` is there, and of this writer, by its last record. */
  async #hasBatch(runId: RunId, lastSeq: Seq, length: number, writer: string): Promise<boolean> {
    const record = await this.#database.transact(['events'], 'readonly', (store) =>
      wrap(store.get([runId, lastSeq])),
    );
    return isBatchOf(record, writer, ((length - 1) % RECORD_LENGTH) + 1);
  }

  #commit(appends: readonly Append[]): Promise<void> {
    return this.#database.transact(
      ['events'],
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

/** Appends one run's batches as one record. */
async function appendAll(store: IDBObjectStore, runId: RunId, appends: readonly Append[]): Promise<void> {
  let head = await headOf(store, runId);
  const batch = appends.flatMap(({ events }) => events);
  try {
    putBatch(store, runId, head, batch);
  } catch (error) {
    // One of them cannot be stored, and only that one is to fail. Some records may have been put before it.
    store.delete(keysOf(runId, head + 1));
    const [first, ...others] = appends;
    if (others.length > 0) for (const append of appends) await appendAll(store, runId, [append]);
    else if (first) first.failure = failureOf(error);
    return;
  }
  for (const append of appends) {
    head += append.events.length;
    append.head = head;
  }
}

/** Puts the batch that follows the event `head`. */
function putBatch(
  store: IDBObjectStore,
  runId: RunId,
  head: Seq,
  events: readonly unknown[],
  writer?: string | undefined,
): void {
  try {
    for (let from = 0; from < events.length; from += RECORD_LENGTH) {
      const part = events.slice(from, from + RECORD_LENGTH);
      store.put(eventRecord(part, writer), [runId, head + from + part.length]);
    }
  } catch (error) {
    throw putFailure(error, events, 'events');
  }
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
