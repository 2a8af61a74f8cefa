import { wrap } from 'idb';
import type {
  AppendOptions,
  Base,
  EventStore,
  Head,
  LogPage,
  SequencedEvent,
} from '../../contracts/event-store.ts';
import type { LogId, RunId, Seq } from '../../contracts/words.ts';
import { checkAppend, checkBegin, checkCompact, checkRunId, checkScan } from '../../errors/contract-rules.ts';
import { EventStoreError } from '../../errors/kernel-error.ts';
import { compacted, Reason, reasonOf, staleHead, withContext } from '../../errors/reason.ts';
import { capture, putReason } from '../capture.ts';
import { byRun, GroupCommit } from '../group-commit.ts';
import { randomId } from '../random-id.ts';
import { assertBegins, assertFits, captureBase, EMPTY, type StoredBase } from '../stored-base.ts';
import {
  Database,
  deletedMeanwhile,
  type IndexedDbOptions,
  keysAndLogIdOf,
  keysOf,
  logIdKeyOf,
  type ObjectStores,
} from './database.ts';
import {
  baseRecord,
  contentOf,
  eventRecord,
  isBase,
  isBatch,
  isBatchOf,
  isSeq,
  logIdKey,
  logIdOf,
  runIdOf,
  seqOf,
  versionOf,
} from './record.ts';

/** A longer batch is put in several records, so that a scan in pages does not read all of it for each page. */
const RECORD_LENGTH = 10_000;
const KEYS_AT_ONCE = 100;

/** An append on its way: what is to be written, and what became of it. */
interface Append {
  readonly runId: RunId;
  readonly events: readonly unknown[];
  readonly version: number | undefined;
  /** How often the database had been deleted when the append was called. */
  readonly deletions: number;
  head: Head;
  failure?: Reason;
}

/**
 * An {@link EventStore} in IndexedDB: one record per committed batch, or per 10,000 events of a longer one, in
 * the object store `events`. It opens the database at the first call and opens it again whenever the connection
 * was closed or lost.
 *
 * Appends that arrive while a commit is in flight are committed together, so that many appends without an
 * `await` between them cost about as much as one of all their events.
 *
 * Besides what the contract names, every method rejects with `unavailable`, `timeout` or `blocked` if the
 * database cannot be opened, with `newer-version` if a newer release has upgraded it, and with `connection-lost`
 * if the connection broke midway; `append` also with `quota`.
 *
 * @example
 * const events = new IndexedDbEventStore<{ type: 'imported'; file: string }>();
 * const { seq, logId } = await events.append('import-7', [{ type: 'imported', file: 'a.png' }]);
 * await events.append('import-7', [{ type: 'imported', file: 'b.png' }], { expectedHead: seq, logId });
 */
export class IndexedDbEventStore<E> implements EventStore<E> {
  readonly #database: Database;
  readonly #durability: IDBTransactionDurability;
  readonly #commits = new GroupCommit<Append>((appends) => this.#commit(appends));

  constructor(options: IndexedDbOptions = {}) {
    this.#database = Database.shared(options);
    this.#durability = options.durability ?? 'strict';
  }

  append(runId: RunId, events: readonly E[], options?: AppendOptions): Promise<Head> {
    return withContext(EventStoreError, 'append', runId, async () => {
      checkAppend(runId, events, options);
      const { expectedHead, ...fence } = options ?? {};
      if (expectedHead !== undefined) return this.#appendFenced(runId, events, { expectedHead, ...fence });
      const { deletions } = this.#database;
      // A copy: the events are put only when the head is known.
      const { version, immutable } = fence;
      const head = { seq: 0, logId: null };
      const append: Append = { runId, events: copy(events, immutable), version, deletions, head };
      await this.#commits.add(append);
      if (append.failure) throw append.failure;
      return append.head;
    });
  }

