import { randomId } from '../backends/random-id.ts';
import type { Base, Head, SequencedEvent } from '../contracts/event-store.ts';
import type { SnapshotStore } from '../contracts/snapshot-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { isKernelError, type KernelError, RunError } from '../errors/kernel-error.ts';
import { Reason, toKernelError, withContext } from '../errors/reason.ts';
import { flag, method, nonEmpty, object, optional, type Rule } from '../errors/rules.ts';
import { tellFollowers } from '../run/notices.ts';
import type { RunStores } from '../run/run.ts';
import { whileOwned } from '../run/while-owned.ts';
import { assertSame, eventsOf, type Log, unlessCompacted } from './compare.ts';
import { anotherLog, loadMark, type Mark, saveMark } from './mark.ts';
import { PAGE } from './page.ts';

/** Which run to hand over, from where, and where to. */
export interface HandOverOptions {
  readonly runId: RunId;
  /** The stores that have the events. */
  readonly from: RunStores<unknown, unknown>;
  /** The stores that get what they lack. */
  readonly to: RunStores<unknown, unknown>;
  /**
   * Where the last common event is remembered, for both directions: a snapshot store on this device, such as the one of
   * the run itself. For each further place that a run is handed over to, a store of its own.
   */
  readonly marks: SnapshotStore<unknown>;
  /** Ends it: `handOver` rejects with `aborted`. What was handed over stays. */
  readonly signal?: AbortSignal | undefined;
  /** Called whenever something was handed over. */
  readonly onProgress?: ((progress: HandOverProgress) => void) | undefined;
}

/** How far a hand-over is. */
export interface HandOverProgress {
  /** Up to this event both have the log. */
  readonly seq: Seq;
  /** Where the log ended when the hand-over began. */
  readonly head: Seq;
}

/** What {@link handOver} has done. */
export interface HandedOver {
  readonly runId: RunId;
  /** The last event that both are known to have. */
  readonly seq: Seq;
  /** How many of them `to` lacked, those in a base included. */
  readonly appended: number;
  /** How many more `to` has: hand over in the other direction to get them. */
  readonly ahead: number;
  /** Set if the snapshot could not be handed over. The run is whole without it. */
  readonly snapshotError?: KernelError;
}

const stores = object({
  snapshots: object({ loadLatest: method, save: method, delete: method }),
  events: object({ head: method, scan: method, base: method, append: method, begin: method }),
});
export const handOverRules: Record<keyof HandOverOptions, Rule> = {
  runId: nonEmpty,
  from: stores,
  to: stores,
  marks: object({ loadLatest: method, save: method }),
  signal: optional(object({ aborted: flag })),
  onProgress: optional(method),
};

/**
 * Appends to the run's log in `to` what it lacks of the log in `from`, and then hands over the snapshot. The same in both
 * directions, between any two pairs of stores: a browser and a server, a phone and a desktop. Versions travel, and so does
 * a base, if events that `to` lacks were compacted.
 *
 * It never merges, and never guesses: it appends after the last event that both are known to have, fenced, so that each
 * log is the beginning of the other at any moment. If both were written since, it rejects with `conflict`, and the error's
 * `seq` is the last common event. A run that was deleted or begun anew on one side is a `conflict` without a `seq`.
 *
 * It is safe to repeat after any failure, `connection-lost` and `aborted` among them: what is there already is
 * recognized, by its content. It holds two pages of 1,000 events in memory, and no batch is longer. `from` may be written
 * meanwhile; what comes after its head at the beginning is left for the next time. Owns the run in `to` meanwhile.
 *
 * Rejects with a {@link RunError}: `conflict`, also if somebody owns the run in `to`, `compacted` if events that both have
 * cannot be compared any more (`seq`), `not-cloneable` if such an event holds what is not data (a Blob), and `aborted`; and
 * with whatever the stores reject with.
 *
 * @example
 * const server = { snapshots: new HttpSnapshotStore(options), events: new HttpEventStore(options) };
 * const stores = await openStores();
 * await handOver({ runId: 'import-7', from: stores, to: server, marks: stores.snapshots });
 */
export function handOver(options: HandOverOptions): Promise<HandedOver> {
  return withContext(RunError, 'handOver', options?.runId, async () => {
    object(handOverRules)('options', options);
    const { runId, to, signal } = options;
    return whileOwned(to, runId, (assertOwned) =>
      handOverTo(options, () => {
        assertOwned();
        if (signal?.aborted)
          throw new Reason('aborted', 'the hand-over was given up.', { cause: signal.reason });
      }),
    );
  });
}

