import { type ErrorCode, isKernelError, RunError } from '../errors/kernel-error.ts';
import type { Closed } from './life.ts';
import { reportTo } from './report.ts';
import type { Run } from './run.ts';
import { type RunView, runLife, type WatchedRunOptions } from './run-life.ts';
import { Subscribers } from './subscribers.ts';

/** The run behind a store. All methods are bound. */
export interface StoreRun<S, E> {
  /** How far the run is; the same reference until something changes. */
  readonly getView: () => RunView<S, E>;
  /** Calls `listener` after each change of the view. Returns what ends that. */
  readonly subscribe: (listener: () => void) => () => void;
  /**
   * Resolves when everything that the store has taken until now is durable. Waits for the run to be open. Rejects with what
   * the run is closed with.
   */
  readonly flush: () => Promise<void>;
  /** Closes the run: waits for what was appended, saves a snapshot and lets go of it. Never rejects. */
  readonly close: () => Promise<void>;
}

/**
 * The run behind the store of a state library: what the store takes is appended, and what is recovered is given to the
 * store.
 */
export class RunBehind<S, E> implements StoreRun<S, E> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly #runId: string;
  readonly #life: ReturnType<typeof runLife<S, E>>;
  readonly #onRecovered: (state: S) => void;
  readonly #report: (error: unknown) => void;
  readonly #subscribers: Subscribers;
  /** What came before the run was open. */
  #waiting: E[] = [];
  /** Whether the run changes by what the store takes. */
  #isAppending = false;
  /** What the store was brought to last. */
  #shown: { readonly run: Run<S, E>; readonly state: S } | undefined;
  #stop: () => Promise<void>;
  #closed: Closed<S> | undefined;

  /** `onRecovered` gets the state when the run was opened, or has changed otherwise than by {@link take}. */
  constructor(options: WatchedRunOptions<S, E>, onRecovered: (state: S) => void) {
    this.#runId = options.runId;
    this.#life = runLife(options);
    this.#onRecovered = onRecovered;
    this.#report = reportTo(options.onError, 'store', options.runId);
    this.#subscribers = new Subscribers('subscribe', options.runId, this.#report);
    this.subscribe = this.#subscribers.add;
    this.#stop = this.#life.subscribe(() => this.#onChange());
  }

  readonly getView = (): RunView<S, E> => this.#closed ?? this.#life.getView();

  readonly flush = async (): Promise<void> => {
    const run = await this.#opened();
    await run.appendAll([]);
  };

  readonly close = async (): Promise<void> => {
    if (this.#closed) return;
    const closing = this.#stop();
    const view = this.#life.getView();
    this.#closed = {
      status: 'closed',
      error: undefined,
      ...(view.status === 'open' && { state: view.state }),
      retry: () => {
        this.#closed = undefined;
        this.#stop = this.#life.subscribe(() => this.#onChange());
        this.#onChange();
      },
    };
    this.#subscribers.notify();
    await closing;
  };

  /**
   * Appends the event, and calls `apply`, which changes the store by it. Before the run is open, the event is appended
   * later. If the run is closed, throws what it was closed with.
   */
  take<T>(event: E, apply: () => T): T {
    const view = this.getView();
    if (view.status === 'closed') throw view.error ?? this.error('closed', 'it has been closed.');
    if (view.status !== 'open') {
      this.#waiting.push(event);
      return apply();
    }
    // First: a subscriber of the store may bring the next one.
    const appended = this.#append(view.run, event);
    try {
      const result = apply();
      // Otherwise the caller knows.
      appended.catch(this.#reportRefused);
      return result;
    } finally {
      this.#subscribers.notify();
    }
  }

  error(code: ErrorCode, detail: string): RunError {
    return new RunError(code, detail, { operation: 'store', runId: this.#runId });
  }

  #append(run: Run<S, E>, event: E): Promise<unknown> {
    this.#isAppending = true;
    const appended = run.append(event);
    this.#isAppending = false;
    this.#shown = { run, state: run.state };
    appended.catch(() => {});
    return appended;
  }

  /** Of everything else, the run tells, because it ends with it. */
  readonly #reportRefused = (error: unknown): void => {
    if (isKernelError(error, 'reducer-threw')) this.#report(error);
  };

  #onChange(): void {
    // Its subscribers hear of that when the store has changed, too.
    if (this.#isAppending) return;
    const view = this.getView();
    if (view.status === 'open' && (view.run !== this.#shown?.run || view.state !== this.#shown.state)) {
      for (const event of this.#waiting.splice(0)) this.#append(view.run, event).catch(this.#reportRefused);
      this.#shown = { run: view.run, state: view.run.state };
      this.#onRecovered(view.run.state);
    }
    this.#subscribers.notify();
  }

  #opened(): Promise<Run<S, E>> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        const view = this.getView();
        if (view.status === 'open') resolve(view.run);
        else if (view.status === 'closed') reject(view.error ?? this.error('closed', 'it has been closed.'));
        else return;
        stop();
      };
      const stop = this.#subscribers.add(settle);
      settle();
    });
  }
}
