import { wrap } from 'idb';
import { checkRunId, checkSnapshot } from '../arguments.ts';
import { capture, putFailure } from '../capture.ts';
import { SnapshotStoreError } from '../errors.ts';
import { attempt, type Failure, failureOf, staleSnapshot } from '../failure.ts';
import type { RunId, Seq, Snapshot, SnapshotStore } from '../snapshot-store.ts';
import { Database, type IndexedDbOptions, keysOf } from './database.ts';
import { byRun, GroupCommit } from './group-commit.ts';
import { contentOf, runIdOf, seqOf, snapshotRecord } from './record.ts';

/** A save on its way: what is to be written, and what became of it. */
interface Save {
  readonly runId: RunId;
  readonly atSeq: Seq;
  state: unknown;
  /** Whether nobody else can change `state` any more. */
  captured: boolean;
  failure?: Failure;
}

/**
 * A {@link SnapshotStore} in IndexedDB: one record per run, in the object store `snapshots`. It opens the
 * database at the first call and opens it again whenever the connection was closed or lost.
 *
 * Of several saves of one run that wait for a commit in flight, only the latest is written.
 *
 * Beside what the contract names, every method rejects with `unavailable`, `timeout` or `blocked` where the
 * database cannot be opened, `newer-version` where a newer release has upgraded it, and `connection-lost`
 * where it broke off midway; `save` also with `quota`.
 *
 * @example
 * const snapshots = new IndexedDbSnapshotStore<{ done: number }>();
 * await snapshots.save({ runId: 'import-7', atSeq: 20, state: { done: 20 } });
 * const snapshot = await snapshots.loadLatest('import-7');
 */
export class IndexedDbSnapshotStore<S> implements SnapshotStore<S> {
  readonly #database: Database;
  readonly #durability: IDBTransactionDurability;
  readonly #immutable: boolean;
  readonly #commits = new GroupCommit<Save>((saves) => this.#commit(saves));

  constructor(options: IndexedDbOptions = {}) {
    this.#database = Database.shared(options);
    this.#durability = options.durability ?? 'relaxed';
    this.#immutable = options.immutable ?? false;
  }

  loadLatest(runId: RunId): Promise<Snapshot<S> | undefined> {
    return attempt(SnapshotStoreError, 'loadLatest', runId, async () => {
      checkRunId(runId);
      // One request for both the key and the value.
      const found = await this.#database.transact('snapshots', 'readonly', (store) =>
        wrap(store.openCursor(keysOf(runId))),
      );
      // `S` is the application's word for what it saved under this run.
      if (!found) return undefined;
      return { runId, atSeq: seqOf(found.key), state: contentOf(found.value, 'state') as S };
    });
  }

  async save(snapshot: Snapshot<S>): Promise<void> {
    return attempt(SnapshotStoreError, 'save', snapshot?.runId, async () => {
      checkSnapshot(snapshot);
      const { runId, atSeq, state } = snapshot;
      const save: Save = { runId, atSeq, state, captured: this.#immutable };
      if (this.#commits.busy) captureState(save);
      if (!save.failure) await this.#commits.add(save);
      if (save.failure) throw save.failure;
    });
  }

  delete(runId: RunId): Promise<void> {
    return attempt(SnapshotStoreError, 'delete', runId, async () => {
      checkRunId(runId);
      const deletion = () =>
        this.#database.transact('snapshots', 'readwrite', (store) => wrap(store.delete(keysOf(runId))), {
          durability: this.#durability,
        });
      await this.#commits.alone(deletion);
    });
  }

  runIds(): Promise<RunId[]> {
    return attempt(SnapshotStoreError, 'runIds', undefined, async () => {
      const keys = await this.#database.transact('snapshots', 'readonly', (store) =>
        wrap(store.getAllKeys()),
      );
      return keys.map(runIdOf).filter((runId) => runId !== undefined);
    });
  }

  #commit(saves: readonly Save[]): Promise<void> {
    return this.#database.transact(
      'snapshots',
      'readwrite',
      async (store) => {
        await Promise.all(
          Array.from(byRun(saves), ([runId, savesOfRun]) => saveLatest(store, runId, savesOfRun)),
        );
      },
      { durability: this.#durability, beforeWait: () => saves.forEach(captureState) },
    );
  }
}

function captureState(save: Save): void {
  if (save.captured) return;
  try {
    save.state = capture(save.state, 'state');
    save.captured = true;
  } catch (error) {
    save.failure = failureOf(error);
  }
}

/** Writes the latest of one run's saves, and finds out which of them came too late. */
async function saveLatest(store: IDBObjectStore, runId: RunId, saves: readonly Save[]): Promise<void> {
  // Asked first, so that it tells what was there before; put without waiting, because put captures the state.
  const before = wrap(store.getKey(keysOf(runId)));
  const latest = putLatest(store, saves);
  const key = await before;
  const stored = key === undefined ? -1 : seqOf(key);
  // Of the two records, the lower goes. Where that is the new one, nothing has changed.
  const written = latest?.atSeq ?? stored;
  if (key !== undefined && written !== stored) store.delete([runId, Math.min(written, stored)]);
  let highest = stored;
  for (const save of saves) {
    if (save.atSeq < highest) save.failure ??= staleSnapshot(save.atSeq, highest);
    else if (!save.failure) highest = save.atSeq;
  }
}

/** Puts the highest of the saves, the last of equals, passing over those that cannot be stored. */
function putLatest(store: IDBObjectStore, saves: readonly Save[]): Save | undefined {
  const save = saves.reduce<Save | undefined>(
    (best, next) => (next.failure || (best && next.atSeq < best.atSeq) ? best : next),
    undefined,
  );
  if (!save) return undefined;
  try {
    store.put(snapshotRecord(save.state), [save.runId, save.atSeq]);
    return save;
  } catch (error) {
    save.failure = putFailure(error, save.state, 'state');
    return putLatest(store, saves);
  }
}
