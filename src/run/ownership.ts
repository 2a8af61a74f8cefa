import type { RunId } from '../contracts/words.ts';
import { type ErrorCode, isKernelError, RunError } from '../errors/kernel-error.ts';
import type { Locks } from './locks.ts';
import { databaseLockName, nameOf, type Shared } from './notices.ts';
import { ProcessLocks } from './process-locks.ts';
import type { IfOwned } from './run.ts';

/** The right to write a run, until it is released or lost. */
export interface Ownership {
  /** Resolves when the run is free. */
  release(): Promise<void>;
}

interface OwnOptions {
  readonly runId: RunId;
  readonly mode: IfOwned;
  readonly signal?: AbortSignal | undefined;
  /** Called once if it has to wait. */
  readonly onWait?: (() => void) | undefined;
  /** Called once, with the reason, if the ownership was taken away. */
  readonly onLost: (reason: RunError) => void;
}

/**
 * Resolves when the run is owned: by an exclusive lock per database and run, Web Locks if the platform has
 * them. Rejects with `conflict` if it may not wait for it, and with `aborted` if `signal` is aborted.
 *
 * With Web Locks it also shares a lock of the database, which `deleteDatabase` takes from everybody.
 */
export async function own(stores: Shared, options: OwnOptions): Promise<Ownership> {
  // What no other tab shares needs no more; and if IndexedDB is forbidden, so are the platform's locks.
  const { databaseName } = stores;
  const webLocks = databaseName === undefined ? undefined : globalThis.navigator?.locks;
  const locks = webLocks ?? processLocks;
  const name = nameOf(stores, options.runId);
  const run = await ownRun(locks, name, options);
  if (!webLocks || databaseName === undefined) return run;
  try {
    const database = await hold(webLocks, databaseLockName(databaseName), 'share', {
      ...options,
      onLost(reason) {
        run.release();
        options.onLost(reason);
      },
    });
    return {
      async release() {
        await Promise.all([run.release(), database.release()]);
      },
    };
  } catch (error) {
    await run.release();
    throw error;
  }
}

async function ownRun(locks: Locks, name: string, options: OwnOptions): Promise<Ownership> {
  const { mode, onWait } = options;
  if (mode === 'wait' && onWait) {
    try {
      return await hold(locks, name, 'fail', options);
    } catch (error) {
      if (!isKernelError(error, 'conflict')) throw error;
      onWait();
    }
  }
  return hold(locks, name, mode, options);
}

/** Resolves when the lock is held. */
function hold(
  locks: Locks,
  name: string,
  mode: IfOwned | 'share',
  { runId, signal, onLost }: Omit<OwnOptions, 'mode'>,
): Promise<Ownership> {
  // The platform takes a signal only with a request that may wait.
  const waiting = signal ? { signal } : {};
  const options = {
    wait: waiting,
    share: { mode: 'shared' as const, ...waiting },
    fail: { ifAvailable: true },
    steal: { steal: true },
  }[mode];
  return new Promise((resolve, reject) => {
    const error = (code: ErrorCode, detail: string, cause?: unknown) =>
      new RunError(code, detail, { operation: 'openRun', runId, cause });
    let held = false;
    const use = (lock: unknown) =>
      new Promise<void>((release) => {
        if (!lock) {
          const detail = 'another tab, worker or object owns it: follow it, wait for it, or steal it.';
          reject(error('conflict', detail));
          return release();
        }
        held = true;
        locksHere.set(name, token);
        resolve({
          release() {
            release();
            return done;
          },
        });
      });
    const token = {};
    const end = () => {
      // Unless somebody else here has stolen it.
      if (locksHere.get(name) === token) locksHere.delete(name);
    };
    const done: Promise<void> = locks.request(name, options, use).then(end, (cause: unknown) => {
      end();
      // A lock that was held and then rejects has been stolen.
      if (held) onLost(error('conflict', lossOf[mode], cause));
      else if (signal?.aborted)
        reject(error('aborted', 'it was given up while it waited for the run.', signal.reason));
      else reject(error('unavailable', 'the platform refuses a lock for it.', cause));
    });
  });
}

const takenOver = 'another tab, worker or object has taken it over.';
const lossOf = {
  wait: takenOver,
  fail: takenOver,
  steal: takenOver,
  share: 'its database is being deleted.',
};

/** The locks that this page or worker holds. */
const locksHere = new Map<string, object>();

export const isHeldHere = (name: string): boolean => locksHere.has(name);

export const processLocks: ProcessLocks = /* @__PURE__ */ new ProcessLocks();
