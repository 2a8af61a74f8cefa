import type { EventStore } from '../contracts/event-store.ts';
import type { RunId, Seq, Snapshot, SnapshotStore } from '../contracts/snapshot-store.ts';
import { attempt } from '../errors/failure.ts';
import { type ErrorContext, KernelError, RunError } from '../errors/kernel-error.ts';
import { checkRecoverOptions } from '../errors/rules.ts';

/** A pure function: the state after `event`. It changes neither of its arguments. */
export type Reducer<S, E> = (state: S, event: E) => S;

/** What {@link recover} needs to know. */
export interface RecoverOptions<S, E> {
  readonly runId: RunId;
  readonly snapshots: Pick<SnapshotStore<S>, 'loadLatest'>;
  readonly events: Pick<EventStore<E>, 'head' | 'scan'>;
  readonly reduce: Reducer<S, E>;
  /** The state at seq 0. */
  readonly initialState: S;
}

/** A recovered state, and what was done to get it. */
export interface Recovery<S> {
  readonly state: S;
  /** The head of the log: the seq of the last event in `state`. */
  readonly seq: Seq;
  /** The `atSeq` of the snapshot that was used; 0 where none was. */
  readonly snapshotSeq: Seq;
  /** How many events were replayed: exactly `seq - snapshotSeq`. */
  readonly replayed: number;
  /** A snapshot that could not be used, so that the whole log was replayed. */
  readonly ignoredSnapshot?: IgnoredSnapshot;
}

/** Why a snapshot was not used. */
export interface IgnoredSnapshot {
  /**
   * `ahead-of-log`: it holds events that the log does not have, because they never became durable or the log
   * was deleted. Delete it before appending, as `openRun` does: once the log has grown past its `atSeq`, nobody
   * could tell any more that its state is of other events.
   */
  readonly reason: 'unreadable' | 'newer-version' | 'ahead-of-log';
  /** Its `atSeq`, where that could be read. */
  readonly atSeq?: Seq;
  /** What loading it rejected with. */
  readonly error?: KernelError;
}

/** So many events are read at once, while as many are replayed. */
const PAGE = 10_000;

/**
 * The state of a run: its latest snapshot, and the events after it (those with `seq > atSeq`) put through
 * the reducer in order. The log is the source of truth: a snapshot that is unreadable, of a newer release or
 * ahead of the log is ignored and reported, and the whole log is replayed. The tail is read in pages, so a
 * log may be longer than memory.
 *
 * Rejects with a {@link RunError} that names the `seq`: `unreadable` where the log has a gap, `reducer-threw`
 * where the reducer threw (its error is the `cause`). Whatever the stores reject with comes through. It never
 * resolves with a wrong state.
 *
 * @example
 * const { state, seq } = await recover({
 *   runId: 'import-7',
 *   snapshots,
 *   events,
 *   reduce: (state, event) => ({ done: state.done + event.files }),
 *   initialState: { done: 0 },
 * });
 */
export async function recover<S, E>(options: RecoverOptions<S, E>): Promise<Recovery<S>> {
  await attempt(RunError, 'recover', options?.runId, () => checkRecoverOptions(options));
  const { runId, events, reduce, initialState } = options;
  let [{ snapshot, ignored }, head] = await Promise.all([loadSnapshot(options), events.head(runId)]);
  // That head may be older than the snapshot; one that is read after it is not, because a log only grows.
  if (snapshot && snapshot.atSeq > head) head = await events.head(runId);
  if (snapshot && snapshot.atSeq > head) {
    ignored = { reason: 'ahead-of-log', atSeq: snapshot.atSeq };
    snapshot = undefined;
  }
  const snapshotSeq = snapshot?.atSeq ?? 0;
  const read = (from: Seq) =>
    from > head ? undefined : events.scan(runId, from, Math.min(PAGE, head - from + 1));

  let state = snapshot ? snapshot.state : initialState;
  let seq = snapshotSeq;
  let next = read(seq + 1);
  while (next) {
    const page = await next;
    // Read while this page is replayed; where that fails, nobody waits for it.
    next = read(seq + PAGE + 1);
    next?.catch(() => {});
    for (const { seq: found, event } of page) {
      if (found !== seq + 1) throw gap(runId, seq + 1);
      state = reduceEvent(reduce, state, event, { operation: 'recover', runId, seq: found });
      seq = found;
    }
  }
  if (seq < head) throw gap(runId, seq + 1);
  const recovery = { state, seq, snapshotSeq, replayed: seq - snapshotSeq };
  return ignored ? { ...recovery, ignoredSnapshot: ignored } : recovery;
}

/** The state after the event `context.seq`; `reducer-threw` where the reducer refuses it. */
export function reduceEvent<S, E>(reduce: Reducer<S, E>, state: S, event: E, context: ErrorContext): S {
  try {
    return reduce(state, event);
  } catch (cause) {
    throw new RunError('reducer-threw', `the reducer threw at the event ${context.seq}: ${cause}`, {
      ...context,
      cause,
    });
  }
}

async function loadSnapshot<S>({
  runId,
  snapshots,
}: Pick<RecoverOptions<S, never>, 'runId' | 'snapshots'>): Promise<{
  snapshot?: Snapshot<S> | undefined;
  ignored?: IgnoredSnapshot;
}> {
  try {
    return { snapshot: await snapshots.loadLatest(runId) };
  } catch (error) {
    if (error instanceof KernelError && (error.code === 'unreadable' || error.code === 'newer-version')) {
      return { ignored: { reason: error.code, error } };
    }
    throw error;
  }
}

const gap = (runId: RunId, seq: Seq) =>
  new RunError('unreadable', `the event ${seq} is missing from the log, so no state can be trusted.`, {
    operation: 'recover',
    runId,
    seq,
  });
