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
 * | `newer-version` | A newer release, of rewake or of the application, has written this. Nothing was changed. |
 * | `unreadable` | What is stored is damaged, or is not rewake's. |
 * | `connection-lost` | The connection broke before a commit was confirmed: it may have landed or not. |
 * | `data-lost` | The browser has thrown the database away and begun an empty one; the message has its reason. |
 * | `closed` | The object was closed before the call. |
 * | `aborted` | The caller's `signal` was aborted; its reason is the `cause`. |
 * | `compacted` | The events that were asked for, or that an import needs, are in the log's base, and nowhere else; `seq` is that of the base. |
 * | `older-version` | What is stored was written by an older release of the application, and cannot be used without its `migrate`. |
 * | `reducer-threw` | The application's `reduce` or `upcast` refused an event; see `seq` and `cause`. |
 * | `failed` | A workflow's body threw; what it threw is the `cause`. |
 * | `cancelled` | A workflow was cancelled; the reason is the `cause`. |
 * | `non-deterministic` | A workflow's code does not do what its journal says it did; see `seq`. Nothing was appended. |
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
  | 'aborted'
  | 'compacted'
  | 'older-version'
  | 'reducer-threw'
  | 'failed'
  | 'cancelled'
  | 'non-deterministic'
  | 'unknown';

/** Where and why a {@link KernelError} happened. */
export interface ErrorContext {
  /** The method or function that failed, such as `save`. */
  readonly operation: string;
  /** The run that it failed for, if it was for one. */
  readonly runId?: RunId | undefined;
  /** The platform's or the application's own error. */
  readonly cause?: unknown;
  /** The event that the error is about; on `compacted`, the last one in the base. */
  readonly seq?: Seq | undefined;
  /** On `conflict`: the seq that the caller took for the current one. */
  readonly expected?: Seq | undefined;
  /** On `conflict`: the seq that is stored. */
  readonly actual?: Seq | undefined;
}

/**
 * The one family of errors that rewake rejects with; the Rust crate's `KernelError` enum with its variants
 * as subclasses. `message` says what happened, to which run, and what follows. Use {@link isKernelError} to look at
 * one.
 */
export class KernelError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name: string = 'KernelError';
  /** What went wrong, for programs. */
  readonly code: Code;
  /** The method or function that failed, such as `save`. */
  declare readonly operation: string;
  /** The run that it failed for, if it was for one. */
  declare readonly runId?: RunId;
  /** The event that the error is about, if it is about one; on `compacted`, the last one in the base. */
  declare readonly seq?: Seq;
  /** The seq that the caller took for the current one. Only a `conflict` of two writers has it. */
  declare readonly expected?: Code extends 'conflict' ? Seq : never;
  /** The seq that is stored. Only a `conflict` of two writers has it. */
  declare readonly actual?: Code extends 'conflict' ? Seq : never;

  constructor(code: Code, detail: string, { cause, ...context }: ErrorContext) {
    const { operation, runId } = context;
    const where = runId === undefined ? operation : `Run ${JSON.stringify(runId)}, ${operation}`;
    super(`${where}: ${detail}`, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, context);
  }
}

/** A {@link SnapshotStore} could not do what was asked. */
export class SnapshotStoreError<Code extends ErrorCode = ErrorCode> extends KernelError<Code> {
  override readonly name = 'SnapshotStoreError';
}

/** An {@link EventStore} could not do what was asked. */
export class EventStoreError<Code extends ErrorCode = ErrorCode> extends KernelError<Code> {
  override readonly name = 'EventStoreError';
}

/** A run could not be recovered or continued. */
export class RunError<Code extends ErrorCode = ErrorCode> extends KernelError<Code> {
  override readonly name = 'RunError';
}

/** A workflow has ended without a result, or could not be executed. */
export class WorkflowError<Code extends ErrorCode = ErrorCode> extends KernelError<Code> {
  override readonly name = 'WorkflowError';
}

/** A {@link KernelError} whose `code` tells its type, so that comparing the code narrows it. */
export type AnyKernelError = { [Code in ErrorCode]: KernelError<Code> }[ErrorCode];

/**
 * Whether `error` is one of rewake's, with this `code` if one is given. Unlike `instanceof`, it also knows the errors
 * of another copy of the package in the same page.
 *
 * @example
 * try {
 *   await events.append('import-7', [event], { expectedHead, logId });
 * } catch (error) {
 *   if (!isKernelError(error, 'conflict')) throw error;
 *   console.warn(`Another tab is at ${error.actual}.`);
 * }
 */
export function isKernelError(error: unknown): error is AnyKernelError;
export function isKernelError<Code extends ErrorCode>(error: unknown, code: Code): error is KernelError<Code>;
export function isKernelError(error: unknown, code?: ErrorCode): boolean {
  const { name, operation, code: its } = Object(error);
  const isOne = names.test(name) && typeof operation === 'string' && typeof its === 'string';
  return isOne && (code === undefined || its === code);
}

const names = /^(Kernel|SnapshotStore|EventStore|Run|Workflow)Error$/;