  scan(runId: RunId, from: Seq, limit?: number): Promise<LogPage<E>> {
    return withContext(EventStoreError, 'scan', runId, async () => {
      checkScan(runId, from, limit);
      const to = limit ? from + limit - 1 : Number.POSITIVE_INFINITY;
      const [before, logId, keys, records, keyBeyond, recordBeyond] = await this.#database.transact(
        'readonly',
        ({ events }) =>
          Promise.all([
            lastSeq(events, runId, from - 1),
            readLogId(events, runId),
            wrap(events.getAllKeys(keysOf(runId, from, to))),
            wrap(events.getAll(keysOf(runId, from, to))),
            // The one record that may reach beyond the limit: no more is read.
            wrap(events.getAllKeys(keysOf(runId, to + 1), 1)),
            wrap(events.getAll(keysOf(runId, to + 1), 1)),
          ]),
      );
      const allKeys = [...keys, ...keyBeyond];
      const scanned = sequence(before, allKeys, [...records, ...recordBeyond], from, to);
      const isEmpty = before === 0 && allKeys.length === 0;
      // `E` is the application's word for what it appended to this run.
      return { logId: isEmpty ? null : logId, events: scanned as SequencedEvent<E>[] };
    });
  }

  head(runId: RunId): Promise<Head> {
    return withContext(EventStoreError, 'head', runId, () => {
      checkRunId(runId);
      return this.#database.transact('readonly', ({ events }) => headOf(events, runId));
    });
  }

  compact(runId: RunId, base: Base): Promise<void> {
    return withContext(EventStoreError, 'compact', runId, async () => {
      checkCompact(runId, base);
      const captured = { ...captureBase(base), logId: base.logId };
      await this.#writeBase((stores) => compactLog(stores, runId, captured));
    });
  }

  base(runId: RunId): Promise<Base | undefined> {
    return withContext(EventStoreError, 'base', runId, () => {
      checkRunId(runId);
      return this.#database.transact('readonly', async ({ events }) => {
        const [base, logId] = await Promise.all([baseOf(events, runId), readLogId(events, runId)]);
        return base && { ...base, logId };
      });
    });
  }

  begin(runId: RunId, base: StoredBase, head: Head = EMPTY): Promise<Head> {
    return withContext(EventStoreError, 'begin', runId, async () => {
      checkBegin(runId, base, head);
      const captured = captureBase(base);
      const expected = { ...head };
      let begun = head;
      await this.#writeBase(async (stores) => {
        begun = await beginLog(stores, runId, captured, expected);
      });
      return begun;
    });
  }

  delete(runId: RunId): Promise<void> {
    return withContext(EventStoreError, 'delete', runId, () => {
      checkRunId(runId);
      const deletion = ({ events }: ObjectStores) => wrap(events.delete(keysAndLogIdOf(runId)));
      return this.#commits.alone(this.#database.unlessDeleted(() => this.#write(deletion)));
    });
  }

  runIds(): Promise<RunId[]> {
    return withContext(EventStoreError, 'runIds', undefined, () =>
      this.#database.transact('readonly', async ({ events: store }) => {
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
            after = runId === undefined ? key : [runId, [[]]];
          }
          if (keys.length < KEYS_AT_ONCE) return runIds;
        }
      }),
    );
  }

  /** Appends after the head that the caller expects, at once, and takes it back if the head turns out to be another. */
  async #appendFenced(
    runId: RunId,
    events: readonly unknown[],
    fence: AppendOptions & { readonly expectedHead: Seq },
  ): Promise<Head> {
    const { expectedHead, logId, writer, version, immutable } = fence;
    // If it need not wait, put captures it.
    let captured = this.#commits.busy ? copy(events, immutable) : undefined;
    let head: Head | undefined;
    const append = async (stores: ObjectStores) => {
      const following = wrap(stores.events.getAllKeys(keysAndLogIdOf(runId, expectedHead)));
      // If put throws, nobody waits for it.
      following.catch(() => {});
      putBatch(stores.events, runId, expectedHead, captured ?? events, { writer, version });
      const keys = await following;
      const last = keys.filter((key) => runIdOf(key) !== undefined).at(-1);
      const seq = last ? seqOf(last) : await lastSeq(stores.events, runId, expectedHead);
      const found = { seq, logId: seq === 0 ? null : logIdOf(keys.at(-1)) };
      if (seq !== expectedHead || (logId !== undefined && logId !== found.logId))
        throw staleHead(expectedHead, seq);
      head = await headAfter(stores, runId, found, events.length);
    };
    const beforeWait = () => {
      captured ??= copy(events, immutable);
    };
    try {
      await this.#commits.alone(this.#database.unlessDeleted(() => this.#write(append, beforeWait)));
    } catch (error) {
      if (!(error instanceof Reason && error.code === 'conflict') || writer === undefined) throw error;
      head = await this.#landed(runId, expectedHead, events.length, writer);
      if (!head) throw error;
    }
    return head ?? { seq: expectedHead + events.length, logId: null };
  }

  /** The end of the batch of so many events after `head`, if it is there and of this writer, by its last record. */
  async #landed(runId: RunId, head: Seq, length: number, writer: string): Promise<Head | undefined> {
    const seq = head + length;
    const [record, logId] = await this.#database.transact('readonly', ({ events }) =>
      Promise.all([wrap(events.get([runId, seq])), readLogId(events, runId)]),
    );
    const isThere = isBatchOf(record, writer, ((length - 1) % RECORD_LENGTH) + 1);
    return isThere ? { seq, logId } : undefined;
  }

  async #commit(appends: readonly Append[]): Promise<void> {
    for (const append of appends)
      if (append.deletions !== this.#database.deletions) append.failure = deletedMeanwhile();
    const left = appends.filter(({ failure }) => !failure);
    if (left.length === 0) return;
    await this.#write(async (stores) => {
      await Promise.all(Array.from(byRun(left), ([runId, batches]) => appendAll(stores, runId, batches)));
    });
  }

  /** Strict in any case: it deletes events whose loss nobody was told to expect. */
  #writeBase(body: (stores: ObjectStores) => Promise<void>): Promise<void> {
    const write = () => this.#database.transact('readwrite', body, { durability: 'strict' });
    return this.#commits.alone(this.#database.unlessDeleted(write));
  }

  async #write(body: (stores: ObjectStores) => Promise<void>, beforeWait?: () => void): Promise<void> {
    const options = { durability: this.#durability, ...(beforeWait && { beforeWait }) };
    await this.#database.transact('readwrite', body, options);
  }
}

