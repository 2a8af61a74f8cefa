import { wrap } from 'idb';
import type { Codec } from '../../contracts/codec.ts';
import type { SaveOptions, Snapshot, SnapshotStore } from '../../contracts/snapshot-store.ts';
import type { RunId } from '../../contracts/words.ts';
import { checkRunId, checkSave } from '../../errors/contract-rules.ts';
import { SnapshotStoreError } from '../../errors/kernel-error.ts';
import { type Reason, reasonOf, staleLog, staleSnapshot, withContext } from '../../errors/reason.ts';
import { capture, putReason } from '../capture.ts';
import { byRun, GroupCommit } from '../group-commit.ts';
import { decodeRecord, encodeRecord } from './coded-record.ts';
import {
  Database,
  deletedMeanwhile,
  type IndexedDbOptions,
  logIdKeyOf,
  type ObjectStores,
  type TransactOptions,
} from './database.ts';
import {
  asLogId,
  asSeq,
  contentOf,
  isSeq,
  logIdOf,
  type SnapshotFields,
  snapshotRecord,
  versionOf,
} from './record.ts';

/** A save on its way: what is to be written, and what became of it. */
interface Save extends SnapshotFields {
  readonly runId: RunId;
  state: unknown;
  /** Whether nobody else can change `state` any more. */
  captured: boolean;
  /** How often the database had been deleted when the save was called. */
  readonly deletions: number;
  /** What is to be stored, if that is not the state as it is. */
  coded?: object;
  failure?: Reason;
}

/**
 * A {@link SnapshotStore} in IndexedDB: one record per run in the object store `snapshots`, and its `atSeq` in
 * the object store `guards`, so that a save can ask for that without reading a state. It opens the database at the
 * first call and opens it again whenever the connection was closed or lost.
 *
 * Of several saves of one run that wait for a commit in flight, only the latest is written.
 *
 * Besides what the contract names, every method rejects with `unavailable`, `timeout` or `blocked` if the
 * database cannot be opened, with `newer-version` if a newer release has upgraded it, and with `connection-lost`
 * if the connection broke midway; `save` also with `quota`.
 *
 * @example
 * const snapshots = new IndexedDbSnapshotStore<{ done: number }>();
 * await snapshots.save({ runId: 'import-7', atSeq: 20, state: { done: 20 } });
 * const snapshot = await snapshots.loadLatest('import-7');
 */
export class IndexedDbSnapshotStore<S> implements SnapshotStore<S> {
  readonly #database: Database;
  readonly #durability: IDBTransactionDurability;
  readonly #codec: Codec | undefined;
  readonly #commits = new GroupCommit<Save>((saves) => this.#commit(saves));

  constructor(options: IndexedDbOptions = {}) {
    this.#database = Database.shared(options);
    this.#durability = options.durability ?? 'relaxed';
    this.#codec = options.codec;
  }

  loadLatest(runId: RunId): Promise<Snapshot<S> | undefined> {
    return withContext(SnapshotStoreError, 'loadLatest', runId, async () => {
      checkRunId(runId);
      const stored: unknown = await this.#database.transact('readonly', ({ snapshots }) =>
        wrap(snapshots.get(runId)),
      );
      if (stored === undefined) return undefined;
      const record = await decodeRecord(this.#codec, stored, runId, Object(stored).atSeq);
      const atSeq = asSeq(contentOf(record, 'atSeq'));
      const logId = asLogId(Object(record).logId);
      const version = versionOf(record);
      // `S` is the application's word for what it saved under this run.
      const state = contentOf(record, 'state') as S;
      return { runId, atSeq, ...(logId && { logId }), ...(version > 1 && { version }), state };
    });
  }

