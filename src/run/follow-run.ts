import { openStores } from '../backends/open-stores.ts';
import type { RunId, Seq } from '../contracts/snapshot-store.ts';
import { attempt, attemptNow, errorOf } from '../errors/failure.ts';
import { type ErrorCode, type KernelError, RunError } from '../errors/kernel-error.ts';
import { checkFollowOptions, checkListener } from '../errors/rules.ts';
import { type RecoverOptions, type Recovery, type Reducer, recover } from '../recovery/recover.ts';
import { openNotices } from './notices.ts';
import { notify } from './notify.ts';
import type { RunStores } from './run.ts';

/** What {@link followRun} needs to know. */
export interface FollowOptions<S, E> {
  readonly id: RunId;
  readonly reduce: Reducer<S, E>;
  /** The state at seq 0. */
  readonly initialState: S;
  /** `openStores()` by default. */
  readonly stores?: RunStores<S, E>;
  /** Told of a tail that could not be read, and where the platform cannot send notices. */
  readonly onReport?: (error: KernelError) => void;
}

/** A run that somebody else owns, as its log says. */
export interface FollowedRun<S> extends AsyncDisposable {
  readonly id: RunId;
  /** The state after the last durable event that has been read. */
  readonly state: S;
  /** The seq of that event. */
  readonly seq: Seq;
  /** What recovery found and did at first. */
  readonly recovery: Recovery<S>;
  /** Reads what has come since. Rejects as {@link recover} does; the state stays as it was. */
  refresh(): Promise<void>;
  /** Calls `listener` after every change of the state. Returns what ends that. */
  subscribe: (listener: () => void) => () => void;
  /** The state; the same reference until it changes. */
  getState: () => S;
  /** Ends the following. Never rejects. */
  close(): Promise<void>;
}

/**
 * Follows a run without owning it, in any number of tabs: recovers it, and reads the tail whenever the owner
 * gives notice of a commit. A notice that is lost or comes twice does no harm, because it is the log that is
 * read. Where the log was deleted, it starts over, provided that it reads the new log before that is as long
 * as what it has followed. Where the platform has no BroadcastChannel, `onReport` is told so, and `refresh()` is the way.
 *
 * Rejects as {@link openStores} and {@link recover} do.
 *
 * @example
 * const run = await followRun({ id: 'import-7', reduce, initialState: { done: 0 } });
 * run.subscribe(() => console.log(run.state.done));
 */
export async function followRun<S, E>(options: FollowOptions<S, E>): Promise<FollowedRun<S>> {
  await attempt(RunError, 'followRun', options?.id, () => checkFollowOptions(options));
  const { id, reduce, initialState, onReport } = options;
  const stores: RunStores<S, E> = options.stores ?? (await openStores<S, E>());
  const error = (code: ErrorCode, detail: string, cause?: unknown) =>
    new RunError(code, detail, { operation: 'followRun', runId: id, cause });
  const report = (reason: unknown) => onReport?.(errorOf(RunError, 'followRun', id, reason));

  const read = (snapshots: RecoverOptions<S, E>['snapshots']) =>
    recover({ runId: id, snapshots, events: stores.events, reduce, initialState });
  /** What is known already is as good as a snapshot: only what has come since is read. */
  const known = { loadLatest: async (runId: RunId) => ({ runId, atSeq: seq, state }) };

  const listeners = new Set<() => void>();
  const listening = new AbortController();
  let closed = false;
  let notices: BroadcastChannel | undefined;
  const listen = () => {
    notices = openNotices(stores, id);
    if (notices) notices.onmessage = () => void refresh().catch(report);
  };
  // Before the first reading, so that no commit falls between the two.
  listen();
  if (!notices)
    report(error('unavailable', 'there is no BroadcastChannel here: call refresh() to follow it.'));

  const recovering = read(stores.snapshots);
  let reading: Promise<unknown> = recovering;
  let waiting: Promise<void> | undefined;
  /** One reading at a time, and one more for all who ask meanwhile. */
  const refresh = (): Promise<void> => {
    if (closed) return Promise.reject(error('closed', 'it has been closed.'));
    waiting ??= reading
      .catch(() => {})
      .then(() => {
        waiting = undefined;
        const next = read(known).then(advance);
        reading = next;
        return next;
      });
    return waiting;
  };
  const advance = (next: Recovery<S>) => {
    if (closed || next.seq === seq) return;
    ({ state, seq } = next);
    notify(listeners, (thrown) => report(error('unknown', `a listener threw: ${thrown}`, thrown)));
  };

  const recovery = await recovering.catch((reason: unknown) => {
    notices?.close();
    throw reason;
  });
  let { state, seq } = recovery;

  const { signal } = listening;
  globalThis.addEventListener?.('pagehide', ({ persisted }) => persisted && notices?.close(), { signal });
  globalThis.addEventListener?.(
    'pageshow',
    ({ persisted }) => {
      if (!persisted) return;
      listen();
      refresh().catch(report);
    },
    { signal },
  );

  const close = async () => {
    closed = true;
    listening.abort();
    notices?.close();
  };
  return {
    id,
    recovery,
    get state() {
      return state;
    },
    get seq() {
      return seq;
    },
    getState: () => state,
    subscribe(listener) {
      attemptNow(RunError, 'subscribe', id, () => checkListener(listener));
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    refresh,
    close,
    [Symbol.asyncDispose]: close,
  };
}
