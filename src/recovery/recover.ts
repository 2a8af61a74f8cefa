import type { Base, EventStore, Head, SequencedEvent } from '../contracts/event-store.ts';
import type { Snapshot, SnapshotStore } from '../contracts/snapshot-store.ts';
import type { LogId, RunId, Seq } from '../contracts/words.ts';
import { type ErrorContext, isKernelError, type KernelError, RunError } from '../errors/kernel-error.ts';
import { describe, withContext } from '../errors/reason.ts';
import { method, nonEmpty, object, type Rule } from '../errors/rules.ts';
import { definitionRules, type Reducer, type RunDefinition } from './definition.ts';

/** What {@link recover} needs to know. */
export interface RecoverOptions<S, E> extends RunDefinition<S, E> {
  /** Names the run. */
  readonly runId: RunId;
  /** What {@link openStores} gives, or any two backends. */
  readonly stores: {
    readonly snapshots: Pick<SnapshotStore<S>, 'loadLatest'>;
    readonly events: Pick<EventStore<E>, 'head' | 'scan' | 'base'>;
  };
}

const checkOptions = object({
  runId: nonEmpty,
  stores: object({
    snapshots: object({ loadLatest: method }),
    events: object({ head: method, scan: method, base: method }),
  }),
  ...definitionRules,
} satisfies Record<keyof RecoverOptions<unknown, unknown>, Rule>);

/** A recovered state, and what was done to get it. */
export interface Recovery<S> {
  /** The state after the event `seq`. */
  readonly state: S;
  /** The head of the log: the seq of the last event in `state`. */
  readonly seq: Seq;
  /** The log that those events are of; `null` if it has no identity (see {@link Head}). */
  readonly logId: LogId | null;
  /** The `atSeq` of the snapshot that was used; 0 if none was. */
  readonly snapshotSeq: Seq;
  /** The `atSeq` of the log's base if that was used, in place of a snapshot; else 0. */
  readonly baseSeq: Seq;
  /** How many events were replayed: exactly those after the snapshot or the base, up to `seq`. */
  readonly replayed: number;
  /** A snapshot that could not be used, so that the whole log was replayed, from its base on if it has one. */
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
   * - `older-version`: a lower version of the application has saved it, and there is no `migrate`, or that threw (the
   *   `cause` of `error`).
   */
  readonly reason: 'unreadable' | 'newer-version' | 'ahead-of-log' | 'other-log' | 'older-version';
  /** Its `atSeq`, if that could be read. */
  readonly atSeq?: Seq;
  /** What loading it rejected with, or why a state of a lower version cannot be used. */
  readonly error?: KernelError;
}

/** So many events are read at once, while as many are replayed. */
const PAGE = 10_000;

/**
 * The state of a run: its latest snapshot, and the events after it (those with `seq > atSeq`) put through
 * the reducer in order. The log is the source of truth: a snapshot that is unreadable, of another log, ahead of the
 * log or of an older version is ignored and reported, and the whole log is replayed. If the log was compacted, that is
 * its base and the events after it, and so it is if the snapshot is older than the base. The tail is read in pages, so
 * a log may be longer than memory. If the log is compacted, or deleted and begun anew, meanwhile, the run is recovered
 * anew.
 *
 * Rejects with a {@link RunError} that names the `seq`: `unreadable` if the log has a gap, `reducer-threw`
 * if `reduce` or `upcast` threw (its error is the `cause`), and `newer-version` if a higher version of the application
 * has saved the snapshot, made the base or appended an event: reload to get that version. A base that is needed is never
 * ignored: one of a lower version without a `migrate` that takes it is `older-version`. Whatever the stores reject with
 * comes through. It never resolves with a wrong state.
 *
 * @example
 * const { state, seq } = await recover({
 *   runId: 'import-7',
 *   stores: await openStores<{ done: number }, { files: number }>(),
 *   reduce: (state, event) => ({ done: state.done + event.files }),
 *   initialState: { done: 0 },
 * });
 */
