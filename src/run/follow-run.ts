import { openStores } from '../backends/open-stores.ts';
import type { SequencedEvent } from '../contracts/event-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { type ErrorCode, RunError } from '../errors/kernel-error.ts';
import { withContext } from '../errors/reason.ts';
import { catchUp, type Recovery, recover } from '../recovery/recover.ts';
import { listenForNotices } from './notices.ts';
import { watchPage } from './page-lifecycle.ts';
import { reportTo } from './report.ts';
import { type CommonOptions, checkFollowOptions, type RunStores } from './run.ts';
import { Subscribers } from './subscribers.ts';

/** What {@link followRun} needs to know. `onError` also hears if the platform cannot send notices. */
export interface FollowOptions<S, E> extends CommonOptions<S, E> {}

/** A run that somebody else owns, as its log says. All methods are bound. */
export interface FollowedRun<S, E = unknown> extends AsyncDisposable {
  /** The run's name. */
  readonly runId: RunId;
  /** The state after the last durable event that has been read. */
  readonly state: S;
  /** The seq of that event. */
  readonly seq: Seq;
  /** What recovery found and did at first. */
  readonly recovery: Recovery<S>;
  /** Reads what has come since. Rejects as {@link recover} does (the state stays as it was), or with `closed`. */
  readonly refresh: () => Promise<void>;
  /** Calls `listener` after every change of the state. Returns what ends that. */
  readonly subscribe: (listener: () => void) => () => void;
  /**
   * Calls `listener` with each event that is read from now on, in order, each once. If the run is deleted and begun
   * anew, the seqs begin at 1 again. Events that were compacted before they were read are missing, though `state` has
   * them: the seqs go on after the base. Returns what ends that.
   */
  readonly onEvent: (listener: (event: SequencedEvent<E>) => void) => () => void;
  /** The state; the same reference until it changes. */
  readonly getState: () => S;
  /** Ends the following. Never rejects. */
  readonly close: () => Promise<void>;
}

/**
 * Follows a run without owning it, in any number of tabs: recovers it, and reads the tail whenever the owner
 * gives notice of a commit. A notice that is lost or comes twice does no harm, because it is the log that is
 * read. If the run is deleted and begun anew, it starts over. If the platform has no BroadcastChannel, `onError` is
 * told so, and `refresh()` is the way.
 *
 * Rejects as {@link openStores} and {@link recover} do.
 *
 * @example
 * const run = await followRun({ runId: 'import-7', reduce, initialState: { done: 0 } });
 * run.subscribe(() => console.log(run.state.done));
 */
export async function followRun<S, E>(options: FollowOptions<S, E>): Promise<FollowedRun<S, E>> {
  await withContext(RunError, 'followRun', options?.runId, () => checkFollowOptions(options));
  const stores: RunStores<S, E> = options.stores ?? (await openStores<S, E>());
  const report = reportTo(options.onError, 'followRun', options.runId);
  let follower: Follower<S, E> | undefined;
  let missed = false;
  const onNotice = () => {
    missed = true;
    follower?.refreshBehind();
  };
  const listen = () => listenForNotices(stores, options.runId, onNotice, report);
  // Before the first reading, so that no commit falls between the two.
  const unlisten = listen();
  try {
    const recovery = await recover({ ...options, stores });
    follower = new Follower(options, { stores, recovery, listen, unlisten, report });
    if (missed) follower.refreshBehind();
    return follower;
  } catch (error) {
    unlisten?.();
    throw error;
  }
}

/** What {@link followRun} has recovered and listens to. */
interface Followed<S, E> {
  readonly stores: RunStores<S, E>;
  readonly recovery: Recovery<S>;
  readonly listen: () => (() => void) | undefined;
  readonly unlisten: (() => void) | undefined;
  readonly report: (error: unknown) => void;
}

class Follower<S, E> implements FollowedRun<S, E> {
  readonly runId: RunId;
  readonly recovery: Recovery<S>;
  readonly subscribe: FollowedRun<S, E>['subscribe'];
  readonly onEvent: FollowedRun<S, E>['onEvent'];
  readonly #options: FollowOptions<S, E>;
  readonly #stores: RunStores<S, E>;
  readonly #report: (error: unknown) => void;
  readonly #subscribers: Subscribers;
  readonly #eventListeners: Subscribers<[SequencedEvent<E>]>;
  readonly #listening = new AbortController();
  #unlisten: (() => void) | undefined;
  #latest: Recovery<S>;
  /** One reading at a time, and one more for all who ask meanwhile. */
  #reading: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;

  constructor(options: FollowOptions<S, E>, followed: Followed<S, E>) {
    const { stores, recovery, listen, unlisten, report } = followed;
    this.runId = options.runId;
    this.recovery = recovery;
    this.#options = options;
    this.#stores = stores;
    this.#latest = recovery;
    this.#report = report;
    this.#subscribers = new Subscribers('subscribe', this.runId, this.#report);
    this.#eventListeners = new Subscribers('onEvent', this.runId, this.#report);
    this.subscribe = this.#subscribers.add;
    this.onEvent = this.#eventListeners.add;
    this.#unlisten = unlisten;
    if (!unlisten)
      this.#report(
        this.#error('unavailable', 'there is no BroadcastChannel here: call refresh() to follow it.'),
      );
    watchPage(
      {
        onLeave: () => this.#unlisten?.(),
        onReturn: () => {
          this.#unlisten = listen();
          this.refreshBehind();
        },
      },
      this.#listening.signal,
    );
  }

  get state(): S {
    return this.#latest.state;
  }

  get seq(): Seq {
    return this.#latest.seq;
  }

  readonly getState = (): S => this.state;

  readonly refresh = (): Promise<void> => {
    if (this.#isClosed()) return Promise.reject(this.#error('closed', 'it has been closed.'));
    this.#waiting ??= this.#reading
      .catch(() => {})
      .then(() => {
        this.#waiting = undefined;
        this.#reading = this.#read();
        return this.#reading;
      });
    return this.#waiting;
  };

  /** Never rejects. */
  refreshBehind(): void {
    if (!this.#isClosed()) this.refresh().catch(this.#report);
  }

  readonly close = async (): Promise<void> => {
    this.#listening.abort();
    this.#unlisten?.();
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #read(): Promise<void> {
    const before = this.#latest;
    const { recovery: next, events } = await catchUp({ ...this.#options, stores: this.#stores }, before);
    if (this.#isClosed() || (next.seq === before.seq && next.logId === before.logId)) return;
    this.#latest = next;
    this.#subscribers.notify();
    for (const event of events) this.#eventListeners.notify(event);
  }

  #isClosed(): boolean {
    return this.#listening.signal.aborted;
  }

  #error(code: ErrorCode, detail: string): RunError {
    return new RunError(code, detail, { operation: 'followRun', runId: this.runId });
  }
}
