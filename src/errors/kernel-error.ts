import type { RunId, Seq } from '../contracts/words.ts';

/**
 * What went wrong, for programs.
 *
 * | code | meaning |
 * | --- | --- |
 * | `invalid-argument` | An argument is outside the contract; nothing was touched. |
 * | `not-cloneable` | A state or event holds what cannot be stored; the message names the place. |
 * | `conflict` | Somebody else has written or deleted this run; see `expected` and `actual`. Nothing was changed. |
 * | `quota` | The browser has no room left for this site. Nothing was written. |
 * | `unavailable` | There is no IndexedDB here, or it may not be used, or its files are broken. |
 * | `blocked` | Another tab holds the database open and does not let go of it. |
 * | `timeout` | The database did not open in time. The next call tries again. |
 * | `newer-version` | The database or record was written by a newer release. |
 * | `unreadable` | What is stored is damaged, or is not rewake's. |
 * | `connection-lost` | The connection broke before a commit was confirmed: it may have landed or not. |
 * | `data-lost` | The browser has thrown the database away and begun an empty one; the message has its reason. |
 * | `closed` | The object was closed before the call. |
 * | `reducer-threw` | The application's reducer refused an event; see `seq` and `cause`. |
 * | `unknown` | The platform reported something that rewake has no name for; see `cause`. |
 */
export type ErrorCode =
  | 'invalid-argument'
  | 'not-cloneable'
  | 'conflict'
  | 'quota'
  | 'unavailable'
  | 'blocked'
  | 'timeout'
  | 'newer-version'
  | 'unreadable'
  | 'connection-lost'
  | 'data-lost'
  | 'closed'
  | 'reducer-threw'
  | 'unknown';

/** Where and why a {@link KernelError} happened. */
export interface ErrorContext {
  /** The method or function that failed, such as `save`. */
  readonly operation: string;
  readonly runId?: RunId | undefined;
  /** The platform's or the application's own error. */
  readonly cause?: unknown;
  /** The event that the error is about. */
  readonly seq?: Seq | undefined;
  /** On `conflict`: the seq that the caller took for the current one. */
  readonly expected?: Seq | undefined;
  /** On `conflict`: the seq that is stored. */
  readonly actual?: Seq | undefined;
}

/**
 * The one family of errors that rewake rejects with; the Rust crate's `KernelError` enum with its variants
 * as subclasses. `message` says what happened, to which run, and what follows.
 *
 * @example
 * try {
 *   await events.append('import-7', [event], { expectedHead });
 * } catch (error) {
 *   if (error instanceof KernelError && error.code === 'conflict') {
 *     console.warn(`Another tab is at ${error.actual}.`);
 *   } else throw error;
 * }
 */
export class KernelError extends Error {
  override readonly name: string = 'KernelError';
  declare readonly operation: string;
  declare readonly runId?: RunId;
  declare readonly seq?: Seq;
  declare readonly expected?: Seq;
  declare readonly actual?: Seq;

  constructor(
    readonly code: ErrorCode,
    detail: string,
    { cause, ...context }: ErrorContext,
  ) {
    const { operation, runId } = context;
    const where = runId === undefined ? operation : `Run ${JSON.stringify(runId)}, ${operation}`;
    super(`${where}: ${detail}`, cause === undefined ? undefined : { cause });
    Object.assign(this, context);
  }
}

/** A {@link SnapshotStore} could not do what was asked. */
export class SnapshotStoreError extends KernelError {
  override readonly name = 'SnapshotStoreError';
}

/** An {@link EventStore} could not do what was asked. */
export class EventStoreError extends KernelError {
  override readonly name = 'EventStoreError';
}

/** A run could not be recovered or continued. */
export class RunError extends KernelError {
  override readonly name = 'RunError';
}

/** Whether `error` is one of rewake's, with this `code` if one is given. */
export const isKernelError = (error: unknown, code?: ErrorCode): error is KernelError =>
  error instanceof KernelError && (code === undefined || error.code === code);
