import {
  type ErrorCode,
  type IgnoredSnapshot,
  isKernelError,
  type Seq,
  type SequencedEvent,
  type Stores,
} from 'rewake';
import type { ImportEvent } from './import-run.ts';
import type { Owner } from './owner.ts';

export type Backend = Stores<unknown, unknown>['backend'];

/** What the page asks of its Worker: one `open` first, then anything. */
export type Command =
  | { readonly type: 'open'; readonly backend: Backend; readonly slowly: boolean }
  | { readonly type: 'start'; readonly files: readonly File[] }
  | { readonly type: 'take-over' }
  | { readonly type: 'pace'; readonly slowly: boolean };

/** What the page hears from its Worker. */
export type Report =
  /** The next events of the log, whoever has appended them. */
  | { readonly type: 'committed'; readonly events: readonly SequencedEvent<ImportEvent>[] }
  /** Where the snapshot stands among them. */
  | { readonly type: 'snapshot'; readonly atSeq: Seq }
  /** The whole log has been reported. */
  | { readonly type: 'found'; readonly recovery: RecoveryFigures }
  /** This Worker owns the run and goes on with it. */
  | { readonly type: 'owned'; readonly recovery: RecoveryFigures }
  /** Somebody else owns the run; this Worker waits for it. */
  | { readonly type: 'following'; readonly owner: Owner }
  /** The end of the run that this Worker owned: `lost` if somebody else has taken it over. */
  | { readonly type: 'closed'; readonly lost: boolean; readonly owner: Owner }
  /** The log has been deleted, and what was reported is no more. */
  | { readonly type: 'deleted' }
  | { readonly type: 'snapshot-failed'; readonly message: string }
  | ({ readonly type: 'failed' } & WorkerFailure);

/** What a recovery did, and how long it took. */
export interface RecoveryFigures {
  readonly seq: Seq;
  readonly snapshotSeq: Seq;
  readonly replayed: number;
  readonly ms: number;
  readonly ignored?: IgnoredSnapshot['reason'] | undefined;
}

export interface WorkerFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

export function failureOf(error: unknown): WorkerFailure {
  const code = isKernelError(error) ? error.code : 'unknown';
  return { code, message: error instanceof Error ? error.message : String(error) };
}
