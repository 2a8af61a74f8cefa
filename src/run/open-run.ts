import { openStores } from '../backends/open-stores.ts';
import { attempt } from '../errors/failure.ts';
import { RunError } from '../errors/kernel-error.ts';
import { checkRunOptions } from '../errors/rules.ts';
import { recover } from '../recovery/recover.ts';
import { LiveRun } from './live-run.ts';
import { type OwnerMode, own } from './ownership.ts';
import type { Run, RunOptions, RunStores } from './run.ts';

/**
 * Opens a run: waits until nobody else owns it, recovers it, and owns it until it is closed or lost. Every
 * append is fenced (`expectedHead`), so that a former owner, frozen or stolen from, finds out at its next
 * append, closes itself with `conflict` and has changed nothing.
 *
 * Rejects with `conflict` where `owner` is `fail` and somebody else owns the run, with `closed` where
 * `signal` was aborted, and as {@link openStores} and {@link recover} do.
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
  await attempt(RunError, 'openRun', options?.id, () => checkRunOptions(options));
  const { id, reduce, initialState, owner: mode = 'wait', signal } = options;
  const stores: RunStores<S, E> = options.stores ?? (await openStores<S, E>({ immutable: true }));
  const { snapshots, events } = stores;
  const lost = new AbortController();
  const acquire = (mode: OwnerMode) => own(stores, { runId: id, mode, signal, onLost: () => lost.abort() });
  const ownership = await acquire(mode);
  try {
    const recovery = await recover({ runId: id, snapshots, events, reduce, initialState });
    // Once the log has grown past it, nobody could tell any more that its state is of other events.
    if (recovery.ignoredSnapshot?.reason === 'ahead-of-log') await snapshots.delete(id);
    return new LiveRun(options, stores, {
      recovery,
      ownership,
      acquire: () => acquire('fail'),
      stolen: lost.signal,
    });
  } catch (error) {
    await ownership.release();
    throw error;
  }
}
