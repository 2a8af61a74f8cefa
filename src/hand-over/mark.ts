import type { Head } from '../contracts/event-store.ts';
import type { SnapshotStore } from '../contracts/snapshot-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { isKernelError, RunError } from '../errors/kernel-error.ts';
import { Reason, withContext } from '../errors/reason.ts';
import { method, nonEmpty, object } from '../errors/rules.ts';
import { OWN_RUNS } from '../run/runs.ts';

// A mark is the last event that the two logs of a run are known to have in common, and which logs these are. It is the
// same whichever way they are handed over. Two equal heads tell nothing: two devices may both have gone on offline.

/** What is known of the two logs. */
export interface Mark {
  /** Up to this event they are the same at least; 0 if nothing is known. */
  readonly seq: Seq;
  /** Names the last snapshot that was handed over, by its `atSeq` and version. */
  readonly snapshot?: unknown;
}

/** A snapshot store has all that a mark needs, and never goes back to an earlier one. */
const keyOf = (runId: RunId): RunId => `${OWN_RUNS}mark:${runId}`;

/** The mark of the logs with these heads. Fails if one of them is another. */
export async function loadMark(
  marks: SnapshotStore<unknown>,
  runId: RunId,
  one: Head,
  other: Head,
): Promise<Mark> {
  const mark = await marks.loadLatest(keyOf(runId));
  if (!mark) return { seq: 0 };
  const { logIds, snapshot }: { logIds?: unknown; snapshot?: unknown } = Object(mark.state);
  if (!Array.isArray(logIds)) throw new Reason('unreadable');
  if (!logIds.includes(one.logId) || !logIds.includes(other.logId)) throw anotherLog();
  // A log that is shorter than it was has been restored from a copy. What it holds, only its events can tell.
  return mark.atSeq <= Math.min(one.seq, other.seq) ? { seq: mark.atSeq, snapshot } : { seq: 0 };
}

export async function saveMark(
  marks: SnapshotStore<unknown>,
  runId: RunId,
  { seq, snapshot }: Mark,
  one: Head,
  other: Head,
): Promise<void> {
  // A log of rewake 0.1 that has no identity yet cannot be told from one that is begun anew: its events are compared.
  if (seq === 0 || one.logId === null || other.logId === null) return;
  try {
    const state = { logIds: [one.logId, other.logId], snapshot };
    await marks.save({ runId: keyOf(runId), atSeq: seq, state }, { immutable: true });
  } catch (error) {
    // Somebody else has handed over more at the same time.
    if (!isKernelError(error, 'conflict')) throw error;
  }
}

/** One of the two logs is not the one that the mark, or the beginning of this call, knows. */
export const anotherLog = (): Reason =>
  new Reason(
    'conflict',
    'one of its two logs was deleted or begun anew since they were last handed over, or the mark is of two others. ' +
      'Nothing more was handed over. Delete the run where it is to be given up, and its mark (forgetMark).',
  );

/** Which run, and the store that its mark is in. */
export interface MarkPlace {
  readonly runId: RunId;
  readonly marks: SnapshotStore<unknown>;
}

/**
 * Forgets what {@link handOver} knows of a run: the next one compares the two logs from their beginning. For a run that was
 * deleted on one side on purpose. Rejects as the store does.
 *
 * @example
 * // The server's log is the one to go on with.
 * await deleteRun({ runId: 'import-7', stores });
 * await forgetMark({ runId: 'import-7', marks });
 * await handOver({ runId: 'import-7', from: server, to: stores, marks });
 */
export function forgetMark(place: MarkPlace): Promise<void> {
  return withContext(RunError, 'forgetMark', place?.runId, async () => {
    object({ runId: nonEmpty, marks: object({ delete: method }) })('options', place);
    await place.marks.delete(keyOf(place.runId));
  });
}
