import type { Head } from '../contracts/event-store.ts';
import type { Seq } from '../contracts/words.ts';
import { isKernelError } from '../errors/kernel-error.ts';
import { type RecoverOptions, replay } from '../recovery/recover.ts';
import type { Place } from './append-queue.ts';
import type { RunOptions, RunStores } from './run.ts';

interface CompactionOptions<S, E> {
  readonly run: Pick<RunOptions<S, E>, 'keepEvents'> &
    RecoverOptions<S, E> & { readonly stores: RunStores<S, E> };
  /** What is committed, and so may be in a base. */
  readonly durable: () => Place<S>;
  /** Whether the run may still begin something by itself. */
  readonly isOpen: () => boolean;
  /** Told of a compaction that failed behind the run's back. */
  readonly onError: (error: unknown) => void;
}

/** Folds a run's log into its base. */
export class Compaction<S, E> {
  readonly #options: CompactionOptions<S, E>;
  /** Up to this head the log is known to be short enough, or was tried. */
  #enough: Seq = 0;
  #folding = false;

  constructor(options: CompactionOptions<S, E>) {
    this.#options = options;
  }

  /** Folds all that is durable. Rejects as {@link EventStore.compact} does. */
  async compact(): Promise<void> {
    const { seq, logId, state } = this.#options.durable();
    if (seq > 0) await this.#store({ seq, logId }, state);
  }

  /** Folds all events but the last `keepEvents`, if there are more than twice as many. Never rejects. */
  compactBehind(): void {
    const { run, durable, isOpen, onError } = this.#options;
    const { keepEvents } = run;
    const { seq, logId } = durable();
    if (
      keepEvents === undefined ||
      this.#folding ||
      !isOpen() ||
      seq <= Math.max(this.#enough, 2 * keepEvents)
    )
      return;
    this.#folding = true;
    this.#fold({ seq, logId }, keepEvents)
      .catch((error: unknown) => {
        // It was compacted further already, or is another log, of which the run hears at its next append.
        if (!isKernelError(error, 'conflict')) onError(error);
      })
      .finally(() => {
        this.#folding = false;
      });
  }

  /** A run remembers no earlier state, so it computes the one that is to be kept, from the base on: once for each event. */
  async #fold({ seq, logId }: Head, keepEvents: number): Promise<void> {
    const { run, isOpen } = this.#options;
    const base = await run.stores.events.base(run.runId);
    const place = { seq: seq - keepEvents, logId };
    this.#enough = (base?.atSeq ?? 0) + 2 * keepEvents;
    if (seq <= this.#enough) return;
    // If it fails, it is not tried at each snapshot, which would compute the same again.
    this.#enough = seq + keepEvents;
    const folded = await replay(run, {}, base, place);
    if (folded && isOpen()) await this.#store(place, folded.state);
  }

  #store({ seq: atSeq, logId }: Head, state: S): Promise<void> {
    const { runId, stores, version = 1 } = this.#options.run;
    return stores.events.compact(runId, { atSeq, logId, version, state });
  }
}