/** A copy of a batch; of an immutable one, of the array alone. */
const copy = (events: readonly unknown[], immutable = false): readonly unknown[] =>
  immutable ? [...events] : capture(events, 'events');

/** The last seq of the run's last record, or of its last one up to the seq `to`. */
async function lastSeq(events: IDBObjectStore, runId: RunId, to?: Seq): Promise<Seq> {
  const last = await wrap(events.openKeyCursor(keysOf(runId, 0, to), 'prev'));
  return last ? seqOf(last.key) : 0;
}

async function headOf(events: IDBObjectStore, runId: RunId): Promise<Head> {
  const [seq, logId] = await Promise.all([lastSeq(events, runId), readLogId(events, runId)]);
  return { seq, logId: seq === 0 ? null : logId };
}

const readLogId = async (events: IDBObjectStore, runId: RunId): Promise<LogId | null> =>
  logIdOf(await wrap(events.getKey(logIdKeyOf(runId))));

/** What the run's log begins with, if that is a base. */
async function baseOf(events: IDBObjectStore, runId: RunId): Promise<StoredBase | undefined> {
  const [[key], [record]] = await recordFrom(events, runId, 0);
  if (key === undefined || isBatch(record)) return undefined;
  return { atSeq: seqOf(key), version: versionOf(record), state: contentOf(record, 'base') };
}

/** The key and the value of the record in which the event `seq` is; none if the log ends before it. */
const recordFrom = (events: IDBObjectStore, runId: RunId, seq: Seq): Promise<[IDBValidKey[], unknown[]]> =>
  Promise.all([wrap(events.getAllKeys(keysOf(runId, seq), 1)), wrap(events.getAll(keysOf(runId, seq), 1))]);

/** Puts the base in place of the events up to it. Of the batch that it ends in, the rest stays. */
async function compactLog({ events }: ObjectStores, runId: RunId, base: Base): Promise<void> {
  const { atSeq } = base;
  const [head, present, [[key], [record]]] = await Promise.all([
    headOf(events, runId),
    baseOf(events, runId),
    recordFrom(events, runId, atSeq),
  ]);
  assertFits(base, head, present);
  const last = seqOf(key);
  events.delete(keysOf(runId, 0, atSeq));
  putBase(events, runId, base);
  if (last === atSeq) return;
  const batch = contentOf(record, 'events');
  if (!Array.isArray(batch) || batch.length <= last - atSeq) throw damaged(atSeq);
  // Without its writer: repeated, the whole batch is not to be taken for the part that is left.
  events.put(eventRecord(batch.slice(atSeq - last), undefined, versionOf(record)), [runId, last]);
}

