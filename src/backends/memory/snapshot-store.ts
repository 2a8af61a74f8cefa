import type { RunId, Snapshot, SnapshotStore } from '../../contracts/snapshot-store.ts';
import { attempt, staleSnapshot } from '../../errors/failure.ts';
import { SnapshotStoreError } from '../../errors/kernel-error.ts';
import { checkRunId, checkSnapshot } from '../../errors/rules.ts';
import { capture } from '../capture.ts';

/**
 * A {@link SnapshotStore} that lasts as long as the object: for tests, servers, and pages that get no
 * IndexedDB. It keeps the contract to the letter, isolation included.
 *
 * @example
 * const snapshots = new InMemorySnapshotStore<{ done: number }>();
 * await snapshots.save({ runId: 'import-7', atSeq: 20, state: { done: 20 } });
 */
export class InMemorySnapshotStore<S> implements SnapshotStore<S> {
  readonly #latest = new Map<RunId, Snapshot<S>>();

  loadLatest(runId: RunId): Promise<Snapshot<S> | undefined> {
    return attempt(SnapshotStoreError, 'loadLatest', runId, () => {
      checkRunId(runId);
      return structuredClone(this.#latest.get(runId));
    });
  }

  async save(snapshot: Snapshot<S>): Promise<void> {
    return attempt(SnapshotStoreError, 'save', snapshot?.runId, () => {
      checkSnapshot(snapshot);
      const { runId, atSeq } = snapshot;
      const state = capture(snapshot.state, 'state');
      const stored = this.#latest.get(runId)?.atSeq ?? 0;
      if (atSeq < stored) throw staleSnapshot(atSeq, stored);
      this.#latest.set(runId, { runId, atSeq, state });
    });
  }

  delete(runId: RunId): Promise<void> {
    return attempt(SnapshotStoreError, 'delete', runId, () => {
      checkRunId(runId);
      this.#latest.delete(runId);
    });
  }

  runIds(): Promise<RunId[]> {
    return attempt(SnapshotStoreError, 'runIds', undefined, () => [...this.#latest.keys()]);
  }
}
