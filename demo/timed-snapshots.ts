import type { RunId, Snapshot, SnapshotStore } from 'rewake';

/** Notes when the snapshot was read, which is how a recovery begins: `openRun` may have waited before. */
export class TimedSnapshots<S> implements SnapshotStore<S> {
  readAt = 0;
  readonly #snapshots: SnapshotStore<S>;

  constructor(snapshots: SnapshotStore<S>) {
    this.#snapshots = snapshots;
  }

  loadLatest(runId: RunId): Promise<Snapshot<S> | undefined> {
    this.readAt = performance.now();
    return this.#snapshots.loadLatest(runId);
  }

  save(snapshot: Snapshot<S>): Promise<void> {
    return this.#snapshots.save(snapshot);
  }

  delete(runId: RunId): Promise<void> {
    return this.#snapshots.delete(runId);
  }

  runIds(): Promise<RunId[]> {
    return this.#snapshots.runIds();
  }
}