/** Puts the base in place of the log that ends with `expected`. */
async function beginLog(stores: ObjectStores, runId: RunId, base: StoredBase, expected: Head): Promise<Head> {
  const { events } = stores;
  const [head, present] = await Promise.all([headOf(events, runId), baseOf(events, runId)]);
  assertBegins(base, expected, head, present);
  events.delete(keysOf(runId));
  putBase(events, runId, base);
  return headAfter(stores, runId, head, base.atSeq - head.seq);
}

function putBase(events: IDBObjectStore, runId: RunId, base: StoredBase): void {
  try {
    events.put(baseRecord(base), [runId, base.atSeq]);
  } catch (error) {
    throw putReason(error, base.state, 'state');
  }
}

/** The head after so many events were put after `head`. A log that has no identity gets one. */
async function headAfter(stores: ObjectStores, runId: RunId, head: Head, added: number): Promise<Head> {
  const seq = head.seq + added;
  if (head.logId !== null || added === 0) return { seq, logId: head.logId };
  const logId = randomId();
  // Code of rewake 0.1 that deletes a log leaves its identity there.
  stores.events.delete(logIdKeyOf(runId));
  stores.events.put(logId, logIdKey(runId, logId));
  if (head.seq > 0) await adoptSnapshot(stores.snapshots, runId, head.seq, logId);
  return { seq, logId };
}

/** The snapshot that rewake 0.1 has saved of its log remains one of that log. */
async function adoptSnapshot(
  snapshots: IDBObjectStore,
  runId: RunId,
  head: Seq,
  logId: LogId,
): Promise<void> {
  const record: unknown = await wrap(snapshots.get(runId));
  const { atSeq, logId: named } = Object(record);
  if (named === undefined && isSeq(atSeq) && atSeq <= head)
    snapshots.put({ ...Object(record), logId }, runId);
}

/** Appends one run's batches, those of one version as one record. */
async function appendAll(stores: ObjectStores, runId: RunId, appends: readonly Append[]): Promise<void> {
  for (let from = 0; from < appends.length; ) {
    const version = appends[from]?.version;
    const other = appends.findIndex((append, index) => index > from && append.version !== version);
    const to = other < 0 ? appends.length : other;
    await appendTogether(stores, runId, appends.slice(from, to), version);
    from = to;
  }
}

async function appendTogether(
  stores: ObjectStores,
  runId: RunId,
  appends: readonly Append[],
  version: number | undefined,
): Promise<void> {
  const head = await headOf(stores.events, runId);
  const batch = appends.flatMap(({ events }) => events);
  try {
    putBatch(stores.events, runId, head.seq, batch, { version });
  } catch (error) {
    // One of them cannot be stored, and only that one is to fail. Some records may have been put before it.
    stores.events.delete(keysOf(runId, head.seq + 1));
    const [first, ...others] = appends;
    if (others.length > 0)
      for (const append of appends) await appendTogether(stores, runId, [append], version);
    else if (first) first.failure = reasonOf(error);
    return;
  }
  const { logId } = await headAfter(stores, runId, head, batch.length);
  let { seq } = head;
  for (const append of appends) {
    seq += append.events.length;
    append.head = { seq, logId: seq === 0 ? null : logId };
  }
}

/** Puts the batch that follows the event `head`. */
function putBatch(
  store: IDBObjectStore,
  runId: RunId,
  head: Seq,
  events: readonly unknown[],
  { writer, version }: Pick<AppendOptions, 'writer' | 'version'>,
): void {
  try {
    for (let from = 0; from < events.length; from += RECORD_LENGTH) {
      const part = events.slice(from, from + RECORD_LENGTH);
      store.put(eventRecord(part, writer, version), [runId, head + from + part.length]);
    }
  } catch (error) {
    throw putReason(error, events, 'events');
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
    const record = records[index];
    const last = seqOf(keys[index]);
    // Anywhere but at the beginning, it is none.
    if (isBase(record)) throw seq === 0 ? compacted(from, last) : damaged(seq + 1);
    const events = contentOf(record, 'events');
    const version = versionOf(record);
    if (!Array.isArray(events) || last - events.length !== seq) throw damaged(seq + 1);
    for (const event of events) {
      seq++;
      if (seq >= from && seq <= to) scanned.push({ seq, event, version });
    }
  }
  return scanned;
}

const damaged = (seq: Seq): Reason =>
  new Reason('unreadable', `the log is damaged at seq ${seq}: an event is missing or there twice.`);
