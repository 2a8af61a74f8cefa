import type { EventStore, Head } from '../contracts/event-store.ts';
import type { Snapshot, SnapshotStore } from '../contracts/snapshot-store.ts';
import type { LogId, RunId, Seq } from '../contracts/words.ts';
import { type ErrorContext, KernelError, RunError } from '../errors/kernel-error.ts';
import { describe, withContext } from '../errors/reason.ts';
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
  /** The log that those events are of; `null` if it has no identity (see {@link Head}). */
  readonly logId: LogId | null;
  /** The `atSeq` of the snapshot that was used; 0 if none was. */
  readonly snapshotSeq: Seq;
  /** How many events were replayed: exactly `seq - snapshotSeq`. */
  readonly replayed: number;
  /** A snapshot that could not be used, so that the whole log was replayed. */
  readonly ignoredSnapshot?: IgnoredSnapshot;
}

/** Why a snapshot was not used. */
export interface IgnoredSnapshot {
  /**
   * - `unreadable`, `newer-version`: loading it failed; see `error`.
   * - `ahead-of-log`: it holds events that the log does not have, because they never became durable or the log
   *   was deleted. Delete it before appending, as `openRun` does: once the log has grown past its `atSeq`, it looks
   *   like one of these events.
   * - `other-log`: its `logId` is not the log's. It is of a log that was deleted, or does not say of which log it is.
   */
  readonly reason: 'unreadable' | 'newer-version' | 'ahead-of-log' | 'other-log';
  /** Its `atSeq`, if that could be read. */
  readonly atSeq?: Seq;
  /** What loading it rejected with. */
  readonly error?: KernelError;
}

/** So many events are read at once, while as many are replayed. */
const PAGE = 10_000;

/**
 * The state of a run: its latest snapshot, and the events after it (those with `seq > atSeq`) put through
 * the reducer in order. The log is the source of truth: a snapshot that is unreadable, of a newer release, of another
 * log or ahead of the log is ignored and reported, and the whole log is replayed. The tail is read in pages, so a
 * log may be longer than memory. If the run is deleted and begun anew meanwhile, it is recovered anew.
 *
 * Rejects with a {@link RunError} that names the `seq`: `unreadable` if the log has a gap, `reducer-threw`
 * if the reducer threw (its error is the `cause`). Whatever the stores reject with comes through. It never
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
  await withContext(RunError, 'recover', options?.runId, () => checkRecoverOptions(options));
  for (;;) {
    const [loaded, head] = await Promise.all([loadSnapshot(options), options.events.head(options.runId)]);
    // That head may be older than the snapshot; one that is read after it is not.
    const isOlder = loaded.snapshot && loaded.snapshot.atSeq > head.seq;
    const recovery = await replay(options, loaded, isOlder ? await options.events.head(options.runId) : head);
    if (recovery) return recovery;
  }
}

/**
 * What {@link recover} resolves with, got from an earlier recovery by replaying only what has come since. If the run
 * was deleted and begun anew, it is recovered anew.
 */
export async function catchUp<S, E>(
  options: RecoverOptions<S, E>,
  known: Pick<Recovery<S>, 'seq' | 'logId' | 'state'>,
): Promise<Recovery<S>> {
  const { seq: atSeq, logId, state } = known;
  const head = await options.events.head(options.runId);
  const isSameLog = head.logId === logId && head.seq >= atSeq;
  const snapshot = { runId: options.runId, atSeq, logId, state };
  return (isSameLog ? await replay(options, { snapshot }, head) : undefined) ?? recover(options);
}

/** Recovers up to `head`; `undefined` if its log is replaced by another one meanwhile. */
async function replay<S, E>(
  { runId, events, reduce, initialState }: RecoverOptions<S, E>,
  loaded: Loaded<S>,
  head: Head,
): Promise<Recovery<S> | undefined> {
  const { snapshot, ignored } = usable(loaded, head);
  const snapshotSeq = snapshot?.atSeq ?? 0;
  const read = (from: Seq) =>
    from > head.seq ? undefined : events.scan(runId, from, Math.min(PAGE, head.seq - from + 1));

  let state = snapshot ? snapshot.state : initialState;
  let seq = snapshotSeq;
  let next = read(seq + 1);
  while (next) {
    const page = await next;
    if (page.logId !== head.logId) return undefined;
    const to = Math.min(seq + PAGE, head.seq);
    // Read while this page is replayed; if that fails, nobody waits for it.
    next = read(seq + PAGE + 1);
    next?.catch(() => {});
    for (const { seq: found, event } of page.events) {
      if (found !== seq + 1) throw gap(runId, seq + 1);
      state = reduceEvent(reduce, state, event, { operation: 'recover', runId, seq: found });
      seq = found;
    }
    if (seq < to) throw gap(runId, seq + 1);
  }
  const recovery = { state, seq, logId: head.logId, snapshotSeq, replayed: seq - snapshotSeq };
  return ignored ? { ...recovery, ignoredSnapshot: ignored } : recovery;
}

interface Loaded<S> {
  readonly snapshot?: Snapshot<S> | undefined;
  readonly ignored?: IgnoredSnapshot;
}

/** The snapshot that was loaded, unless it says nothing of the log that ends with `head`. */
function usable<S>(loaded: Loaded<S>, head: Head): Loaded<S> {
  if (!loaded.snapshot) return loaded;
  const { atSeq, logId = null } = loaded.snapshot;
  if (atSeq > head.seq) return { ignored: { reason: 'ahead-of-log', atSeq } };
  if (atSeq > 0 && logId !== head.logId) return { ignored: { reason: 'other-log', atSeq } };
  return loaded;
}

/** The state after the event `context.seq`; `reducer-threw` where the reducer refuses it. */
export function reduceEvent<S, E>(reduce: Reducer<S, E>, state: S, event: E, context: ErrorContext): S {
  try {
    return reduce(state, event);
  } catch (cause) {
    const detail = `the reducer threw at the event ${context.seq}: ${describe(cause)}`;
    const hint = Object.isFrozen(state) && cause instanceof TypeError ? changedState : '';
    throw new RunError('reducer-threw', detail + hint, {
      ...context,
      cause,
    });
  }
}

const changedState = '. Does it change the state that it is given? It must return a new one.';

async function loadSnapshot<S>({
  runId,
  snapshots,
}: Pick<RecoverOptions<S, never>, 'runId' | 'snapshots'>): Promise<Loaded<S>> {
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
