import { wrap } from 'idb';
import type { Codec } from '../../contracts/codec.ts';
import type { AppendOptions, Base, Head, SequencedEvent } from '../../contracts/event-store.ts';
import type { LogId, RunId, Seq } from '../../contracts/words.ts';
import { compacted, Reason, staleHead } from '../../errors/reason.ts';
import { putReason } from '../capture.ts';
import { randomId } from '../random-id.ts';
import { assertBegins, assertFits, type StoredBase } from '../stored-base.ts';
import { encodeRecord } from './coded-record.ts';
import { keysAndLogIdOf, keysOf, logIdKeyOf, type ObjectStores } from './database.ts';
import {
  baseRecord,
  contentOf,
  eventRecord,
  isBase,
  isBatch,
  isSeq,
  logIdKey,
  logIdOf,
  runIdOf,
  seqOf,
  versionOf,
} from './record.ts';

// What is read and written of a run's log, each within one transaction.

/** A longer batch is put in several records, so that a scan in pages does not read all of it for each page. */
export const RECORD_LENGTH = 10_000;

/** After which head a batch is appended, in which log, by whom. */
export type Fence = AppendOptions & { readonly expectedHead: Seq };

/** A batch as it is stored: its records, each with the seq of its last event. */
export type Records = readonly (readonly [Seq, object])[];

/** The last seq of the run's last record, or of its last one up to the seq `to`. */
export async function lastSeq(events: IDBObjectStore, runId: RunId, to?: Seq): Promise<Seq> {
  const last = await wrap(events.openKeyCursor(keysOf(runId, 0, to), 'prev'));
  return last ? seqOf(last.key) : 0;
}

export async function headOf(events: IDBObjectStore, runId: RunId): Promise<Head> {
  const [seq, logId] = await Promise.all([lastSeq(events, runId), readLogId(events, runId)]);
  return { seq, logId: seq === 0 ? null : logId };
}

export const readLogId = async (events: IDBObjectStore, runId: RunId): Promise<LogId | null> =>
  logIdOf(await wrap(events.getKey(logIdKeyOf(runId))));

/** The record that the run's log begins with, if that is a base. */
export async function baseOf(
  events: IDBObjectStore,
  runId: RunId,
): Promise<{ readonly atSeq: Seq; readonly version: number; readonly record: unknown } | undefined> {
  const [[key], [record]] = await recordFrom(events, runId, 0);
  if (key === undefined || isBatch(record)) return undefined;
  return { atSeq: seqOf(key), version: versionOf(record), record };
}

/** The key and the value of the record in which the event `seq` is; none if the log ends before it. */
export const recordFrom = (
  events: IDBObjectStore,
  runId: RunId,
  seq: Seq,
): Promise<[IDBValidKey[], unknown[]]> =>
  Promise.all([wrap(events.getAllKeys(keysOf(runId, seq), 1)), wrap(events.getAll(keysOf(runId, seq), 1))]);

/**
 * Puts the base in place of the events up to it. Of the batch that it ends in, the rest stays. Changes nothing, and gives
 * nothing, if that is no longer the batch which the rest was encoded of.
 */
export async function compactLog(
  { events }: ObjectStores,
  runId: RunId,
  base: Base,
  coded: ReadonlyMap<Seq, object> | undefined,
): Promise<true | undefined> {
  const { atSeq } = base;
  const [head, present, [[key], [record]]] = await Promise.all([
    headOf(events, runId),
    baseOf(events, runId),
    recordFrom(events, runId, atSeq),
  ]);
  assertFits(base, head, present);
  const last = seqOf(key);
  if (coded && !coded.has(last)) return undefined;
  events.delete(keysOf(runId, 0, atSeq));
  putBase(events, runId, base, coded?.get(atSeq));
  if (last > atSeq) events.put(coded?.get(last) ?? restOf(record, atSeq, last), [runId, last]);
  return true;
}

/** What is left of the batch that ends with the event `last` if the events up to `atSeq` are gone. */
export function restOf(record: unknown, atSeq: Seq, last: Seq): object {
  const batch = contentOf(record, 'events');
  if (!Array.isArray(batch) || batch.length <= last - atSeq) throw damaged(atSeq);
  // Without its writer: repeated, the whole batch is not to be taken for the part that is left.
  return eventRecord(batch.slice(atSeq - last), undefined, versionOf(record));
}

