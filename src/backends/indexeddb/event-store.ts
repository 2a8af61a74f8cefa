import { wrap } from 'idb';
import type { Codec } from '../../contracts/codec.ts';
import type {
  AppendOptions,
  Base,
  EventStore,
  Head,
  LogPage,
  SequencedEvent,
} from '../../contracts/event-store.ts';
import type { RunId, Seq } from '../../contracts/words.ts';
import { checkAppend, checkBegin, checkCompact, checkRunId, checkScan } from '../../errors/contract-rules.ts';
import { EventStoreError } from '../../errors/kernel-error.ts';
import { type Reason, reasonOf, withContext } from '../../errors/reason.ts';
import { capture } from '../capture.ts';
import { byRun, GroupCommit } from '../group-commit.ts';
import { captureBase, EMPTY, type StoredBase } from '../stored-base.ts';
import { decodeRecord, encodeRecord } from './coded-record.ts';
import {
  Database,
  deletedMeanwhile,
  type IndexedDbOptions,
  keysAndLogIdOf,
  keysOf,
  type ObjectStores,
  type TransactOptions,
} from './database.ts';
import {
  appendAfter,
  baseOf,
  beginLog,
  compactLog,
  encodeBatch,
  type Fence,
  headAfter,
  headOf,
  lastSeq,
  putBatch,
  RECORD_LENGTH,
  readLogId,
  readPage,
  recordFrom,
  restOf,
  sequence,
} from './log.ts';
import { baseRecord, contentOf, isBatch, isCoded, isOf, runIdOf, seqOf } from './record.ts';

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
 * With a `codec`, an append without `expectedHead` first reads the head, because the codec is told the seq.
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
  readonly #codec: Codec | undefined;
  readonly #commits = new GroupCommit<Append>((appends) => this.#commit(appends));

  constructor(options: IndexedDbOptions = {}) {
    this.#database = Database.shared(options);
    this.#durability = options.durability ?? 'strict';
    this.#codec = options.codec;
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
      const { before, logId, keys, records } = await this.#database.transact('readonly', ({ events }) =>
        readPage(events, runId, from, to),
      );
      const decode = (record: unknown, index: number) =>
        decodeRecord(this.#codec, record, runId, seqOf(keys[index]));
      const decoded = records.some(isCoded) ? await Promise.all(records.map(decode)) : records;
      const scanned = sequence(before, keys, decoded, from, to);
      const isEmpty = before === 0 && keys.length === 0;
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
      await this.#writeBase(
        (codec) => this.#encodeCompaction(codec, runId, captured),
        (stores, coded) => compactLog(stores, runId, captured, coded),
      );
    });
  }

  base(runId: RunId): Promise<Base | undefined> {
    return withContext(EventStoreError, 'base', runId, async () => {
      checkRunId(runId);
      const [base, logId] = await this.#database.transact('readonly', ({ events }) =>
        Promise.all([baseOf(events, runId), readLogId(events, runId)]),
      );
      if (!base) return undefined;
      const { atSeq, version } = base;
      const record = await decodeRecord(this.#codec, base.record, runId, atSeq);
      return { atSeq, logId, version, state: contentOf(record, 'base') };
    });
  }

  begin(runId: RunId, base: StoredBase, head: Head = EMPTY): Promise<Head> {
    return withContext(EventStoreError, 'begin', runId, async () => {
      checkBegin(runId, base, head);
      const captured = captureBase(base);
      const expected = { ...head };
      return this.#writeBase(
        (codec) => encodeRecord(codec, baseRecord(captured), runId, captured.atSeq),
        (stores, coded) => beginLog(stores, runId, captured, expected, coded),
      );
    });
  }

  delete(runId: RunId): Promise<void> {
    return withContext(EventStoreError, 'delete', runId, () => {
      checkRunId(runId);
      const { deletions } = this.#database;
      const deletion = ({ events }: ObjectStores) => wrap(events.delete(keysAndLogIdOf(runId)));
      return this.#commits.alone(() => this.#write(deletion, { deletions }));
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

  /** Appends after the head that the caller expects, at once. */
  async #appendFenced(runId: RunId, events: readonly unknown[], fence: Fence): Promise<Head> {
    const { expectedHead, writer, immutable } = fence;
    const { deletions } = this.#database;
    // If it need not wait, put captures it.
    let captured = this.#codec || this.#commits.busy ? copy(events, immutable) : undefined;
    const beforeWait = () => {
      captured ??= copy(events, immutable);
    };
    const append = async () => {
      const coded = this.#codec && (await encodeBatch(this.#codec, runId, captured ?? events, fence));
      const put = (stores: ObjectStores) => appendAfter(stores, runId, captured ?? events, fence, coded);
      return this.#write(put, { deletions, beforeWait });
    };
    try {
      return await this.#commits.alone(append);
    } catch (error) {
      const isConflict = reasonOf(error).code === 'conflict';
      const landed = isConflict && writer && (await this.#landed(runId, expectedHead, events.length, writer));
      if (landed) return landed;
      throw error;
    }
  }

  /** The end of the batch of so many events after `head`, if it is there and of this writer, by its last record. */
  async #landed(runId: RunId, head: Seq, length: number, writer: string): Promise<Head | undefined> {
    if (length === 0) return undefined;
    const seq = head + length;
    const [record, before, logId] = await this.#database.transact('readonly', ({ events }) =>
      Promise.all([
        wrap(events.get([runId, seq])),
        lastSeq(events, runId, seq - 1),
        readLogId(events, runId),
      ]),
    );
    const isThere = isOf(record, writer) && seq - before === ((length - 1) % RECORD_LENGTH) + 1;
    return isThere ? { seq, logId } : undefined;
  }

  async #commit(appends: readonly Append[]): Promise<void> {
    for (const append of appends)
      if (append.deletions !== this.#database.deletions) append.failure = deletedMeanwhile();
    const left = appends.filter(({ failure }) => !failure);
    if (left.length === 0) return;
    if (this.#codec) {
      for (const [runId, ofRun] of byRun(left))
        for (const batch of byVersion(ofRun)) await this.#appendCoded(this.#codec, runId, batch);
      return;
    }
    await this.#write(async (stores) => {
      const appendAll = async ([runId, ofRun]: [RunId, readonly Append[]]) => {
        for (const batch of byVersion(ofRun)) await appendTogether(stores, runId, batch);
      };
      await Promise.all(Array.from(byRun(left), appendAll));
    });
  }

  /**
   * Strict in any case: it deletes events whose loss nobody was told to expect. Begins anew if `body` gives nothing,
   * because what was encoded is not what has to be put any more.
   */
  #writeBase<T, Coded>(
    encode: (codec: Codec) => Promise<Coded>,
    body: (stores: ObjectStores, coded: Coded | undefined) => Promise<T | undefined>,
  ): Promise<T> {
    const { deletions } = this.#database;
    return this.#commits.alone(async () => {
      for (;;) {
        const coded = this.#codec && (await encode(this.#codec));
        const write = (stores: ObjectStores) => body(stores, coded);
        const written = await this.#write(write, { durability: 'strict', deletions });
        if (written !== undefined) return written;
      }
    });
  }

  /** Appends batches of one version after the head that is there, and again if somebody else was faster. */
  async #appendCoded(codec: Codec, runId: RunId, appends: readonly Append[]): Promise<void> {
    const events = appends.flatMap((append) => append.events);
    const { version, deletions = 0 } = appends[0] ?? {};
    try {
      const head = await this.#database.transact('readonly', (stores) => headOf(stores.events, runId));
      const fence = { expectedHead: head.seq, logId: head.logId, version };
      const coded = await encodeBatch(codec, runId, events, fence);
      const append = (stores: ObjectStores) => appendAfter(stores, runId, events, fence, coded);
      tellHeads(appends, await this.#write(append, { deletions }));
    } catch (error) {
      const reason = reasonOf(error);
      if (reason.code === 'conflict') await this.#appendCoded(codec, runId, appends);
      // One of them cannot be encoded, and only that one is to fail.
      else if (reason.code === 'not-cloneable' && appends.length > 1)
        for (const append of appends) await this.#appendCoded(codec, runId, [append]);
      else for (const append of appends) append.failure = reason;
    }
  }

  async #encodeCompaction(codec: Codec, runId: RunId, base: Base): Promise<Map<Seq, object>> {
    const { atSeq } = base;
    const [[key], [record]] = await this.#database.transact('readonly', ({ events }) =>
      recordFrom(events, runId, atSeq),
    );
    const seq = key === undefined ? atSeq : seqOf(key);
    const coded = new Map<Seq, object>();
    // If it is a base, it is in the way of this one.
    if (seq > atSeq && isBatch(record)) {
      const rest = restOf(await decodeRecord(codec, record, runId, seq), atSeq, seq);
      coded.set(seq, await encodeRecord(codec, rest, runId, seq));
    }
    return coded.set(atSeq, await encodeRecord(codec, baseRecord(base), runId, atSeq));
  }

  #write<T>(body: (stores: ObjectStores) => Promise<T>, options?: TransactOptions): Promise<T> {
    return this.#database.transact('readwrite', body, { durability: this.#durability, ...options });
  }
}

