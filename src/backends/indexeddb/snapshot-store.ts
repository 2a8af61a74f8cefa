import { wrap } from 'idb';
import type { RunId, Seq, Snapshot, SnapshotStore } from '../../contracts/snapshot-store.ts';
import { attempt, type Failure, failureOf, staleSnapshot } from '../../errors/failure.ts';
import { SnapshotStoreError } from '../../errors/kernel-error.ts';
import { checkRunId, checkSnapshot } from '../../errors/rules.ts';
import { capture, putFailure } from '../capture.ts';
import { byRun, GroupCommit } from '../group-commit.ts';
import { Database, type IndexedDbOptions } from './database.ts';
import { asSeq, contentOf, isSeq, snapshotRecord } from './record.ts';

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
 * A {@link SnapshotStore} in IndexedDB: one record per run in the object store `snapshots`, and its `atSeq` in
 * the object store `guards`, so that a save can ask for that without reading a state. It opens the database at the
 * first call and opens it again whenever the connection was closed or lost.
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
      const record = await this.#database.transact(['snapshots'], 'readonly', (snapshots) =>
        wrap(snapshots.get(runId)),
      );
      if (record === undefined) return undefined;
      // `S` is the application's word for what it saved under this run.
      return { runId, atSeq: asSeq(contentOf(record, 'atSeq')), state: contentOf(record, 'state') as S };
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
      const deletion = (snapshots: IDBObjectStore, guards: IDBObjectStore) =>
        Promise.all([snapshots, guards].map((store) => wrap(store.delete(runId))));
      await this.#commits.alone(() => this.#write(deletion));
    });
  }

  runIds(): Promise<RunId[]> {
    return attempt(SnapshotStoreError, 'runIds', undefined, async () => {
      const keys = await this.#database.transact(['snapshots'], 'readonly', (snapshots) =>
        wrap(snapshots.getAllKeys()),
      );
      return keys.filter((key) => typeof key === 'string');
    });
  }

  async #commit(saves: readonly Save[]): Promise<void> {
    const left = saves.filter(({ failure }) => !failure);
    if (left.length === 0) return;
    try {
      await this.#write(
        (snapshots, guards) =>
          Promise.all(Array.from(byRun(left).values(), (ofRun) => saveLatest(snapshots, guards, ofRun))),
        () => left.forEach(captureState),
      );
    } catch (error) {
      // The failure of one save has taken back all: now without it.
      if (!left.some(({ failure }) => failure)) throw error;
      await this.#commit(left);
    }
  }

  async #write(
    body: (snapshots: IDBObjectStore, guards: IDBObjectStore) => Promise<unknown>,
    beforeWait?: () => void,
  ): Promise<void> {
    const options = { durability: this.#durability, ...(beforeWait && { beforeWait }) };
    await this.#database.transact(['snapshots', 'guards'], 'readwrite', body, options);
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

/** Writes the latest of one run's saves; fails where that cannot be stored, or comes too late. */
async function saveLatest(
  snapshots: IDBObjectStore,
  guards: IDBObjectStore,
  saves: readonly [Save, ...Save[]],
): Promise<void> {
  const latest = saves.reduce((best, next) => (next.atSeq < best.atSeq ? best : next));
  const { runId, atSeq, state } = latest;
  const guard = wrap(guards.get(runId));
  // Where put throws, nobody waits for it.
  guard.catch(() => {});
  try {
    // At once, because put captures the state. Should the guard be higher, it is taken back.
    snapshots.put(snapshotRecord(atSeq, state), runId);
  } catch (error) {
    latest.failure = putFailure(error, state, 'state');
    throw latest.failure;
  }
  guards.put(atSeq, runId);
  const stored: unknown = await guard;
  // A guard that is damaged keeps nobody out.
  let highest = isSeq(stored) ? stored : 0;
  for (const save of saves) {
    if (save.atSeq < highest) save.failure = staleSnapshot(save.atSeq, highest);
    else highest = save.atSeq;
  }
  if (latest.failure) throw latest.failure;
}