/** Puts the base in place of the log that ends with `expected`. */
export async function beginLog(
  stores: ObjectStores,
  runId: RunId,
  base: StoredBase,
  expected: Head,
  coded: object | undefined,
): Promise<Head> {
  const { events } = stores;
  const [head, present] = await Promise.all([headOf(events, runId), baseOf(events, runId)]);
  assertBegins(base, expected, head, present);
  events.delete(keysOf(runId));
  putBase(events, runId, base, coded);
  return headAfter(stores, runId, head, base.atSeq - head.seq);
}

/** Puts the base, encoded or as it is. */
function putBase(
  events: IDBObjectStore,
  runId: RunId,
  base: StoredBase,
  coded: object = baseRecord(base),
): void {
  try {
    events.put(coded, [runId, base.atSeq]);
  } catch (error) {
    throw putReason(error, base.state, 'state');
  }
}

/** The head after so many events were put after `head`. A log that has no identity gets one. */
export async function headAfter(
  stores: ObjectStores,
  runId: RunId,
  head: Head,
  added: number,
): Promise<Head> {
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

/** Puts a batch after the head that is expected, and takes it back if the head turns out to be another. */
export async function appendAfter(
  stores: ObjectStores,
  runId: RunId,
  events: readonly unknown[],
  fence: Fence,
  coded?: Records,
): Promise<Head> {
  const { expectedHead, logId } = fence;
  const following = wrap(stores.events.getAllKeys(keysAndLogIdOf(runId, expectedHead)));
  // If put throws, nobody waits for it.
  following.catch(() => {});
  putBatch(stores.events, runId, events, fence, coded);
  const keys = await following;
  const last = keys.filter((key) => runIdOf(key) !== undefined).at(-1);
  const seq = last ? seqOf(last) : await lastSeq(stores.events, runId, expectedHead);
  const found = { seq, logId: seq === 0 ? null : logIdOf(keys.at(-1)) };
  if (seq !== expectedHead || (logId !== undefined && logId !== found.logId))
    throw staleHead(expectedHead, seq);
  return headAfter(stores, runId, found, events.length);
}

/** Puts the batch, encoded or as it is, after the head that is expected. */
export function putBatch(
  store: IDBObjectStore,
  runId: RunId,
  events: readonly unknown[],
  fence: Fence,
  coded?: Records,
): void {
  try {
    for (const [seq, record] of coded ?? recordsOf(events, fence)) store.put(record, [runId, seq]);
  } catch (error) {
    throw putReason(error, events, 'events');
  }
}

function recordsOf(events: readonly unknown[], { expectedHead, writer, version }: Fence): Records {
  const records: [Seq, object][] = [];
  for (let from = 0; from < events.length; from += RECORD_LENGTH) {
    const part = events.slice(from, from + RECORD_LENGTH);
    records.push([expectedHead + from + part.length, eventRecord(part, writer, version)]);
  }
  return records;
}

export const encodeBatch = (
  codec: Codec,
  runId: RunId,
  events: readonly unknown[],
  fence: Fence,
): Promise<Records> =>
  Promise.all(
    recordsOf(events, fence).map(
      async ([seq, record]) => [seq, await encodeRecord(codec, record, runId, seq)] as const,
    ),
  );

/** The records with the events from `from` to `to`, both inclusive, and the last event before them. */
export async function readPage(
  events: IDBObjectStore,
  runId: RunId,
  from: Seq,
  to: Seq,
): Promise<{ before: Seq; logId: LogId | null; keys: IDBValidKey[]; records: unknown[] }> {
  const [before, keys, records, following] = await Promise.all([
    lastSeq(events, runId, from - 1),
    wrap(events.getAllKeys(keysOf(runId, from, to))),
    wrap(events.getAll(keysOf(runId, from, to))),
    // At the end of the log, the identity comes at once.
    wrap(events.getAllKeys(keysAndLogIdOf(runId, to + 1), 2)),
  ]);
  const logId = logIdOf(following.at(-1)) ?? (following.length > 1 ? await readLogId(events, runId) : null);
  const next = following.find((key) => logIdOf(key) === null);
  const isWhole = keys.length > 0 && seqOf(keys.at(-1)) === to;
  // Only the record that follows may reach beyond `to`: no more is read.
  if (next && !isWhole) {
    keys.push(next);
    records.push(await wrap(events.get(next)));
  }
  return { before, logId, keys, records };
}

/** The events with a seq between `from` and `to`, both inclusive, in the records that follow the event `before`. */
export function sequence(
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
