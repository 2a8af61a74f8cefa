import type { SequencedEvent } from '../contracts/event-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { type KernelError, RunError } from '../errors/kernel-error.ts';
import { staleHead, toKernelError, withContextSync } from '../errors/reason.ts';
import { array } from '../errors/rules.ts';
import { type Recovery, reduceEvent } from '../recovery/recover.ts';
import { AppendQueue } from './append-queue.ts';
import { Compaction } from './compaction.ts';
import { freeze } from './freeze.ts';
import { openNotices } from './notices.ts';
import type { Ownership } from './ownership.ts';
import { watchPage } from './page-lifecycle.ts';
import { reportTo } from './report.ts';
import type { Run, RunOptions, RunStatus, RunStores } from './run.ts';
import { SnapshotSchedule } from './snapshot-schedule.ts';
import { Subscribers } from './subscribers.ts';

/** The reason is in the documentation of `RunOptions`. */
const SNAPSHOT_EVERY = 1_000;

/** What {@link openRun} has recovered and owns. */
interface Opened<S> {
  readonly recovery: Recovery<S>;
  readonly ownership: Ownership;
  /** Owns the run again, unless somebody else does. */
  readonly acquire: () => Promise<Ownership>;
  /** Aborted, with the reason, when the run was taken away. */
  readonly lost: AbortSignal;
  readonly recoverAgain?: (() => Promise<Recovery<S>>) | undefined;
}

export class LiveRun<S, E> implements Run<S, E> {
  readonly runId: RunId;
  readonly recovery: Recovery<S>;
  readonly backend: string;
  readonly reason?: KernelError;
  readonly dataLoss?: KernelError;
  readonly closed: Promise<KernelError | undefined>;
  readonly subscribe: Run<S, E>['subscribe'];
  readonly onEvent: Run<S, E>['onEvent'];
  readonly #options: RunOptions<S, E>;
  readonly #stores: RunStores<S, E>;
  readonly #acquire: () => Promise<Ownership>;
  readonly #queue: AppendQueue<S, E>;
  readonly #snapshots: SnapshotSchedule<S>;
  readonly #compaction: Compaction<S, E>;
  readonly #subscribers: Subscribers;
  readonly #eventListeners: Subscribers<[SequencedEvent<E>]>;
  readonly #report: (error: unknown) => void;
  /** Ends the listening to what happens to the page and the lock. */
  readonly #listening = new AbortController();
  #status: RunStatus = 'open';
  #tellClosed: (error: KernelError | undefined) => void = () => {};
  /** Why nothing can be appended any more, once it is closing or closed. */
  #refusal: KernelError | undefined;
  #ownership: Ownership;
  #notices: BroadcastChannel | undefined;
  /** Resolves when the run is not `away`; `#arrive` resolves it. */
  #presence = Promise.resolve();
  #arrive = () => {};
  /** Resolves when the page that leaves has let go of the run. */
  #released: Promise<void> | undefined;
  #returning: Promise<void> | undefined;
  #reducing = false;
  #closing: Promise<void> | undefined;

