import type { RunId, Seq } from '../contracts/words.ts';
import { isKernelError } from '../errors/kernel-error.ts';
import { flag, method, object, optional, type Rule } from '../errors/rules.ts';
import { catchUp, type RecoverOptions, type Recovery, recover } from '../recovery/recover.ts';
import { storesFor } from '../run/open-run.ts';
import { reportTo } from '../run/report.ts';
import type { CommonOptions, RunOptions, RunStores } from '../run/run.ts';
import { deleteRun } from '../run/runs.ts';
import { type Place, parsePlace } from './place.ts';
import { emptyIndex, indexed, type Reading, type ThreadEvent, type ThreadIndex } from './thread-log.ts';

/** Where the threads are kept. */
export interface ThreadLogsOptions
  extends Pick<CommonOptions<unknown, unknown>, 'stores' | 'onError'>,
    Pick<RunOptions<unknown, unknown>, 'requireDurable'> {}

export const threadLogsRules: Record<keyof ThreadLogsOptions, Rule> = {
  stores: optional(
    object({
      snapshots: object({ loadLatest: method, save: method, delete: method }),
      events: object({
        head: method,
        scan: method,
        append: method,
        base: method,
        delete: method,
        runIds: method,
      }),
    }),
  ),
  onError: optional(method),
  requireDurable: optional(flag),
};

/** What is known of a log. */
interface Known extends Pick<Recovery<ThreadIndex>, 'state' | 'seq' | 'logId'> {
  /** The `atSeq` of its latest snapshot, as far as is known. */
  readonly saved: Seq;
}

/** How often an append is tried while the connection is lost each time. */
const TRIES = 4;
/** A snapshot of the index is saved after so many events. Without one, all that the log holds is read to make the index. */
const SNAPSHOT_EVERY = 500;
/** So many indexes stay in memory. */
const KNOWN = 100;

/**
 * The logs of the threads' namespaces. Nobody owns one: who appends expects no head, and what two tabs append is in the
 * log of both. That is enough, because an event changes nothing that another one says.
 */
export class ThreadLogs {
  readonly #options: ThreadLogsOptions;
  #opening: Promise<RunStores<ThreadIndex, ThreadEvent>> | undefined;
  /** Of each log the last reading. The next one waits for it: they change the same index. */
  readonly #known = new Map<RunId, Promise<Known>>();

  constructor(options: ThreadLogsOptions) {
    this.#options = options;
  }

  /** The places that have a log, and fit. */
  async places(fits: (place: Place) => boolean): Promise<Place[]> {
    const { events } = await this.#stores();
    const runIds = await events.runIds();
    return runIds.flatMap((runId) => parsePlace(runId) ?? []).filter(fits);
  }

  /** Appends it, and again if the connection is lost: twice in the log, it means the same as once. */
  async append(runId: RunId, event: ThreadEvent): Promise<void> {
    const { events } = await this.#stores();
    for (let tries = 1; ; tries++) {
      try {
        const { seq } = await events.append(runId, [event]);
        // An agent may go on for long and read nothing.
        if (seq % SNAPSHOT_EVERY === 0) this.#catchUp(runId).catch(this.#report(runId));
        return;
      } catch (error) {
        if (tries === TRIES || !isKernelError(error, 'connection-lost')) throw error;
      }
    }
  }

  /** What is in the log now. */
  async read(runId: RunId): Promise<Reading> {
    const { events } = await this.#stores();
    const { state, logId } = await this.#catchUp(runId);
    return { index: state, runId, logId, events };
  }

  async delete(runId: RunId): Promise<void> {
    await deleteRun({ runId, stores: await this.#stores() });
    this.#known.delete(runId);
  }

  #stores(): Promise<RunStores<ThreadIndex, ThreadEvent>> {
    const { stores, onError, requireDurable } = this.#options;
    // In the runs of threads they hold what this class has appended.
    const own = stores as RunStores<ThreadIndex, ThreadEvent> | undefined;
    this.#opening ??= storesFor({ runId: 'langgraph', stores: own, onError, requireDurable });
    this.#opening.catch(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  #catchUp(runId: RunId): Promise<Known> {
    const before = this.#known.get(runId);
    const reading = before ? before.then((known) => this.#goOn(runId, known)) : this.#goOn(runId);
    // The last used is the last in the map.
    this.#known.delete(runId);
    this.#known.set(runId, reading);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > KNOWN) this.#known.delete(oldest);
    reading.catch(() => {
      // The index may be half changed.
      if (this.#known.get(runId) === reading) this.#known.delete(runId);
    });
    return reading;
  }

  async #goOn(runId: RunId, before?: Known): Promise<Known> {
    const stores = await this.#stores();
    const options: RecoverOptions<ThreadIndex, ThreadEvent> = {
      runId,
      stores,
      // A new one for each replay, because the reducer changes it.
      get initialState() {
        return emptyIndex();
      },
      reduce: indexed,
    };
    const { state, seq, logId, snapshotSeq } = before
      ? (await catchUp(options, before)).recovery
      : await recover(options);
    const isSame = before?.logId === logId;
    const saved = isSame ? before.saved : before ? 0 : snapshotSeq;
    if (seq - saved < SNAPSHOT_EVERY) return { state, seq, logId, saved };
    stores.snapshots.save({ runId, atSeq: seq, logId, state }).catch((error: unknown) => {
      // Another tab has saved a later one.
      if (!isKernelError(error, 'conflict')) this.#report(runId)(error);
    });
    return { state, seq, logId, saved: seq };
  }

  #report(runId: RunId): (error: unknown) => void {
    return reportTo(this.#options.onError, 'RewakeSaver', runId);
  }
}
