import type { RunId } from '../contracts/snapshot-store.ts';
import { type ErrorCode, RunError } from '../errors/kernel-error.ts';
import { nameOf, type Shared } from './notices.ts';
import { ProcessLocks } from './process-locks.ts';

/** What to do where another tab, worker or object owns the run. */
export type OwnerMode = 'wait' | 'fail' | 'steal';

/** The right to write a run, until it is released or lost. */
export interface Ownership {
  /** Resolves when the run is free. */
  release(): Promise<void>;
}

interface OwnOptions {
  readonly runId: RunId;
  readonly mode: OwnerMode;
  readonly signal?: AbortSignal | undefined;
  /** Called once, where the ownership was taken away. */
  readonly onLost: () => void;
}

/** The part of the platform's `LockManager` that is needed here. */
export interface Locks {
  request(
    name: string,
    options: { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal },
    hold: (lock: unknown) => Promise<void>,
  ): Promise<unknown>;
}

/**
 * Resolves when the run is owned: an exclusive lock per database and run, Web Locks where the platform has
 * them. Rejects with `conflict` where it may not wait for it, and with `closed` where `signal` is aborted.
 */
export function own(stores: Shared, { runId, mode, signal, onLost }: OwnOptions): Promise<Ownership> {
  // What no other tab shares needs no more; and where IndexedDB is forbidden, so are the platform's locks.
  const shared = stores.databaseName !== undefined;
  const locks: Locks = (shared ? globalThis.navigator?.locks : undefined) ?? processLocks;
  // The platform takes a signal only with a request that may wait.
  const options = { wait: signal ? { signal } : {}, fail: { ifAvailable: true }, steal: { steal: true } }[
    mode
  ];
  return new Promise((resolve, reject) => {
    const refuse = (code: ErrorCode, detail: string, cause?: unknown) =>
      reject(new RunError(code, detail, { operation: 'openRun', runId, cause }));
    let held = false;
    const hold = (lock: unknown) =>
      new Promise<void>((release) => {
        if (!lock) {
          refuse('conflict', 'another tab, worker or object owns it: follow it, wait for it, or steal it.');
          return release();
        }
        held = true;
        resolve({
          release() {
            release();
            return done;
          },
        });
      });
    const done: Promise<void> = locks.request(nameOf(stores, runId), options, hold).then(
      () => {},
      (cause: unknown) => {
        // A lock that was held and then rejects has been stolen.
        if (held) onLost();
        else if (signal?.aborted) refuse('closed', 'it was given up while it waited for the run.', cause);
        else refuse('unavailable', 'the platform refuses a lock for it.', cause);
      },
    );
  });
}

const processLocks = /* @__PURE__ */ new ProcessLocks();
