import type { RunId } from '../contracts/words.ts';
import { type KernelError, RunError } from '../errors/kernel-error.ts';
import { toKernelError } from '../errors/reason.ts';

// What a state library needs of a run, a follower or a workflow: to open it while somebody looks, to show at any moment how
// far it is, and to let go of it.

/** It is being opened. */
export interface Opening {
  readonly status: 'opening';
}

/** Another tab, worker or object owns it, and this one waits. */
export interface Waiting {
  readonly status: 'waiting';
}

/** It could not be opened, was lost, or has been closed. */
export interface Closed<S> {
  readonly status: 'closed';
  /** Why; `undefined` if the application has closed it. */
  readonly error: KernelError | undefined;
  /** The last state, if it was open. The last events in it may never have become durable. */
  readonly state?: S;
  /** Opens it again. */
  readonly retry: () => void;
}

/** What is opened: a run, a follower, a workflow. */
interface Live<S> {
  readonly getState: () => S;
  readonly subscribe: (listener: () => void) => () => void;
  readonly close: () => Promise<void>;
}

/** How far something is, at one moment. */
export type View<Open, S> = Opening | Waiting | Open | Closed<S>;

interface Kind<T, S, Open> {
  readonly runId: RunId;
  readonly open: (options: { readonly signal: AbortSignal; readonly onWait: () => void }) => Promise<T>;
  readonly show: (opened: T, state: S) => Open;
  /** Resolves, with the reason, when it is closed. */
  readonly ended?: (opened: T) => Promise<KernelError | undefined>;
}

/** Something that is open while somebody is subscribed. */
export interface Life<Open, S> {
  /** The same reference until something changes. */
  readonly getView: () => View<Open, S>;
  /**
   * Opens it, and calls `notify` after each change of the view; for one subscriber at a time. What it returns ends that.
   * It is closed then, unless somebody subscribes again at once, as React's StrictMode and Fast Refresh do; the promise
   * resolves when it has let go.
   */
  readonly subscribe: (notify: () => void) => () => Promise<void>;
}

export const OPENING: Opening = { status: 'opening' };

/** What is being closed here: whoever opens it next waits for it as for nobody else, and need not say `waiting`. */
const closings = new Map<RunId, Promise<void>>();

export function newLife<T extends Live<S>, S, Open extends { readonly status: 'open' }>(
  kind: Kind<T, S, Open>,
): Life<Open, S> {
  const { runId, open, show, ended } = kind;
  let view: View<Open, S> = OPENING;
  let subscriber: (() => void) | undefined;
  let end: (() => Promise<void>) | undefined;

  /** One opening, and what comes of it. Returns what ends it. */
  function begin(): () => Promise<void> {
    const giveUp = new AbortController();
    let isCurrent = true;
    const set = (next: typeof view) => {
      if (!isCurrent) return;
      view = next;
      subscriber?.();
    };
    const retry = () => {
      if (!isCurrent) return;
      finish();
      end = begin();
      subscriber?.();
    };
    // An opening that is not waiting is soon over, and is closed then. To give it up would leave its lock behind for a
    // moment, in which `ifOwned: 'fail'` finds the run owned.
    const onWait = () => (isCurrent ? set({ status: 'waiting' }) : giveUp.abort());
    // Asked in the next turn: what is replaced by this one ends only now.
    const opening = Promise.resolve()
      .then(() => closings.get(runId))
      .then(() => open({ signal: giveUp.signal, onWait }));
    opening.then(
      (opened) => {
        let state = opened.getState();
        const stop = opened.subscribe(() => {
          if (Object.is(opened.getState(), state)) return;
          state = opened.getState();
          set(show(opened, state));
        });
        ended?.(opened).then((error) => {
          stop();
          set({ status: 'closed', error, state, retry });
        });
        set(show(opened, state));
      },
      (thrown) => set({ status: 'closed', error: toKernelError(RunError, 'openRun', runId, thrown), retry }),
    );

    function finish(): Promise<void> {
      if (view.status === 'waiting') giveUp.abort();
      isCurrent = false;
      view = OPENING;
      const closing = opening.then(
        (opened) => opened.close(),
        () => {},
      );
      closings.set(runId, closing);
      return closing.then(() => {
        if (closings.get(runId) === closing) closings.delete(runId);
      });
    }
    return finish;
  }

  return {
    getView: () => view,
    subscribe(notify) {
      subscriber = notify;
      end ??= begin();
      return async () => {
        if (subscriber === notify) subscriber = undefined;
        await undefined;
        if (subscriber) return;
        const ending = end?.();
        end = undefined;
        await ending;
      };
    },
  };
}
