// For `AsyncDisposable`, whatever `lib` the user of these types has chosen.
/// <reference lib="esnext.disposable" preserve="true" />

import type { EventStore, SequencedEvent } from '../contracts/event-store.ts';
import type { SnapshotStore } from '../contracts/snapshot-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import type { AnyKernelError, KernelError } from '../errors/kernel-error.ts';
import {
  flag,
  integer,
  method,
  nonEmpty,
  object,
  oneOf,
  optional,
  type Rule,
  text,
} from '../errors/rules.ts';
import { definitionRules, type RunDefinition } from '../recovery/definition.ts';
import type { Recovery } from '../recovery/recover.ts';

/** The stores of a run: what {@link openStores} gives, or any two backends. */
export interface RunStores<S, E> {
  /** Where the run's snapshot is. */
  readonly snapshots: SnapshotStore<S>;
  /** Where the run's log is. */
  readonly events: EventStore<E>;
  /** The name under which other tabs share these stores, so that one of them at a time owns a run. */
  readonly databaseName?: string;
  /** What they are: `indexeddb`, `memory`, or a name of your own. */
  readonly backend?: string;
  /** Why they are in memory. */
  readonly reason?: KernelError;
  /** Set if the browser has lost the database; see {@link IndexedDbStores.dataLoss}. */
  readonly dataLoss?: KernelError;
}

/** What to do if another tab, worker or object owns the run. */
export type IfOwned = 'wait' | 'fail' | 'steal';

/** What {@link openRun} and {@link followRun} both need to know. */
export interface CommonOptions<S, E> extends RunDefinition<S, E> {
  /** Names the run. */
  readonly runId: RunId;
  /** Those of `openStores()` by default. */
  readonly stores?: RunStores<S, E> | undefined;
  /**
   * Receives failures that no pending call can report: a snapshot that could not be saved, a log that could not be
   * compacted, an append whose connection stays lost while it is tried again, the error with which the run closed itself, why it is only in memory, that the browser has lost the database (`data-lost`), a listener that
   * threw. Without it, they go to `console.warn`.
   */
  readonly onError?: ((error: AnyKernelError) => void) | undefined;
}

/** What {@link openRun} needs to know. */
export interface RunOptions<S, E> extends CommonOptions<S, E> {
  /**
   * After how many durable events a snapshot is saved; 1,000 by default. Measured in Chromium 156 and Firefox
   * 153 on two cores, replaying 1,000 events took 2 ms if they were appended by the hundred and 8 to 24 ms
   * if each was awaited, and saving a state of 1 MB 12 to 21 ms: a smaller number makes no recovery faster that
   * anybody would notice, and writes the state more often.
   */
  readonly snapshotEvery?: number | undefined;
  /**
   * Shortens the log by itself: after a snapshot, and when the run is opened, if there are more than twice as many events
   * after the base, all but the last `keepEvents` are folded into it and deleted. So each event is put through the reducer
   * once more, in the background. By default every event is kept.
   *
   * A compaction that fails goes to `onError`; the next is tried after `keepEvents` more events.
   */
  readonly keepEvents?: number | undefined;
  /**
   * If somebody else owns the run: `wait` (default) until it is free, `fail` with `conflict`, or `steal`
   * it: the former owner's run then closes itself with `conflict`.
   */
  readonly ifOwned?: IfOwned | undefined;
  /** Called if the run is owned by somebody else and `openRun` waits for it. */
  readonly onWait?: (() => void) | undefined;
  /**
   * Gives up opening the run: `openRun` rejects with `aborted`, at once, and does not own the run. Pass one whenever
   * you may lose interest before the run is open, as a component that unmounts does.
   */
  readonly signal?: AbortSignal | undefined;
  /** Rejects with `unavailable` if there is no IndexedDB, instead of opening the run in memory. */
  readonly requireDurable?: boolean | undefined;
  /**
   * For development: freezes each state that `reduce` returns, deeply, so that a reducer that changes a state throws
   * (`reducer-threw`). Off by default. It cannot freeze what is inside of a Map, a Set or a typed array.
   */
  readonly freeze?: boolean | undefined;
}

const commonRules: Record<keyof CommonOptions<unknown, unknown>, Rule> = {
  ...definitionRules,
  runId: nonEmpty,
  stores: optional(
    object({
      snapshots: object({ loadLatest: method, save: method, delete: method }),
      events: object({ head: method, scan: method, append: method, compact: method, base: method }),
      databaseName: optional(text),
    }),
  ),
  onError: optional(method),
};

