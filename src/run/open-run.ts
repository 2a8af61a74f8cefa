import { openStores } from '../backends/open-stores.ts';
import { RunError } from '../errors/kernel-error.ts';
import { withContext } from '../errors/reason.ts';
import { recover } from '../recovery/recover.ts';
import { LiveRun } from './live-run.ts';
import { own } from './ownership.ts';
import { reportTo } from './report.ts';
import { checkRunOptions, type IfOwned, type Run, type RunOptions, type RunStores } from './run.ts';

/**
 * Opens a run: waits until nobody else owns it, recovers it, and owns it until it is closed or lost. Every
 * append is fenced (`expectedHead` and `logId`), so that a former owner, frozen or stolen from, finds out at its next
 * append, closes itself with `conflict` and has changed nothing.
 *
 * If there is no IndexedDB (`unavailable`), the run is in memory: `run.backend` says so, and `onError` is told why. A
 * database that does not answer in time rejects with `timeout` and is never replaced by memory.
 *
 * Rejects with `conflict` if `ifOwned` is `fail` and somebody else owns the run, with `aborted` if
 * `signal` is aborted before the run is open, with `newer-version` if a higher version of the application has written
 * it, and as {@link openStores} and {@link recover} do.
 *
 * @example
 * const run = await openRun({
 *   runId: 'import-7',
 *   reduce: (state: { done: number }, event: { files: number }) => ({ done: state.done + event.files }),
 *   initialState: { done: 0 },
 * });
 * await run.append({ files: 3 });
 * await run.close();
 */
export async function openRun<S, E>(options: RunOptions<S, E>): Promise<Run<S, E>> {
  await withContext(RunError, 'openRun', options?.runId, () => checkRunOptions(options));
  const { runId, ifOwned: mode = 'wait', signal, onWait } = options;
  const stores = await storesFor(options);
  const lost = new AbortController();
  const acquire = (ifOwned: IfOwned) =>
    own(stores, { runId, mode: ifOwned, signal, onWait, onLost: (reason) => lost.abort(reason) });
  const read = () => recover({ ...options, stores });

  // Nobody is to lose a run to code that cannot recover it.
  if (mode === 'steal') await unlessAborted(read, options);
  const ownership = await unlessAborted(
    () => acquire(mode),
    options,
    (late) => late.release(),
  );
  try {
    const recovery = await unlessAborted(read, options);
    const ignored = recovery.ignoredSnapshot?.reason;
    // Once the log has grown past it, it would look like one of the log; and it stands in the way of the next one.
    if (ignored === 'ahead-of-log' || ignored === 'other-log')
      await unlessAborted(() => stores.snapshots.delete(runId), options);
    return new LiveRun(options, stores, {
      recovery,
      ownership,
      acquire: () => acquire('fail'),
      lost: lost.signal,
      recoverAgain: mode === 'steal' ? read : undefined,
    });
  } catch (error) {
    await ownership.release();
    throw error;
  }
}

type StoreOptions<S, E> = Pick<
  RunOptions<S, E>,
  'runId' | 'stores' | 'onError' | 'signal' | 'requireDurable'
>;

/** The stores of the options, or those of `openStores()`; `onError` is told if these keep less than it may think. */
export async function storesFor<S, E>(options: StoreOptions<S, E>): Promise<RunStores<S, E>> {
  const { runId, requireDurable } = options;
  const stores = options.stores ?? (await unlessAborted(() => openOwnStores(options), options));
  if (requireDurable && stores.backend === 'memory') throw notDurable(runId, stores.reason);
  return stores;
}

async function openOwnStores<S, E>(options: StoreOptions<S, E>): Promise<RunStores<S, E>> {
  const stores: RunStores<S, E> = await openStores<S, E>();
  const report = reportTo(options.onError, 'openRun', options.runId);
  if (stores.reason && !options.requireDurable) report(stores.reason);
  if (stores.dataLoss) report(stores.dataLoss);
  return stores;
}

const notDurable = (runId: string, cause: unknown) =>
  new RunError('unavailable', 'there is no IndexedDB here, and requireDurable is set. Nothing was opened.', {
    operation: 'openRun',
    runId,
    cause,
  });

/** What `work` resolves with, unless the signal is aborted by then. `undo` gets what comes too late. */
async function unlessAborted<T>(
  work: () => Promise<T>,
  { runId, signal }: Pick<RunOptions<never, never>, 'runId' | 'signal'>,
  undo: (late: T) => unknown = () => {},
): Promise<T> {
  if (!signal) return work();
  const context = { operation: 'openRun', runId };
  const abortion = () =>
    new RunError('aborted', 'it was given up before it was open.', { ...context, cause: signal.reason });
  if (signal.aborted) throw abortion();
  const working = work();
  const listening = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(abortion()), { signal: listening.signal });
  });
  try {
    return await Promise.race([aborted, working]);
  } catch (error) {
    if (signal.aborted) working.then(undo, () => {});
    throw error;
  } finally {
    listening.abort();
  }
}
