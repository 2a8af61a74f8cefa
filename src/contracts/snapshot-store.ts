import type { LogId, RunId, Seq } from './words.ts';

/**
 * The state of a run right after the event `atSeq` was applied.
 *
 * Recovery loads the latest snapshot and replays the events with `seq > atSeq`.
 * The idea and its invariant come from `kernel/snapshot.rs` of the Rust crate oris-kernel.
 */
export interface Snapshot<S> {
  /** The run's name. */
  readonly runId: RunId;
  /** The seq of the last event applied to produce `state`; 0 if none was. */
  readonly atSeq: Seq;
  /**
   * The log whose events `state` is made of, as `append`, `head`, `scan` and `recover` tell it. Recovery ignores a
   * snapshot that does not name the log it finds.
   */
  readonly logId?: LogId | null;
  /** The version of the application's code that made `state`; 1 if it is missing. */
  readonly version?: number;
  /** Anything that the structured clone algorithm can copy. */
  readonly state: S;
}

/** How {@link SnapshotStore.save} saves. */
export interface SaveOptions {
  /** The caller promises never to change the state. If the save has to wait for another, it then needs no copy. */
  readonly immutable?: boolean | undefined;
}

/**
 * Keeps the latest snapshot of each run. Strictly an optimization: every state in it can be computed again
 * from the event log.
 *
 * Every failure rejects with a {@link SnapshotStoreError}; nothing throws synchronously. A bad argument
 * rejects with `invalid-argument` before anything is touched.
 */
export interface SnapshotStore<S> {
  /**
   * The run's latest committed snapshot, or `undefined` if it has none. The caller owns what it gets:
   * changing it changes nothing stored.
   *
   * Rejects with `unreadable` or `newer-version` if the stored record is not one of this release.
   */
  loadLatest(runId: RunId): Promise<Snapshot<S> | undefined>;

  /**
   * Replaces the run's snapshot, and resolves when a snapshot at this `atSeq` or later is committed. The
   * state is captured at the call: changing it afterwards changes nothing stored.
   *
   * Rejects, having changed nothing, with `conflict` if the stored snapshot has a higher `atSeq` (an
   * equal one is replaced), and with `not-cloneable` if the state cannot be copied, naming the place. A store
   * that has the log in the same database also rejects with `conflict` if the snapshot's `logId` is not the
   * log's: the run was deleted or begun anew.
   */
  save(snapshot: Snapshot<S>, options?: SaveOptions): Promise<void>;

  /** Deletes the run's snapshot; succeeds if it has none. To rewind a run, delete it first. */
  delete(runId: RunId): Promise<void>;

  /** The runs that have a snapshot, each once, in no particular order. */
  runIds(): Promise<RunId[]>;
}