export async function recover<S, E>(options: RecoverOptions<S, E>): Promise<Recovery<S>> {
  await withContext(RunError, 'recover', options?.runId, () => checkOptions('options', options));
  const { runId, stores } = options;
  // The base is read if it turns out to be needed: most logs have none, and most snapshots are newer.
  for (let base: Base | undefined; ; base = await stores.events.base(runId)) {
    const [loaded, head] = await Promise.all([loadSnapshot(options), stores.events.head(runId)]);
    // That head may be older than the snapshot; one that is read after it is not.
    const isOlder = loaded.snapshot && loaded.snapshot.atSeq > head.seq;
    const recovery = await replay(options, loaded, base, isOlder ? await stores.events.head(runId) : head);
    if (recovery) return recovery;
  }
}

/**
 * What {@link recover} resolves with, got from an earlier recovery by replaying only what has come since, and the events
 * that were replayed. If the run was deleted and begun anew, all of the new log is replayed. If some of what has come since
 * was compacted, it goes on from the base.
 */
export async function catchUp<S, E>(
  options: RecoverOptions<S, E>,
  known: Pick<Recovery<S>, 'seq' | 'logId' | 'state'>,
): Promise<{ readonly recovery: Recovery<S>; readonly events: readonly SequencedEvent<E>[] }> {
  const { runId, stores, version = 1 } = options;
  const { seq: atSeq, logId, state } = known;
  const snapshot: Snapshot<S> = { runId, atSeq, logId, state, version };
  for (let base: Base | undefined; ; base = await stores.events.base(runId)) {
    const head = await stores.events.head(runId);
    const events: SequencedEvent<E>[] = [];
    const recovery = await replay(options, { snapshot }, base, head, (event) => events.push(event));
    if (recovery) return { recovery, events };
  }
}

/**
 * Recovers up to `head`, from the snapshot, the base or the beginning; `undefined` if its log is replaced by another one
 * meanwhile, or was compacted so that a later base is needed.
 */
export async function replay<S, E>(
  options: RecoverOptions<S, E>,
  loaded: Loaded<S>,
  base: Base | undefined,
  head: Head,
  onEvent: (event: SequencedEvent<E>) => unknown = () => {},
): Promise<Recovery<S> | undefined> {
  const { runId, stores } = options;
  const { snapshotSeq, baseSeq, ignored, ...start } = startOf(options, loaded, base, head);
  const read = (from: Seq) =>
    from > head.seq ? undefined : stores.events.scan(runId, from, Math.min(PAGE, head.seq - from + 1));

  let { state, seq } = start;
  let next = read(seq + 1);
  while (next) {
    const page = await next.catch(unlessCompacted);
    if (!page || page.logId !== head.logId) return undefined;
    const to = Math.min(seq + PAGE, head.seq);
    // Read while this page is replayed; if that fails, nobody waits for it.
    next = read(seq + PAGE + 1);
    next?.catch(() => {});
    for (const stored of page.events) {
      if (stored.seq !== seq + 1) throw gap(runId, seq + 1);
      seq++;
      const context = { operation: 'recover', runId, seq };
      const event = eventOfToday(options, stored, context);
      state = reduceEvent(options.reduce, state, event, context);
      onEvent({ ...stored, event });
    }
    if (seq < to) throw gap(runId, seq + 1);
  }
  const recovery = { state, seq, logId: head.logId, snapshotSeq, baseSeq, replayed: seq - start.seq };
  return ignored ? { ...recovery, ignoredSnapshot: ignored } : recovery;
}

function unlessCompacted(error: unknown): undefined {
  if (!isKernelError(error, 'compacted')) throw error;
}

interface Loaded<S> {
  readonly snapshot?: Snapshot<S> | undefined;
  readonly ignored?: IgnoredSnapshot;
}

/** Where the replay of the log that ends with `head` begins: after the newest of snapshot and base. */
function startOf<S, E>(
  options: RecoverOptions<S, E>,
  loaded: Loaded<S>,
  base: Base | undefined,
  head: Head,
): Pick<Recovery<S>, 'seq' | 'state' | 'snapshotSeq' | 'baseSeq'> & Pick<Loaded<S>, 'ignored'> {
  const { snapshot, ignored } = usable(options, loaded, head);
  const seq = snapshot?.atSeq ?? 0;
  const reported = ignored && { ignored };
  if (base && base.logId === head.logId && base.atSeq > seq) {
    const { atSeq } = base;
    return { seq: atSeq, state: stateOfToday(options, base), snapshotSeq: 0, baseSeq: atSeq, ...reported };
  }
  const state = snapshot ? snapshot.state : options.initialState;
  return { seq, state, snapshotSeq: seq, baseSeq: 0, ...reported };
}

