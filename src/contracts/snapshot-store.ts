/** Names one run: a non-empty string, unique in its database. */
export type RunId = string;

/**
 * An event's number in its run: 1, 2, 3, … without gaps; a safe integer. 0 means 'before any event'.
 */
export type Seq = number;

/**
 * The state of a run right after the event `atSeq` was applied.
 *
 * Recovery loads the latest snapshot and replays the events with `seq > atSeq`.
 * The idea and its invariant come from `kernel/snapshot.rs` of the Rust crate oris-kernel.
 */
export interface Snapshot<S> {
  readonly runId: RunId;
  /** The seq of the last event applied to produce `state`; 0 where none was. */
  readonly atSeq: Seq;
  /** Anything that the structured clone algorithm can copy. */
  readonly state: S;
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
   * The run's latest committed snapshot, or `undefined` where it has none. The caller owns what it gets:
   * changing it changes nothing stored.
   *
   * Rejects with `unreadable` or `newer-version` where the stored record is not one of this release.
   */
  loadLatest(runId: RunId): Promise<Snapshot<S> | undefined>;

  /**
   * Replaces the run's snapshot, and resolves when a snapshot at this `atSeq` or later is committed. The
   * state is captured at the call: changing it afterwards changes nothing stored.
   *
   * Rejects, having changed nothing, with `conflict` where the stored snapshot has a higher `atSeq` (an
   * equal one is replaced), and with `not-cloneable` where the state cannot be copied, naming the place.
   */
  save(snapshot: Snapshot<S>): Promise<void>;

  /** Deletes the run's snapshot; succeeds where it has none. To rewind a run, delete it first. */
  delete(runId: RunId): Promise<void>;

  /** The runs that have a snapshot, each once, in no particular order. */
  runIds(): Promise<RunId[]>;
}