export const checkFollowOptions: (options: unknown) => void = (options) =>
  object(commonRules)('options', options);

export const runRules: Record<keyof RunOptions<unknown, unknown>, Rule> = {
  ...commonRules,
  snapshotEvery: optional(integer(1)),
  keepEvents: optional(integer(1)),
  ifOwned: optional(oneOf('wait', 'fail', 'steal')),
  onWait: optional(method),
  signal: optional(object({ aborted: flag, addEventListener: method })),
  requireDurable: optional(flag),
  freeze: optional(flag),
};

export const checkRunOptions: (options: unknown) => void = (options) => object(runRules)('options', options);

/**
 * The life of a run.
 *
 * - `open`: this object owns the run.
 * - `away`: the page is in the back/forward cache, or just back from there; it does not own the run.
 * - `closing`: the application has closed it; what was appended before is being written.
 * - `closed`: this object writes nothing any more.
 */
export type RunStatus = 'open' | 'away' | 'closing' | 'closed';

/** A live run: this object alone writes it. All methods are bound: `const { append } = run` works. */
export interface Run<S, E> extends AsyncDisposable {
  /** The run's name. */
  readonly runId: RunId;
  /** The state after all events that were appended, durable or not yet. */
  readonly state: S;
  /** The seq of the last event in `state`. */
  readonly seq: Seq;
  /** Where the run is in its life. Subscribers are called when it becomes `closed`. */
  readonly status: RunStatus;
  /** Resolves when the run is closed: with the error that ended it, or `undefined` after {@link Run.close}. */
  readonly closed: Promise<KernelError | undefined>;
  /** What recovery found and did when the run was opened. */
  readonly recovery: Recovery<S>;
  /** Where the run is kept: `indexeddb`, `memory`, or what your own stores say (`custom` if they say nothing). */
  readonly backend: string;
  /** Why it is only in memory. */
  readonly reason?: KernelError;
  /** Set if the browser has lost the run's database; see {@link IndexedDbStores.dataLoss}. */
  readonly dataLoss?: KernelError;
  /**
   * Puts an event through the reducer and appends it. The state moves before this returns; the promise resolves with
   * the event's seq when it is durable. Appends that are not awaited keep their order and share commits. Do not change
   * an event afterwards.
   *
   * Rejects with `reducer-threw` if the reducer refused the event, naming its would-be seq: nothing is
   * appended and the state stays. With `invalid-argument` if a reducer calls it; a listener may. If the log refuses,
   * the run is closed: this and every pending and later append reject with that one error, and opening the run again
   * gives the last durable state. Rejects with `closed` after {@link Run.close}.
   *
   * A run that was stolen may find, at its first append, that the former owner has appended since. Then `state` is
   * computed anew on top of that, and so is the seq.
   */
  readonly append: (event: E) => Promise<Seq>;
  /**
   * The same for several events that stay together: all of them are appended, or none. Resolves with the seq of the
   * last one; `[]` appends nothing.
   */
  readonly appendAll: (events: readonly E[]) => Promise<Seq>;
  /** Saves a snapshot of all that is durable now. Rejects as {@link SnapshotStore.save} does. */
  readonly snapshot: () => Promise<void>;
  /**
   * Folds all events that are durable now into the log's base: the log then begins with the state after them, and **they
   * are gone**. The run goes on as before, and so do its followers. A later version of your code needs a `migrate` that
   * takes the state, because it cannot replay the events.
   *
   * Rejects as {@link EventStore.compact} does; whatever happens, the log is the old one or the new one.
   */
  readonly compact: () => Promise<void>;
  /**
   * Calls `listener` after every change of the state, and when the run is closed. Returns what ends that. Throws
   * `invalid-argument` if it is not a function.
   */
  readonly subscribe: (listener: () => void) => () => void;
  /**
   * Calls `listener` with each event that becomes durable from now on, in order, each once. Returns what ends that.
   * Throws `invalid-argument` if it is not a function.
   */
  readonly onEvent: (listener: (event: SequencedEvent<E>) => void) => () => void;
  /** The state; the same reference until it changes, as React's `useSyncExternalStore` wants it. */
  readonly getState: () => S;
  /** Waits for what is in flight, saves a snapshot and lets go of the run. Never rejects. */
  readonly close: () => Promise<void>;
}
