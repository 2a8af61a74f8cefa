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

/**
 * The state with which a compacted log begins, in place of the events that it is made of. Unlike a snapshot it is a part
 * of the log: nothing can compute it again.
 */
export interface Base {
  /** The seq of the last event in `state`; at least 1. The log goes on with the next one. */
  readonly atSeq: Seq;
  /** The log that it is of, as `append`, `head`, `scan` and `recover` tell it. */
  readonly logId: LogId | null;
  /** The version of the application's code that made `state`. */
  readonly version: number;
  /** Anything that the structured clone algorithm can copy. */
  readonly state: unknown;
}

/** Who is told by {@link EventStore.watch}. */
export interface LogWatcher {
  /** The log may have changed: read its head. */
  onChange(): void;
  /** It cannot be told at present whether the log changes; later it is told again. Called once each time. */
  onError(error: unknown): void;
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
   * Rejects with `compacted` if the log has a base and `from` is not above it; the error's `seq` is that of the base.
   * Rejects with `unreadable` or `newer-version` rather than return a log with a gap, an overlap or a record
   * that is not one of this release.
   */
  scan(runId: RunId, from: Seq, limit?: number): Promise<LogPage<E>>;

  /** Where the run's log ends; seq 0 if it has none. */
  head(runId: RunId): Promise<Head>;

  /**
   * Replaces all events up to `base.atSeq` by the base, and resolves when that is committed, all at once: at any moment
   * the log is the old one or the new one. Head and `logId` stay, and so do the seqs of the events after it. The state is
   * captured at the call. **The events are gone:** `state` has to be what they come to. A base at the `atSeq` of the
   * present one replaces it, so that a compaction can be repeated after `connection-lost`.
   *
   * An append that is repeated after some of its events were compacted either resolves as before or rejects with
   * `conflict`; it is never appended twice.
   *
   * Rejects, having changed nothing, with `conflict` if `base.atSeq` is above the head or below the present base, or
   * `base.logId` is not the log's, with `newer-version` if a higher version has made the present base, and with
   * `not-cloneable` if the state cannot be copied, naming the place.
   */
  compact(runId: RunId, base: Base): Promise<void>;

  /**
   * The base with which the run's log begins, or `undefined` if it begins with event 1, or there is none. The caller
   * owns what it gets.
   *
   * Rejects with `unreadable` or `newer-version` if the stored record is not one of this release.
   */
  base(runId: RunId): Promise<Base | undefined>;

  /**
   * Begins the run's log with this base, in place of all that it holds, and resolves with the new head when that is
   * committed, all at once: its seq is `base.atSeq`, and the next event is the one after it. For a log that comes from
   * another store, where its first events are gone: an import, a backup, a hand-over. The state is captured at the call.
   *
   * `head` is where the log ends before; without it, the log has to be empty. `base.atSeq` has to be above it. An empty
   * log gets a `logId`, any other keeps its own. **Its events are gone**, and nothing here can tell whether `state` is
   * made of them: the caller has to know.
   *
   * Rejects, having changed nothing, with `conflict` if `head` is not the log's (the error carries the seqs `expected` and
   * `actual`), with `newer-version` if a higher version has made the present base, and with `not-cloneable` if the state
   * cannot be copied, naming the place. After `connection-lost`, read head and base: if it was committed, repeating
   * it rejects with `conflict`.
   */
  begin(runId: RunId, base: Omit<Base, 'logId'>, head?: Head): Promise<Head>;

  /**
   * Deletes the run's whole log; succeeds if it has none. Its next event is number 1 again, in a log with another
   * `logId`. The run is lost with its log, whatever its snapshot says: to shorten a log, use {@link EventStore.compact};
   * to delete a run, {@link deleteRun}.
   */
  delete(runId: RunId): Promise<void>;

  /** The runs that have a log, be it a base alone, each once, in no particular order. */
  runIds(): Promise<RunId[]>;

  /**
   * Only of stores that are written where this page hears nothing of it, such as on a server: tells of every change of the
   * run's log, and once of how it is now. Several changes may be told as one, and one twice. Returns what ends it.
   * Followers then need no BroadcastChannel.
   */
  watch?(runId: RunId, watcher: LogWatcher): () => void;
}
