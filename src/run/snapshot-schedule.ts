import type { SnapshotStore } from '../contracts/snapshot-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import type { Place } from './append-queue.ts';

interface ScheduleOptions<S> {
  readonly runId: RunId;
  readonly store: Pick<SnapshotStore<S>, 'save'>;
  /** The version of the application's code. */
  readonly version: number;
  /** The `atSeq` of the snapshot that is there. */
  readonly saved: Seq;
  /** What is committed, and so may be in a snapshot. */
  readonly durable: () => Place<S>;
  readonly onSaved: () => void;
  /** Told of a snapshot that could not be saved behind the run's back; the next one is tried all the same. */
  readonly onError: (error: unknown) => void;
}

/** Saves a run's snapshots, behind the appends. */
export class SnapshotSchedule<S> {
  readonly #options: ScheduleOptions<S>;
  /** The seqs of the latest snapshot, and of the latest that was tried. */
  #saved: Seq;
  #tried: Seq;

  constructor(options: ScheduleOptions<S>) {
    this.#options = options;
    this.#saved = options.saved;
    this.#tried = options.saved;
  }

  /** Saves what is durable, unless that is in a snapshot already. Rejects as {@link SnapshotStore.save} does. */
  async save(): Promise<void> {
    const { runId, store, version, durable, onSaved } = this.#options;
    const { seq: atSeq, logId, state } = durable();
    this.#tried = atSeq;
    if (atSeq === this.#saved) return;
    await store.save({ runId, atSeq, logId, version, state }, { immutable: true });
    this.#saved = Math.max(this.#saved, atSeq);
    onSaved();
  }

  /** Saves what is durable if `every` events or more of it are in no snapshot that was tried. Never rejects. */
  saveBehind(every: number): void {
    const { durable, onError } = this.#options;
    const { seq } = durable();
    if (seq - this.#tried < every) return;
    this.save().catch((error: unknown) => {
      // What a later one has replaced need not be told.
      if (this.#tried === seq) onError(error);
    });
  }
}
