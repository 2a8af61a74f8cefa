import { openStores } from '../backends/open-stores.ts';
import { RunError } from '../errors/kernel-error.ts';
import { withContext } from '../errors/reason.ts';
import { checkRunOptions } from '../errors/rules.ts';
import { recover } from '../recovery/recover.ts';
import { LiveRun } from './live-run.ts';
import { type OwnerMode, own } from './ownership.ts';
import { reportTo } from './report.ts';
import type { Run, RunOptions, RunStores } from './run.ts';

/**
 * Opens a run: waits until nobody else owns it, recovers it, and owns it until it is closed or lost. Every
 * append is fenced (`expectedHead` and `logId`), so that a former owner, frozen or stolen from, finds out at its next
 * append, closes itself with `conflict` and has changed nothing.
 *
 * If there is no IndexedDB (`unavailable`), the run is in memory, and `onReport` is told so. A database that does not
 * answer in time rejects with `timeout` and is never replaced by memory.
 *
 * Rejects with `conflict` if `owner` is `fail` and somebody else owns the run, with `closed` if
 * `signal` is aborted before the run is open, and as {@link openStores} and {@link recover} do.
 *
 * @example
 * const run = await openRun({
 *   id: 'import-7',
 *   reduce: (state: { done: number }, event: { files: number }) => ({ done: state.done + event.files }),
 *   initialState: { done: 0 },
 * });
 * await run.append({ files: 3 });
 * await run.close();
 */
export async function openRun<S, E>(options: RunOptions<S, E>): Promise<Run<S, E>> {
  await withContext(RunError, 'openRun', options?.id, () => checkRunOptions(options));
  const { id: runId, reduce, initialState, owner: mode = 'wait', signal } = options;
  const stores = options.stores ?? (await unlessAborted(() => openOwnStores(options), options));
  const lost = new AbortController();
  const acquire = (mode: OwnerMode) =>
    own(stores, { runId, mode, signal, onLost: (reason) => lost.abort(reason) });
  const read = () => recover({ runId, ...stores, reduce, initialState });

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

async function openOwnStores<S, E>({ id, onReport }: RunOptions<S, E>): Promise<RunStores<S, E>> {
  const stores = await openStores<S, E>({ immutable: true });
  const report = reportTo(onReport, 'openRun', id);
  if (stores.reason) report(stores.reason);
  if (stores.dataLoss) report(stores.dataLoss);
  return stores;
}

/** What `work` resolves with, unless the signal is aborted by then. `undo` gets what comes too late. */
async function unlessAborted<T>(
  work: () => Promise<T>,
  { id, signal }: Pick<RunOptions<never, never>, 'id' | 'signal'>,
  undo: (late: T) => unknown = () => {},
): Promise<T> {
  if (!signal) return work();
  const context = { operation: 'openRun', runId: id };
  const abortion = () =>
    new RunError('closed', 'it was given up before it was open.', { ...context, cause: signal.reason });
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