async function handOverTo(options: HandOverOptions, assertGoing: () => void): Promise<HandedOver> {
  const { runId, from, to, marks, onProgress } = options;
  assertGoing();
  const [source, before] = await Promise.all([from.events.head(runId), to.events.head(runId)]);
  const mark = await loadMark(marks, runId, source, before);
  const ours: Log = { runId, events: from.events, head: source };
  const theirs = (head: Head): Log => ({ runId, events: to.events, head });
  await assertSame(ours, theirs(before), mark.seq, assertGoing);
  // Of a log that is gone: it would keep a snapshot of this one from being saved.
  if (before.seq === 0 && source.seq > 0) await to.snapshots.delete(runId);
  let head = before;
  let seq = Math.min(before.seq, source.seq);
  try {
    while (seq < source.seq) {
      assertGoing();
      ({ head, seq } = await extend(ours, theirs(head), assertGoing));
      onProgress?.({ seq, head: source.seq });
      // Not yet after the last page: until the snapshot is there, too, this is to be done again.
      if (seq < source.seq) await saveMark(marks, runId, { ...mark, seq }, source, head);
    }
  } finally {
    if (head.seq > before.seq) tellFollowers(to, runId, head.seq);
  }
  const appended = Math.max(seq - before.seq, 0);
  const handedOver = { runId, seq, appended, ahead: head.seq - seq };
  if (seq <= mark.seq) return handedOver;
  const { snapshot, snapshotError } = await handOverSnapshot(options, source, { ...head, seq }, mark);
  await saveMark(marks, runId, { seq, snapshot }, source, head);
  return { ...handedOver, ...(snapshotError && { snapshotError }) };
}

/** Appends the next page, or the base that it is in; resolves with the new head, and up to where both are the same. */
async function extend(
  ours: Log,
  theirs: Log,
  assertGoing: () => void,
): Promise<{ readonly head: Head; readonly seq: Seq }> {
  const { runId, events, head } = theirs;
  try {
    const to = Math.min(head.seq + PAGE, ours.head.seq);
    const page = await eventsOf(ours, head.seq + 1, to).catch(unlessCompacted);
    const extended = page
      ? await appendTo(theirs, page)
      : await events.begin(runId, await baseOf(ours), head);
    return { head: extended, seq: extended.seq };
  } catch (error) {
    if (!isKernelError(error, 'conflict')) throw error;
    // An earlier try has landed, or somebody else has written.
    const now = await events.head(runId);
    if (now.seq <= head.seq || (head.seq > 0 && now.logId !== head.logId)) throw anotherLog();
    await assertSame(ours, { ...theirs, head: now }, head.seq, assertGoing);
    return { head: now, seq: Math.min(now.seq, ours.head.seq) };
  }
}

async function baseOf({ runId, events, head }: Log): Promise<Base> {
  const base = await events.base(runId);
  if (base?.logId !== head.logId || !base) throw anotherLog();
  return base;
}

/** Appends the events, those of one version at once. */
async function appendTo(
  { runId, events: store, head }: Log,
  events: readonly SequencedEvent<unknown>[],
): Promise<Head> {
  const writer = randomId();
  let last = head;
  for (let from = 0; from < events.length; ) {
    const { version = 1 } = events[from] ?? {};
    const other = events.findIndex((event, index) => index > from && event.version !== version);
    const batch = events.slice(from, other < 0 ? events.length : other);
    const fence = { expectedHead: last.seq, logId: last.logId, writer };
    last = await store.append(
      runId,
      batch.map(({ event }) => event),
      { ...fence, version, immutable: true },
    );
    from += batch.length;
  }
  return last;
}

/** Strictly an optimization: resolves with why it failed, and which snapshot both have. */
async function handOverSnapshot(
  { runId, from, to }: HandOverOptions,
  source: Head,
  common: Head,
  { snapshot: before }: Mark,
): Promise<Pick<Mark, 'snapshot'> & Pick<HandedOver, 'snapshotError'>> {
  try {
    const found = await from.snapshots.loadLatest(runId);
    if (!found || (found.logId ?? null) !== source.logId || found.atSeq > common.seq)
      return { snapshot: before };
    const snapshot = `${found.atSeq} ${found.version}`;
    // It may be large, and a mirror hands over one event after the other.
    if (snapshot !== before) await to.snapshots.save({ ...found, logId: common.logId }, { immutable: true });
    return { snapshot };
  } catch (error) {
    // There is a later one.
    if (isKernelError(error, 'conflict')) return { snapshot: before };
    return { snapshot: before, snapshotError: toKernelError(RunError, 'handOver', runId, error) };
  }
}
