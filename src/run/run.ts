// For `AsyncDisposable`, whatever `lib` the user of these types has chosen.
/// <reference lib="esnext.disposable" preserve="true" />

import type { EventStore } from '../contracts/event-store.ts';
import type { SnapshotStore } from '../contracts/snapshot-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import type { KernelError } from '../errors/kernel-error.ts';
import type { Recovery, Reducer } from '../recovery/recover.ts';
import type { OwnerMode } from './ownership.ts';

/** The stores of a run: what {@link openStores} gives, or any two backends. */
export interface RunStores<S, E> {
  readonly snapshots: SnapshotStore<S>;
  readonly events: EventStore<E>;
  /** The name under which other tabs share these stores, so that one of them at a time owns a run. */
  readonly databaseName?: string;
  readonly dataLoss?: KernelError;
}

/** What {@link openRun} needs to know. */
export interface RunOptions<S, E> {
  readonly id: RunId;
  readonly reduce: Reducer<S, E>;
  /** The state at seq 0. */
  readonly initialState: S;
  /**
   * After how many durable events a snapshot is saved; 1,000 by default. Measured in Chromium 156 and Firefox
   * 153 on two cores, replaying 1,000 events took 2 ms where they were appended by the hundred and 8 to 24 ms
   * where each was awaited, and saving a state of 1 MB 12 to 21 ms: a smaller number makes recovery no faster
   * that anybody would notice, and writes the state more often.
   */
  readonly snapshotEvery?: number;
  /** `openStores({ immutable: true })` by default. */
  readonly stores?: RunStores<S, E>;
  /**
   * Where somebody else owns the run: `wait` (default) until it is free, `fail` with `conflict`, or `steal`
   * it, upon which the former owner's run closes itself with `conflict`.
   */
  readonly owner?: OwnerMode;
  /** Gives up opening the run: `openRun` rejects with `closed`, at once, and does not own the run. */
  readonly signal?: AbortSignal;
  /**
   * Receives failures that no pending call can report: a snapshot that could not be saved, the error with which the
   * run closed itself, why it is only in memory, and that the browser has lost the database (`data-lost`).
   */
  readonly onReport?: (error: KernelError) => void;
  /**
   * For development: freezes each state that `reduce` returns, deeply, so that a reducer that changes a state throws
   * (`reducer-threw`). Off by default. It cannot freeze what is inside of a Map, a Set or a typed array.
   */
  readonly freeze?: boolean;
}

/** A live run: this object alone writes it. */
export interface Run<S, E> extends AsyncDisposable {
  readonly id: RunId;
  /** The state after all events that were appended, durable or not yet. */
  readonly state: S;
  /** The seq of the last event in `state`. */
  readonly seq: Seq;
  /** What recovery found and did when the run was opened. */
  readonly recovery: Recovery<S>;
  /** Set if the browser has lost the run's database; see {@link Stores.dataLoss}. */
  readonly dataLoss?: KernelError;
  /**
   * Puts an event, or an array of events that stay together, through the reducer and appends it. The state
   * moves before this returns; the promise resolves with the event's seq when it is durable. Appends that
   * are not awaited keep their order and share commits. Do not change an event afterwards.
   *
   * Rejects with `reducer-threw` if the reducer refused an event, naming its would-be seq: nothing is
   * appended and the state stays. With `invalid-argument` if a reducer calls it; a listener may. If the log refuses,
   * the run is closed: this and every pending and later append reject with that one error, and opening the run again
   * gives the last durable state. Rejects with `closed` after {@link Run.close}.
   *
   * A run that was stolen may find, at its first append, that the former owner has appended since. Then `state` is
   * computed anew on top of that, and so is the seq.
   */
  append(event: E | readonly E[]): Promise<Seq>;
  /** Saves a snapshot of all that is durable now. Rejects as {@link SnapshotStore.save} does. */
  snapshot(): Promise<void>;
  /** Calls `listener` after every change of the state. Returns what ends that. */
  subscribe: (listener: () => void) => () => void;
  /** The state; the same reference until it changes, as React's `useSyncExternalStore` wants it. */
  getState: () => S;
  /** Waits for what is in flight, saves a snapshot and lets go of the run. Never rejects. */
  close(): Promise<void>;
}
