import { capture } from '../backends/capture.ts';
import { InTurn } from '../backends/in-turn.ts';
import type { SaveOptions, Snapshot, SnapshotStore } from '../contracts/snapshot-store.ts';
import type { RunId } from '../contracts/words.ts';
import { checkRunId, checkSave } from '../errors/contract-rules.ts';
import { SnapshotStoreError } from '../errors/kernel-error.ts';
import { withContext } from '../errors/reason.ts';
import { assertShort, HttpClient, type HttpStoreOptions } from './http-client.ts';
import { idsOf, nothingOf, snapshotOf, snapshotToJson } from './wire.ts';

/**
 * A {@link SnapshotStore} on a server that answers with {@link handle}; everything else is as with {@link HttpEventStore}.
 *
 * @example
 * const snapshots = new HttpSnapshotStore<State>({ url: '/rewake' });
 * const snapshot = await snapshots.loadLatest('import-7');
 */
export class HttpSnapshotStore<S> implements SnapshotStore<S> {
  readonly #client: HttpClient;
  readonly #writes = new InTurn();

  constructor(options: HttpStoreOptions) {
    this.#client = new HttpClient(options);
  }

  loadLatest(runId: RunId): Promise<Snapshot<S> | undefined> {
    return withContext(SnapshotStoreError, 'loadLatest', runId, async () => {
      checkRunId(runId);
      assertShort('runId', runId);
      const read = (json: unknown) => (json === null ? undefined : snapshotOf(json, runId));
      const found = await this.#client.call({ resource: 'snapshot', runId, read });
      // `S` is the application's word for what it has saved.
      return found as Snapshot<S> | undefined;
    });
  }

  save(snapshot: Snapshot<S>, options?: SaveOptions): Promise<void> {
    return withContext(SnapshotStoreError, 'save', snapshot?.runId, () => {
      checkSave(snapshot, options);
      const { runId } = snapshot;
      assertShort('runId', runId);
      const body = JSON.stringify(snapshotToJson({ ...snapshot, state: capture(snapshot.state, 'state') }));
      return this.#writes.do(runId, () =>
        this.#client.call({ resource: 'snapshot', runId, method: 'PUT', body, read: nothingOf }),
      );
    });
  }

  delete(runId: RunId): Promise<void> {
    return withContext(SnapshotStoreError, 'delete', runId, () => {
      checkRunId(runId);
      assertShort('runId', runId);
      return this.#writes.do(runId, () =>
        this.#client.call({ resource: 'snapshot', runId, method: 'DELETE', read: nothingOf }),
      );
    });
  }

  runIds(): Promise<RunId[]> {
    return withContext(SnapshotStoreError, 'runIds', undefined, () =>
      this.#client.call({ resource: 'snapshots', read: idsOf }),
    );
  }
}
