import { backoff, pause } from '../backends/backoff.ts';
import { GroupCommit } from '../backends/group-commit.ts';
import { randomId } from '../backends/random-id.ts';
import type { EventStore, Head, SequencedEvent } from '../contracts/event-store.ts';
import type { LogId, RunId, Seq } from '../contracts/words.ts';
import { isKernelError } from '../errors/kernel-error.ts';

/**
 * How often an append is tried while the connection is lost each time, or while a run that was stolen still grows. The first
 * two retries come at once, which is enough for IndexedDB (WebKit may lose it twice); the pauses before the others, 3 seconds
 * in all at most, are for networks.
 */
const TRIES = 8;

/** A state, and the place in the log that it belongs to. */
export interface Place<S> {
  readonly seq: Seq;
  readonly logId: LogId | null;
  readonly state: S;
}

/** Events on their way into the log, and what they are there. */
interface Pending<S, E> {
  events: readonly E[];
  /** The seq of the last of them, and the state after it. */
  seq: Seq;
  state: S;
  /** Why they cannot be appended after all. */
  refusal?: unknown;
}

interface QueueOptions<S, E> {
  readonly runId: RunId;
  readonly store: Pick<EventStore<E>, 'append'>;
  /** The version of the application's code. */
  readonly version: number;
  readonly start: Place<S>;
  /** Resolves when the page is not in the back/forward cache. */
  readonly present: () => Promise<void>;
  /** Throws the error that the run has ended with, if it has. */
  readonly assertLive: () => void;
  /** Called after each commit, with the events of it. */
  readonly onDurable: (events: SequencedEvent<E>[]) => void;
  /** Called once for each append that has to wait before it is tried again, with why. */
  readonly onRetry: (error: unknown) => void;
  /** Called if the log refuses. */
  readonly onRefused: (error: unknown) => void;
  /**
   * Recovers once more. Given if the run was stolen: until its first append, the former owner, which may hear of the
   * theft late, can still append to the log.
   */
  readonly recoverAgain?: (() => Promise<Place<S>>) | undefined;
  /** The state after the event; throws if the reducer does. */
  readonly reduce: (state: S, event: E, seq: Seq) => S;
  /** Called after `latest` was computed anew, on top of what the former owner has appended. */
  readonly onRebased: () => void;
}

/**
 * The events of a run that are not durable yet. They are appended in their order, one batch at a time: if a second
 * one were sent before the first is answered, and the first refused, the second could find the head it expects in
 * the log of somebody else. What comes meanwhile is in the next batch.
 */
export class AppendQueue<S, E> {
  /** After the last event that is committed. */
  durable: Place<S>;
  /** After all events, durable or not. */
  latest: Pick<Place<S>, 'seq' | 'state'>;
  readonly #options: QueueOptions<S, E>;
  readonly #pending: Pending<S, E>[] = [];
  readonly #commits = new GroupCommit<Pending<S, E>>((group) => this.#commit(group));
  readonly #writer = randomId();
  #sent: Promise<unknown> | undefined;
  #hasWritten = false;

  constructor(options: QueueOptions<S, E>) {
    this.#options = options;
    this.durable = options.start;
    this.latest = options.start;
  }

  /** Resolves with the seq of the last event when all are durable. Rejects if they, or the run, are refused. */
  async add(events: readonly E[], latest: Pick<Place<S>, 'seq' | 'state'>): Promise<Seq> {
    const pending: Pending<S, E> = { events, ...latest };
    this.latest = latest;
    this.#pending.push(pending);
    await this.#commits.add(pending);
    if (pending.refusal) throw pending.refusal;
    return pending.seq;
  }

  /** Resolves when everything that was added before is durable or refused. */
  settled(): Promise<void> {
    return this.#commits.settled();
  }

  /** Resolves when nothing that was sent to the store is without an answer. */
  async answered(): Promise<void> {
    await this.#sent?.catch(() => {});
  }

  async #commit(group: readonly Pending<S, E>[]): Promise<void> {
    const { version, present, assertLive, onDurable, onRefused } = this.#options;
    await present();
    assertLive();
    try {
      this.#sent = this.#append(group);
      await this.#sent;
    } catch (error) {
      onRefused(error);
      assertLive();
    }
    const events = group.flatMap((pending) => pending.events);
    const first = this.durable.seq - events.length + 1;
    onDurable(events.map((event, index) => ({ seq: first + index, event, version })));
  }

  /** Appends after what is durable. If the connection is lost, again: named, it cannot land twice. */
  async #append(group: readonly Pending<S, E>[]): Promise<void> {
    const { runId, store, version, assertLive, onRetry } = this.#options;
    for (let tries = 1; ; tries++) {
      const batch = group.flatMap(({ events }) => events);
      const { seq: expectedHead, logId } = this.durable;
      try {
        const options = { expectedHead, logId, writer: this.#writer, version, immutable: true };
        this.#adopt(await store.append(runId, batch, options), group);
        return;
      } catch (error) {
        if (tries === TRIES || !(await this.#isWorthRepeating(error))) throw error;
        if (isKernelError(error, 'connection-lost')) {
          if (tries === 3) onRetry(error);
          await pause(backoff(tries - 1));
        }
        // What has been refused meanwhile must not be tried again.
        assertLive();
      }
    }
  }

  #adopt({ seq, logId }: Head, group: readonly Pending<S, E>[]): void {
    this.#hasWritten = true;
    this.#pending.splice(0, group.length);
    this.durable = { seq, logId, state: group.at(-1)?.state ?? this.durable.state };
  }

  async #isWorthRepeating(error: unknown): Promise<boolean> {
    if (isKernelError(error, 'connection-lost')) return true;
    const { recoverAgain } = this.#options;
    if (this.#hasWritten || !recoverAgain || !isKernelError(error, 'conflict')) return false;
    this.#rebase(await recoverAgain());
    return true;
  }

  /** Puts everything that is pending after what the log turns out to hold. */
  #rebase(found: Place<S>): void {
    this.durable = found;
    let { seq, state } = found;
    for (const pending of this.#pending) {
      try {
        let next = state;
        for (const [index, event] of pending.events.entries())
          next = this.#options.reduce(next, event, seq + index + 1);
        state = next;
        seq += pending.events.length;
      } catch (error) {
        pending.refusal = error;
        pending.events = [];
      }
      pending.seq = seq;
      pending.state = state;
    }
    this.latest = { seq, state };
    this.#options.onRebased();
  }
}
