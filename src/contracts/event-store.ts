import type { RunId, Seq } from './snapshot-store.ts';

/** An event together with its number in the run. */
export interface SequencedEvent<E> {
  readonly seq: Seq;
  readonly event: E;
}

/** How {@link EventStore.append} is to append. */
export interface AppendOptions {
  /** Append only while the run's head is this one: the fence against a second writer. */
  readonly expectedHead?: Seq;
  /**
   * Names who appends, such that nobody else has the name. With `expectedHead`, it makes an append that may be
   * repeated: where this writer has appended as many events there before, they have landed and are not
   * appended again (an idempotency key). It is how a run gets over `connection-lost`.
   */
  readonly writer?: string;
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
   * Rejects, having appended nothing, with `conflict` where `expectedHead` is not the head (the error
   * carries `expected` and `actual`), and with `not-cloneable` where an event cannot be copied, naming the
   * place. After `connection-lost` it is unknown whether the events were committed: read the head, or repeat
   * the append if it named its `writer`.
   */
  append(runId: RunId, events: readonly E[], options?: AppendOptions): Promise<Seq>;

  /**
   * The events from the seq `from` (inclusive, at least 1) on, ascending, at most `limit` of them (at least
   * 1; without it, all). `[]` past the head and for an unknown run. The caller owns what it gets.
   *
   * Rejects with `unreadable` or `newer-version` rather than return a log with a gap, an overlap or a record
   * that is not one of this release.
   */
  scan(runId: RunId, from: Seq, limit?: number): Promise<SequencedEvent<E>[]>;

  /** The highest seq in the run's log; 0 where it has none. */
  head(runId: RunId): Promise<Seq>;

  /** Deletes the run's log; succeeds where it has none. Its next event is number 1 again. */
  delete(runId: RunId): Promise<void>;

  /** The runs that have events, each once, in no particular order. */
  runIds(): Promise<RunId[]>;
}
