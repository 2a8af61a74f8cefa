import type { ErrorCode, IgnoredSnapshot, Seq, SequencedEvent, Stores } from 'rewake';
import type { ImportEvent, ImportState, PictureEvent } from './import-run.ts';

export type Backend = Stores<unknown, unknown>['backend'];

/** What the page asks of the Worker: one `start` or `recover`, then `pace` at any time. */
export type Command =
  | {
      readonly type: 'start';
      readonly files: readonly File[];
      readonly slowly: boolean;
      readonly backend: Backend;
    }
  | { readonly type: 'recover'; readonly slowly: boolean; readonly backend: Backend }
  | { readonly type: 'pace'; readonly slowly: boolean };

/** What the page hears from the Worker. Of a write, only after its promise has resolved. */
export type Report =
  | { readonly type: 'committed'; readonly seq: Seq; readonly event: ImportEvent }
  | { readonly type: 'snapshot-saved'; readonly seq: Seq }
  | { readonly type: 'snapshot-failed'; readonly message: string }
  | { readonly type: 'log'; readonly events: readonly SequencedEvent<PictureEvent>[] }
  | ({ readonly type: 'recovered' } & RecoveredRun)
  | { readonly type: 'finished' }
  | ({ readonly type: 'failed' } & WorkerFailure);

/** What `recover()` resolved with, and how long it took. */
export interface RecoveredRun {
  readonly state: ImportState;
  readonly seq: Seq;
  readonly snapshotSeq: Seq;
  readonly replayed: number;
  readonly ms: number;
  readonly ignored?: IgnoredSnapshot['reason'];
}

export interface WorkerFailure {
  readonly code: ErrorCode;
  readonly message: string;
}
