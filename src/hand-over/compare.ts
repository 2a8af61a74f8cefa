import type { EventStore, Head, SequencedEvent } from '../contracts/event-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { isKernelError } from '../errors/kernel-error.ts';
import { Reason } from '../errors/reason.ts';
import { textOfBase, textOfEvent } from '../serialization/text-of.ts';
import { anotherLog } from './mark.ts';
import { PAGE } from './page.ts';

/** One of the two logs of a run, as far as its head. */
export interface Log {
  readonly runId: RunId;
  readonly events: EventStore<unknown>;
  readonly head: Head;
}

/**
 * Fails with `conflict` unless the two logs hold the same events after the event `mark`, up to the end of the shorter one;
 * with `compacted` if that cannot be told. The event `mark` itself is compared, too, if both still have it: a store that
 * was restored from a copy may have gone on differently.
 */
export async function assertSame(one: Log, other: Log, mark: Seq, assertGoing: () => void): Promise<void> {
  const end = Math.min(one.head.seq, other.head.seq);
  for (let from = Math.max(mark, 1); from <= end; ) {
    assertGoing();
    const to = Math.min(from + PAGE - 1, end);
    const pages = await Promise.all([eventsOf(one, from, to), eventsOf(other, from, to)]).catch(
      unlessCompacted,
    );
    if (pages) {
      assertEqual(...pages, mark);
      from = to + 1;
    } else {
      if (end === mark) return;
      from = Math.max(mark, await commonBase(one, other, mark)) + 1;
    }
  }
}

/** The events from `from` to `to`, both inclusive, of the log that this is. */
export async function eventsOf(
  { runId, events, head }: Log,
  from: Seq,
  to: Seq,
): Promise<SequencedEvent<unknown>[]> {
  const page = await events.scan(runId, from, to - from + 1);
  if (page.logId !== head.logId || page.events.length <= to - from) throw anotherLog();
  return page.events;
}

export function unlessCompacted(error: unknown): undefined {
  if (!isKernelError(error, 'compacted')) throw error;
}

function assertEqual(
  ours: readonly SequencedEvent<unknown>[],
  theirs: readonly SequencedEvent<unknown>[],
  mark: Seq,
): void {
  for (const [index, event] of ours.entries()) {
    const other = theirs[index];
    if (!other || !isSame(event, other, mark)) throw forked(event.seq - 1);
  }
}

function isSame(one: SequencedEvent<unknown>, other: SequencedEvent<unknown>, mark: Seq): boolean {
  try {
    return textOfEvent(one) === textOfEvent(other);
  } catch (error) {
    // What is not data cannot be compared. Of the mark it is known.
    if (one.seq === mark) return true;
    throw error;
  }
}

const forked = (seq: Seq) =>
  new Reason(
    'conflict',
    `its two logs differ after event ${seq}: both were written since. Nothing more was handed over.`,
    { seq },
  );

/** Where the events of both begin; fails unless the events before that are known to be the same. */
async function commonBase(one: Log, other: Log, mark: Seq): Promise<Seq> {
  const [ours, theirs] = await Promise.all([one.events.base(one.runId), other.events.base(other.runId)]);
  if ((ours ?? one.head).logId !== one.head.logId || (theirs ?? other.head).logId !== other.head.logId)
    throw anotherLog();
  const last = Math.max(ours?.atSeq ?? 0, theirs?.atSeq ?? 0);
  if (last <= mark || (ours && theirs && textOfBase(ours) === textOfBase(theirs))) return last;
  throw new Reason(
    'compacted',
    `whether its two logs are the same cannot be told: the events up to ${last} were compacted before they were known to be ` +
      'on both sides. Nothing more was handed over.',
    { seq: last },
  );
}
