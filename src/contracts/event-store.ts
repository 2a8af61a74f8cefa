import type { LogId, RunId, Seq } from './words.ts';

/** An event together with its number in the run. */
export interface SequencedEvent<E> {
  /** Its number in the run, from 1. */
  readonly seq: Seq;
  /** What was appended. */
  readonly event: E;
  /** The version of the application's code that appended it; 1 if it gave none. */
  readonly version: number;
}

/** Where a run's log ends, and which log it is. */
export interface Head {
  /** The seq of the last event; 0 if there is none. */
  readonly seq: Seq;
  /** `null` if the log has no identity: it is empty, or rewake 0.1 began it and nothing was appended since. */
  readonly logId: LogId | null;
}

/** A part of a run's log, and which log it is of. */
export interface LogPage<E> {
  /** As in {@link Head}. */
  readonly logId: LogId | null;
  /** In ascending order of their seqs, without a gap. */
  readonly events: SequencedEvent<E>[];
}

/** How {@link EventStore.append} appends. */
export interface AppendOptions {
  /** Append only while this is the run's head: the fence against a second writer. */
  readonly expectedHead?: Seq | undefined;
  /**
   * Append only while this is the run's log; `null` means a log without an identity. Goes with `expectedHead`, which
   * alone cannot tell a run from one that was deleted and begun anew.
   */
  readonly logId?: LogId | null | undefined;
  /**
   * A unique id for this writer. With `expectedHead` it makes an append safe to repeat (an idempotency key): if this
   * writer has already appended as many events there, they are not appended again. This is how a run recovers from
   * `connection-lost`.
   */
  readonly writer?: string | undefined;
  /** The version of the application's code that appends, which `scan` tells for each event; 1 by default. */
  readonly version?: number | undefined;
  /** The caller promises never to change the events. If the append has to wait for another, it then needs no copy. */
  readonly immutable?: boolean | undefined;
}

/**
 * Keeps the event log of each run: append-only, numbered from 1 without gaps, the source of truth.
 *
 * Every failure rejects with an {@link EventStoreError}; nothing throws synchronously. A bad argument
 * rejects with `invalid-argument` before anything is touched.
 */
export interface EventStore<E> {
  /**
   * Appends all the events or none, and resolves with the new head when they are committed. The events are
   * captured at the call. Appending `[]` writes nothing and resolves with the head.
   *
   * Rejects, having appended nothing, with `conflict` if `expectedHead` is not the head or `logId` not the log's
   * (the error carries the seqs `expected` and `actual`), and with `not-cloneable` if an event cannot be copied,
   * naming the place. After `connection-lost` it is unknown whether the events were committed: read the head, or
   * repeat the append if it named its `writer`.
   */
  append(runId: RunId, events: readonly E[], options?: AppendOptions): Promise<Head>;

  /**
   * The events from the seq `from` (inclusive, at least 1) on, ascending, at most `limit` of them (at least
   * 1; without it, all), and the `logId` of the log that they are of. No events past the head and for an unknown
   * run. The caller owns what it gets.
   *
   * Rejects with `unreadable` or `newer-version` rather than return a log with a gap, an overlap or a record
   * that is not one of this release.
   */
  scan(runId: RunId, from: Seq, limit?: number): Promise<LogPage<E>>;

  /** Where the run's log ends; seq 0 if it has none. */
  head(runId: RunId): Promise<Head>;

  /**
   * Deletes the run's whole log; succeeds if it has none. Its next event is number 1 again, in a log with another
   * `logId`. The run is lost with its log, whatever its snapshot says: this is no way to trim it. To delete a run, use
   * {@link deleteRun}.
   */
  delete(runId: RunId): Promise<void>;

  /** The runs that have events, each once, in no particular order. */
  runIds(): Promise<RunId[]>;
}
