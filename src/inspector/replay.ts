import type { Head } from '../contracts/event-store.ts';
import type { Snapshot } from '../contracts/snapshot-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { RunError } from '../errors/kernel-error.ts';
import type { RunDefinition } from '../recovery/definition.ts';
import { type RecoverOptions, recover } from '../recovery/recover.ts';

/** From each state that is kept, it is no farther to the next one. */
const STRIDE = 1_000;
/** So many states are kept. */
const KEPT = 200;

type Definition = RunDefinition<unknown, unknown>;
type Stores = RecoverOptions<unknown, unknown>['stores'];

/**
 * The states of a run after any of its events. They are recovered from the log alone, whatever its snapshot says: on the
 * way, states are kept, and stand for the snapshots of later recoveries.
 */
export class Replay {
  readonly #runId: RunId;
  readonly #stores: Stores;
  readonly #definition: Definition;
  readonly #states = new Map<Seq, Snapshot<unknown>>();
  #logId: Head['logId'] = null;

  constructor(runId: RunId, stores: Stores, definition: Definition) {
    this.#runId = runId;
    this.#stores = stores;
    this.#definition = definition;
  }

  /** The state after the event `seq` of the log `logId`. Rejects as `recover` does. */
  async stateAt(seq: Seq, logId: Head['logId']): Promise<unknown> {
    if (logId !== this.#logId) this.#states.clear();
    this.#logId = logId;
    const stride = Math.max(STRIDE, Math.ceil(seq / KEPT));
    const base = await this.#stores.events.base(this.#runId);
    const start = Math.max(this.#before(seq)?.atSeq ?? 0, base?.atSeq ?? 0);
    for (let at = start; seq - at > stride; at += stride) await this.#recover(at + stride, logId);
    return this.#recover(seq, logId);
  }

  async #recover(seq: Seq, logId: Head['logId']): Promise<unknown> {
    const { head, scan, base } = this.#stores.events;
    const { state, ...recovered } = await recover({
      ...this.#definition,
      runId: this.#runId,
      stores: {
        snapshots: { loadLatest: async () => this.#before(seq) },
        events: {
          // The log as it was when this was its last event.
          head: async (runId) => ({ ...(await head.call(this.#stores.events, runId)), seq }),
          scan: scan.bind(this.#stores.events),
          base: base.bind(this.#stores.events),
        },
      },
    });
    if (recovered.seq !== seq) {
      const detail = `the event ${seq} was compacted meanwhile, and its state is gone.`;
      throw new RunError('compacted', detail, {
        operation: 'replay',
        runId: this.#runId,
        seq: recovered.seq,
      });
    }
    const { version = 1 } = this.#definition;
    for (const oldest of this.#states.keys()) {
      if (this.#states.size < 2 * KEPT) break;
      this.#states.delete(oldest);
    }
    this.#states.set(seq, { runId: this.#runId, atSeq: seq, logId, version, state });
    return state;
  }

  /** The latest state up to `seq` that is kept. */
  #before(seq: Seq): Snapshot<unknown> | undefined {
    let latest: Snapshot<unknown> | undefined;
    for (const known of this.#states.values())
      if (known.atSeq <= seq && known.atSeq > (latest?.atSeq ?? 0)) latest = known;
    return latest;
  }
}