/** A copy of a batch; of an immutable one, of the array alone. */
const copy = (events: readonly unknown[], immutable = false): readonly unknown[] =>
  immutable ? [...events] : capture(events, 'events');

/** One run's appends in their order, those of one version together. */
function byVersion(appends: readonly Append[]): Append[][] {
  const groups: Append[][] = [];
  for (const append of appends) {
    const group = groups.at(-1);
    if (group && group[0]?.version === append.version) group.push(append);
    else groups.push([append]);
  }
  return groups;
}

/** Appends batches of one version as one record. */
async function appendTogether(stores: ObjectStores, runId: RunId, appends: readonly Append[]): Promise<void> {
  const head = await headOf(stores.events, runId);
  const batch = appends.flatMap(({ events }) => events);
  try {
    putBatch(stores.events, runId, batch, { expectedHead: head.seq, version: appends[0]?.version });
  } catch (error) {
    // One of them cannot be stored, and only that one is to fail. Some records may have been put before it.
    stores.events.delete(keysOf(runId, head.seq + 1));
    const [first, ...others] = appends;
    if (others.length > 0) for (const append of appends) await appendTogether(stores, runId, [append]);
    else if (first) first.failure = reasonOf(error);
    return;
  }
  tellHeads(appends, await headAfter(stores, runId, head, batch.length));
}

/** Gives each append its head, of which the last is this. */
function tellHeads(appends: readonly Append[], { seq, logId }: Head): void {
  let last = seq;
  for (const append of [...appends].reverse()) {
    append.head = { seq: last, logId: last === 0 ? null : logId };
    last -= append.events.length;
  }
}