  constructor(options: RunOptions<S, E>, stores: RunStores<S, E>, opened: Opened<S>) {
    const { recovery, ownership, acquire, lost, recoverAgain } = opened;
    const { runId, snapshotEvery = SNAPSHOT_EVERY, version = 1 } = options;
    this.runId = runId;
    this.backend = stores.backend ?? 'custom';
    if (stores.reason) this.reason = stores.reason;
    this.closed = new Promise((resolve) => {
      this.#tellClosed = resolve;
    });
    this.recovery = recovery;
    if (options.freeze) freeze(recovery.state);
    if (stores.dataLoss) this.dataLoss = stores.dataLoss;
    this.#options = options;
    this.#stores = stores;
    this.#acquire = acquire;
    this.#ownership = ownership;
    this.#notices = openNotices(stores, runId);
    this.#report = reportTo(options.onError, 'run', runId);
    this.#subscribers = new Subscribers('subscribe', runId, this.#report);
    this.#eventListeners = new Subscribers('onEvent', runId, this.#report);
    this.subscribe = this.#subscribers.add;
    this.onEvent = this.#eventListeners.add;
    this.#queue = new AppendQueue<S, E>({
      runId,
      store: stores.events,
      version,
      start: recovery,
      present: () => this.#presence,
      assertLive: () => {
        if (this.#status === 'closed') throw this.#refusal;
      },
      onDurable: (events) => {
        // Only now: a notice before the commit would send the followers to read what is not there.
        this.#notices?.postMessage(this.#queue.durable.seq);
        if (this.#status === 'open') this.#snapshots.saveBehind(snapshotEvery);
        for (const event of events) this.#eventListeners.notify(event);
      },
      onRetry: this.#report,
      onRefused: (error) => this.#end(error),
      recoverAgain,
      reduce: (state, event, seq) => this.#reduce(state, event, seq),
      onRebased: () => this.#subscribers.notify(),
    });
    this.#snapshots = new SnapshotSchedule<S>({
      runId,
      store: stores.snapshots,
      version,
      saved: recovery.snapshotSeq,
      durable: () => this.#queue.durable,
      onSaved: () => this.#compaction.compactBehind(),
      onError: this.#report,
    });
    this.#compaction = new Compaction<S, E>({
      run: { ...options, stores },
      durable: () => this.#queue.durable,
      isOpen: () => this.#status === 'open',
      onError: this.#report,
    });
    const { signal } = this.#listening;
    const lose = () => this.#end(lost.reason);
    lost.addEventListener('abort', lose, { signal });
    if (lost.aborted) lose();
    watchPage(
      {
        onHidden: () => this.#status === 'open' && this.#snapshots.saveBehind(1),
        onLeave: () => this.#leave(),
        onReturn: () => this.#return(),
      },
      signal,
    );
    // A run whose every life is short would never be compacted behind a snapshot.
    this.#compaction.compactBehind();
  }

  get state(): S {
    return this.#queue.latest.state;
  }

  get seq(): Seq {
    return this.#queue.latest.seq;
  }

  get status(): RunStatus {
    return this.#status;
  }

  readonly getState = (): S => this.state;

  readonly append = (event: E): Promise<Seq> => this.appendAll([event]);

  readonly appendAll = (several: readonly E[]): Promise<Seq> => {
    if (this.#refusal) return handled(Promise.reject(this.#refusal));
    let events: readonly E[] = [];
    let { state, seq } = this.#queue.latest;
    try {
      withContextSync(RunError, 'appendAll', this.runId, () => array('events', several));
      events = [...several];
      for (const one of events) state = this.#reduce(state, one, ++seq);
    } catch (error) {
      return Promise.reject(error);
    }
    const durable = this.#queue.add(events, { state, seq });
    if (events.length > 0) this.#subscribers.notify();
    // Handled: if nobody awaits it, `onError` tells why the run ended.
    return handled(durable);
  };

  readonly snapshot = (): Promise<void> =>
    this.#refusal ? handled(Promise.reject(this.#refusal)) : this.#snapshots.save();

  readonly compact = (): Promise<void> =>
    this.#refusal ? handled(Promise.reject(this.#refusal)) : this.#compaction.compact();

  readonly close = (): Promise<void> => {
    this.#closing ??= this.#close();
    return this.#closing;
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #reduce(state: S, event: E, seq: Seq): S {
    const context = { operation: 'append', runId: this.runId, seq };
    // It would get into the log before the event that is being reduced, and into the state after it.
    if (this.#reducing) throw new RunError('invalid-argument', 'a reducer must not append.', context);
    this.#reducing = true;
    try {
      const next = reduceEvent(this.#options.reduce, state, event, context);
      return this.#options.freeze ? freeze(next) : next;
    } finally {
      this.#reducing = false;
    }
  }

  async #close(): Promise<void> {
    if (this.#isClosed()) return;
    const context = { operation: 'run', runId: this.runId };
    this.#refusal = new RunError('closed', 'it has been closed. Open it again to go on.', context);
    await this.#returning;
    if (this.#isClosed()) return;
    this.#status = 'closing';
    this.#arrive();
    await this.#queue.settled();
    if (!this.#isClosed()) await this.#snapshots.save().catch(this.#report);
    if (this.#isClosed()) return;
    this.#status = 'closed';
    this.#listening.abort();
    await this.#letGo();
    this.#tellClosed(undefined);
    this.#subscribers.notify();
  }

  /** A method, because the log may refuse, or another tab take the run, during any `await`. */
  #isClosed(): boolean {
    return this.#status === 'closed';
  }

  /**
   * Into the back/forward cache. A lock or a transaction in which others have to wait for a page that stands
   * still there makes the browser throw the page away, so that nothing is begun either.
   */
  #leave(): void {
    if (this.#status !== 'open') return;
    this.#status = 'away';
    this.#presence = new Promise((resolve) => {
      this.#arrive = resolve;
    });
    this.#released = this.#letGo();
  }

  /** Back from the back/forward cache, during which somebody else may have owned the run. */
  #return(): void {
    if (this.#status !== 'away' || this.#returning) return;
    this.#returning = this.#ownAgain().finally(() => {
      this.#returning = undefined;
    });
  }

  async #ownAgain(): Promise<void> {
    try {
      await this.#released;
      this.#ownership = await this.#acquire();
      // What was sent before the page left, and is in the log, is this run's own.
      await this.#queue.answered();
      const { seq, logId } = this.#queue.durable;
      const head = await this.#stores.events.head(this.runId);
      if (head.seq !== seq || head.logId !== logId) throw staleHead(seq, head.seq);
    } catch (error) {
      this.#end(error);
    }
    // It has ended now, or while it waited for the lock.
    if (this.#isClosed()) return this.#letGo();
    this.#notices = openNotices(this.#stores, this.runId);
    this.#status = 'open';
    this.#arrive();
  }

  /** The run cannot go on: everything pending and everything later is refused with this one error. */
  #end(cause: unknown): void {
    if (this.#status === 'closed') return;
    this.#refusal = toKernelError(RunError, 'run', this.runId, cause);
    this.#status = 'closed';
    this.#arrive();
    this.#listening.abort();
    this.#letGo();
    this.#report(this.#refusal);
    this.#tellClosed(this.#refusal);
    this.#subscribers.notify();
  }

  #letGo(): Promise<void> {
    this.#notices?.close();
    this.#notices = undefined;
    return this.#ownership.release();
  }
}

/** A promise whose rejection somebody else tells of. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