  async save(snapshot: Snapshot<S>, options?: SaveOptions): Promise<void> {
    return withContext(SnapshotStoreError, 'save', snapshot?.runId, async () => {
      checkSave(snapshot, options);
      const { runId, atSeq, logId, version, state } = snapshot;
      const captured = options?.immutable ?? false;
      const { deletions } = this.#database;
      const save: Save = { runId, atSeq, logId, version, state, captured, deletions };
      if (this.#codec || this.#commits.busy) captureState(save);
      if (!save.failure) await this.#commits.add(save);
      if (save.failure) throw save.failure;
    });
  }

  delete(runId: RunId): Promise<void> {
    return withContext(SnapshotStoreError, 'delete', runId, async () => {
      checkRunId(runId);
      const { deletions } = this.#database;
      const deletion = ({ snapshots, guards }: ObjectStores) =>
        Promise.all([snapshots, guards].map((store) => wrap(store.delete(runId))));
      await this.#commits.alone(() => this.#write(deletion, { deletions }));
    });
  }

  runIds(): Promise<RunId[]> {
    return withContext(SnapshotStoreError, 'runIds', undefined, async () => {
      const keys = await this.#database.transact('readonly', ({ snapshots }) => wrap(snapshots.getAllKeys()));
      return keys.filter((key) => typeof key === 'string');
    });
  }

  async #commit(saves: readonly Save[]): Promise<void> {
    const codec = this.#codec;
    if (codec) await Promise.all(saves.map((save) => encodeState(codec, save)));
    for (const save of saves) {
      if (save.deletions !== this.#database.deletions) save.failure ??= deletedMeanwhile();
    }
    const left = saves.filter(({ failure }) => !failure);
    if (left.length === 0) return;
    try {
      await this.#write(
        (stores) => Promise.all(Array.from(byRun(left).values(), (ofRun) => saveLatest(stores, ofRun))),
        { beforeWait: () => left.forEach(captureState) },
      );
    } catch (error) {
      // The failure of one save has taken back all: now without it.
      if (!left.some(({ failure }) => failure)) throw error;
      await this.#commit(left);
    }
  }

  async #write(body: (stores: ObjectStores) => Promise<unknown>, options: TransactOptions): Promise<void> {
    await this.#database.transact('readwrite', body, { durability: this.#durability, ...options });
  }
}

function captureState(save: Save): void {
  if (save.captured) return;
  try {
    save.state = capture(save.state, 'state');
    save.captured = true;
  } catch (error) {
    save.failure = reasonOf(error);
  }
}

async function encodeState(codec: Codec, save: Save): Promise<void> {
  try {
    save.coded ??= await encodeRecord(codec, snapshotRecord(save), save.runId, save.atSeq);
  } catch (error) {
    save.failure = reasonOf(error);
  }
}

/** Writes the latest of one run's saves; fails if that cannot be stored, comes too late, or is of another log. */
async function saveLatest(
  { snapshots, guards, events }: ObjectStores,
  saves: readonly [Save, ...Save[]],
): Promise<void> {
  const latest = saves.reduce((best, next) => (next.atSeq < best.atSeq ? best : next));
  const { runId, atSeq, state } = latest;
  const stored = Promise.all([wrap(guards.get(runId)), wrap(events.getKey(logIdKeyOf(runId)))]);
  // If put throws, nobody waits for it.
  stored.catch(() => {});
  try {
    // At once, because put captures the state. Should it turn out that it must not be there, it is taken back.
    snapshots.put(latest.coded ?? snapshotRecord(latest), runId);
  } catch (error) {
    latest.failure = putReason(error, state, 'state');
    throw latest.failure;
  }
  guards.put(atSeq, runId);
  const [guard, logIdKey]: readonly [unknown, IDBValidKey | undefined] = await stored;
  // A guard that is damaged keeps nobody out.
  let highest = isSeq(guard) ? guard : 0;
  for (const save of saves) {
    if (save.logId && save.logId !== logIdOf(logIdKey)) save.failure = staleLog();
    else if (save.atSeq < highest) save.failure = staleSnapshot(save.atSeq, highest);
    else highest = save.atSeq;
  }
  if (latest.failure) throw latest.failure;
}
