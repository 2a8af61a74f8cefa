import type { Note } from './protocol.ts';
import { type Truth, truthOf } from './truth.ts';

/** What has happened in a series, in numbers. */
export const emptyTally = {
  kills: 0,
  /** Events. */
  attempted: 0,
  acknowledged: 0,
  /** Events in the log after a kill that were not there after the kill before. */
  found: 0,
  /** Batches that were neither acknowledged nor refused when the kill came. */
  inFlightLanded: 0,
  inFlightNotLanded: 0,
  /** Batches that were refused with `connection-lost`: the process behind the connection was killed. */
  connectionsLost: 0,
  /** Acknowledged ones. */
  snapshots: 0,
  compactions: 0,
  /** Logs that were given to another run: acknowledged ones, and those that were under way when the kill came. */
  copies: 0,
  copiesInFlightLanded: 0,
  copiesInFlightNotLanded: 0,
  /** Of runs with a log. */
  recoveries: 0,
  recoveriesWithSnapshot: 0,
  recoveriesWithBase: 0,
};

export type Tally = Readonly<typeof emptyTally>;

/** The tally after a note; `truth` is what was known before it. */
export function count(before: Tally, truth: Truth, note: Note): Tally {
  const tally = { ...before };
  switch (note.type) {
    case 'attempted':
      for (const { size, stale } of note.batches) if (!stale) tally.attempted += size;
      break;
    case 'appended':
      tally.acknowledged += truthOf(truth, note.runId).batches.get(note.batch)?.size ?? 0;
      break;
    case 'refused':
      if (note.code === 'connection-lost') tally.connectionsLost++;
      break;
    case 'saved':
      tally.snapshots++;
      break;
    case 'compacted':
      tally.compactions++;
      break;
    case 'copied':
      tally.copies++;
      break;
    case 'report':
      for (const { runId, log, recovery } of note.runs) {
        const { batches, head, copying } = truthOf(truth, runId);
        if (copying?.landed) tally.copiesInFlightLanded++;
        else if (copying) tally.copiesInFlightNotLanded++;
        const found = new Set(log.map(({ batch }) => batch));
        tally.found += Math.max(0, log.length - head);
        for (const { first, head, refused } of batches.values()) {
          if (head !== undefined || refused !== undefined) continue;
          if (found.has(first)) tally.inFlightLanded++;
          else tally.inFlightNotLanded++;
        }
        if (log.length > 0) tally.recoveries++;
        if (recovery.snapshotSeq > 0) tally.recoveriesWithSnapshot++;
        if (recovery.baseSeq > 0) tally.recoveriesWithBase++;
      }
  }
  return tally;
}