/** The snapshot that was loaded, as one of today, unless it says nothing of the log that ends with `head`. */
function usable<S, E>(options: RecoverOptions<S, E>, loaded: Loaded<S>, head: Head): Loaded<S> {
  const { snapshot } = loaded;
  if (!snapshot) return loaded;
  const { atSeq, logId = null, version = 1, state } = snapshot;
  const { runId, version: today = 1 } = options;
  if (version > today) throw newer(version, today, { operation: 'recover', runId, seq: atSeq });
  if (atSeq > head.seq) return { ignored: { reason: 'ahead-of-log', atSeq } };
  if (atSeq > 0 && logId !== head.logId) return { ignored: { reason: 'other-log', atSeq } };
  try {
    return { snapshot: { ...snapshot, state: stateOfToday(options, { atSeq, version, state }) } };
  } catch (error) {
    if (!isKernelError(error, 'older-version')) throw error;
    return { ignored: { reason: 'older-version', atSeq, error } };
  }
}

/** A stored state as one of today; `older-version` if it is of a lower version and there is no way from that. */
function stateOfToday<S, E>(
  { runId, version: today = 1, migrate }: RecoverOptions<S, E>,
  { atSeq, version, state }: Omit<Base, 'logId'>,
): S {
  const context = { operation: 'recover', runId, seq: atSeq };
  if (version > today) throw newer(version, today, context);
  // `S` is the application's word for the states that this version of its code has stored.
  if (version === today) return state as S;
  const older = (why: string, cause?: unknown) => {
    const detail = `the state at seq ${atSeq} is of version ${version} of the application; this is version ${today}, ${why}`;
    return new RunError('older-version', detail, { ...context, cause });
  };
  if (!migrate) throw older('and its definition has no migrate that would turn it into one of today.');
  try {
    return migrate(state, version);
  } catch (cause) {
    throw older(`and its migrate threw: ${describe(cause)}`, cause);
  }
}

/** A stored event as one of today. */
function eventOfToday<S, E>(
  { version: today = 1, upcast }: RunDefinition<S, E>,
  { event, version }: SequencedEvent<E>,
  context: ErrorContext,
): E {
  if (version === today) return event;
  if (version > today) throw newer(version, today, context);
  if (!upcast) return event;
  try {
    return upcast(event, version);
  } catch (cause) {
    const detail = `upcast threw at the event ${context.seq}, of version ${version}: ${describe(cause)}`;
    throw new RunError('reducer-threw', detail, { ...context, cause });
  }
}

/** The state after the event `context.seq`; `reducer-threw` if the reducer refuses it. */
export function reduceEvent<S, E>(reduce: Reducer<S, E>, state: S, event: E, context: ErrorContext): S {
  try {
    return reduce(state, event);
  } catch (cause) {
    const detail = `the reducer threw at the event ${context.seq}: ${describe(cause)}`;
    const hint = Object.isFrozen(state) && cause instanceof TypeError ? changedState : '';
    throw new RunError('reducer-threw', detail + hint, { ...context, cause });
  }
}

const changedState = '. Does it change the state that it is given? It must return a new one.';

async function loadSnapshot<S, E>({ runId, stores }: RecoverOptions<S, E>): Promise<Loaded<S>> {
  try {
    return { snapshot: await stores.snapshots.loadLatest(runId) };
  } catch (error) {
    for (const reason of ['unreadable', 'newer-version'] as const)
      if (isKernelError(error, reason)) return { ignored: { reason, error } };
    throw error;
  }
}

const newer = (version: number, today: number, context: ErrorContext) =>
  new RunError(
    'newer-version',
    `version ${version} of the application has written this; this is version ${today}. Nothing was changed; reload ` +
      'to get that version.',
    context,
  );

const gap = (runId: RunId, seq: Seq) =>
  new RunError('unreadable', `the event ${seq} is missing from the log, so no state can be trusted.`, {
    operation: 'recover',
    runId,
    seq,
  });
