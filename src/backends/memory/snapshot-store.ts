import type { SaveOptions, Snapshot, SnapshotStore } from '../../contracts/snapshot-store.ts';
import type { RunId } from '../../contracts/words.ts';
import { checkRunId, checkSave } from '../../errors/contract-rules.ts';
import { SnapshotStoreError } from '../../errors/kernel-error.ts';
import { staleSnapshot, withContext } from '../../errors/reason.ts';
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
    return withContext(SnapshotStoreError, 'loadLatest', runId, () => {
      checkRunId(runId);
      return structuredClone(this.#latest.get(runId));
    });
  }

  async save(snapshot: Snapshot<S>, options?: SaveOptions): Promise<void> {
    return withContext(SnapshotStoreError, 'save', snapshot?.runId, () => {
      checkSave(snapshot, options);
      const { runId, atSeq, logId, version } = snapshot;
      const state = capture(snapshot.state, 'state');
      const stored = this.#latest.get(runId)?.atSeq ?? 0;
      if (atSeq < stored) throw staleSnapshot(atSeq, stored);
      this.#latest.set(runId, {
        runId,
        atSeq,
        ...(logId && { logId }),
        ...(version && version > 1 && { version }),
        state,
      });
    });
  }

  delete(runId: RunId): Promise<void> {
    return withContext(SnapshotStoreError, 'delete', runId, () => {
      checkRunId(runId);
      this.#latest.delete(runId);
    });
  }

  runIds(): Promise<RunId[]> {
    return withContext(SnapshotStoreError, 'runIds', undefined, () => [...this.#latest.keys()]);
  }
}
