import type { RunId, Seq } from '../contracts/snapshot-store.ts';
import { attemptNow, errorOf, staleHead } from '../errors/failure.ts';
import { type ErrorCode, KernelError, RunError } from '../errors/kernel-error.ts';
import { checkListener } from '../errors/rules.ts';
import { type Recovery, reduceEvent } from '../recovery/recover.ts';
import { openNotices } from './notices.ts';
import { notify } from './notify.ts';
import type { Ownership } from './ownership.ts';
import type { Run, RunOptions, RunStores } from './run.ts';

/** The reason is in the documentation of `RunOptions`. */
const SNAPSHOT_EVERY = 1_000;
/** How often an append is tried while the connection is lost each time. */
const ATTEMPTS = 4;

/** Events on their way into the log, and the state after them. */
interface Pending<S, E> {
  readonly seq: Seq;
  readonly events: readonly E[];
  readonly state: S;
  readonly resolve: (seq: Seq) => void;
  readonly reject: (error: KernelError) => void;
}

/** What {@link openRun} has recovered and owns. */
interface Opened<S> {
  readonly recovery: Recovery<S>;
  readonly ownership: Ownership;
  /** Owns the run again, unless somebody else does. */
  readonly acquire: () => Promise<Ownership>;
  /** Aborted when the run was taken away. */
  readonly stolen: AbortSignal;
}

export class LiveRun<S, E> implements Run<S, E> {
  readonly id: RunId;
  readonly recovery: Recovery<S>;
  readonly #options: RunOptions<S, E>;
  readonly #stores: RunStores<S, E>;
  readonly #acquire: () => Promise<Ownership>;
  readonly #listeners = new Set<() => void>();
  /** Ends the listening to what happens to the page and the lock. */
  readonly #listening = new AbortController();
  #ownership: Ownership;
  #notices: BroadcastChannel | undefined;
  #state: S;
  #seq: Seq;
  /** What is committed, and so may be in a snapshot. */
  #durable: { readonly seq: Seq; readonly state: S };
  /** The seqs of the latest snapshot and of the latest that was tried. */
  #saved: Seq;
  #tried: Seq;
  #saving = false;
  readonly #snapshotEvery: number;
  /** The appends that are not durable yet, in order. */
  readonly #pending: Pending<S, E>[] = [];
  /** Settles with the last of them. */
  #last: Promise<unknown> | undefined;
  #committing = false;
  /** Names this object in what it appends; `crypto.randomUUID` is not there on every page. */
  readonly #writer = Math.random().toString(36).slice(2);
  /** Why nothing can be appended any more. */
  #refusal: KernelError | undefined;
  #live = true;
  /** In the back/forward cache. */
  #away = false;
  #closing: Promise<void> | undefined;

  constructor(options: RunOptions<S, E>, stores: RunStores<S, E>, opened: Opened<S>) {
    const { recovery, ownership, acquire, stolen } = opened;
    const { state, seq, snapshotSeq } = recovery;
    this.id = options.id;
    this.recovery = recovery;
    this.#options = options;
    this.#stores = stores;
    this.#acquire = acquire;
    this.#ownership = ownership;
    this.#notices = openNotices(stores, options.id);
    this.#state = state;
    this.#seq = seq;
    this.#durable = { seq, state };
    this.#saved = snapshotSeq;
    this.#tried = snapshotSeq;
    this.#snapshotEvery = options.snapshotEvery ?? SNAPSHOT_EVERY;
    const { signal } = this.#listening;
    const lose = () => this.#end(this.#error('conflict', 'another tab, worker or object has taken it over.'));
    stolen.addEventListener('abort', lose, { signal });
    if (stolen.aborted) lose();
    // Where there is no page, there are none of its events.
    globalThis.addEventListener?.('visibilitychange', () => document.hidden && this.#saveBehind(1), {
      signal,
    });
    globalThis.addEventListener?.('pagehide', ({ persisted }) => persisted && this.#leave(), { signal });
    globalThis.addEventListener?.('pageshow', ({ persisted }) => persisted && this.#return(), { signal });
  }

  get state(): S {
    return this.#state;
  }

  get seq(): Seq {
    return this.#seq;
  }

  getState = (): S => this.#state;

  subscribe = (listener: () => void): (() => void) => {
    attemptNow(RunError, 'subscribe', this.id, () => checkListener(listener));
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  append(event: E | readonly E[]): Promise<Seq> {
    if (this.#refusal) return Promise.reject(this.#refusal);
    const events: readonly E[] = Array.isArray(event) ? [...event] : [event];
    let state = this.#state;
    let seq = this.#seq;
    try {
      for (const one of events) {
        seq++;
        state = reduceEvent(this.#options.reduce, state, one, { operation: 'append', runId: this.id, seq });
      }
    } catch (error) {
      return Promise.reject(error);
    }
    this.#state = state;
    this.#seq = seq;
    const durable = new Promise<Seq>((resolve, reject) => {
      this.#pending.push({ seq, events, state, resolve, reject });
    });
    this.#commit();
    // Handled: where nobody awaits it, `onReport` tells why the run ended.
    this.#last = durable.catch(() => {});
    if (events.length > 0) {
      notify(this.#listeners, (thrown) =>
        this.#report(this.#error('unknown', `a listener threw: ${thrown}`, thrown)),
      );
    }
    return durable;
  }

  snapshot(): Promise<void> {
    return this.#refusal ? Promise.reject(this.#refusal) : this.#save();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Appends what is pending, one batch at a time: were a second one sent before the first is answered, and
   * the first refused, the second could find the head it expects in the log of somebody else.
   */
  async #commit(): Promise<void> {
    if (this.#committing) return;
    this.#committing = true;
    try {
      while (this.#live && this.#pending.length > 0) {
        const batch = [...this.#pending];
        const head = await this.#append(batch.flatMap(({ events }) => events));
        this.#pending.splice(0, batch.length);
        this.#durable = batch.at(-1) ?? this.#durable;
        for (const { resolve, seq } of batch) resolve(seq);
        // Only now: a notice before the commit would send the followers to read what is not there.
        this.#notices?.postMessage(head);
        this.#saveBehind(this.#snapshotEvery);
      }
    } catch (error) {
      this.#end(error);
    } finally {
      this.#committing = false;
    }
  }

  /** Appends after what is durable. Where the connection is lost, again: named, it cannot land twice. */
  async #append(batch: readonly E[]): Promise<Seq> {
    const { events } = this.#stores;
    for (let attempt = 1; ; attempt++) {
      try {
        return await events.append(this.id, batch, { expectedHead: this.#durable.seq, writer: this.#writer });
      } catch (error) {
        const lost = error instanceof KernelError && error.code === 'connection-lost';
        // What has been refused meanwhile must not be tried again.
        if (!lost || attempt === ATTEMPTS || !this.#live) throw error;
      }
    }
  }

  async #save(): Promise<void> {
    const { seq, state } = this.#durable;
    this.#tried = seq;
    if (seq === this.#saved) return;
    await this.#stores.snapshots.save({ runId: this.id, atSeq: seq, state });
    this.#saved = seq;
  }

  /** Saves a snapshot if `every` events are not in one: one at a time, and then the latest. */
  #saveBehind(every: number): void {
    if (!this.#live || this.#away || this.#saving || this.#durable.seq - this.#tried < every) return;
    this.#saving = true;
    this.#save()
      .catch((error: unknown) => this.#report(error))
      .finally(() => {
        this.#saving = false;
        this.#saveBehind(this.#snapshotEvery);
      });
  }

  async #close(): Promise<void> {
    this.#refusal ??= this.#error('closed', 'it has been closed. Open it again to go on.');
    await this.#last;
    if (!this.#live) return;
    await this.#save().catch((error: unknown) => this.#report(error));
    this.#live = false;
    this.#listening.abort();
    await this.#letGo();
  }

  /**
   * Into the back/forward cache. A lock or a transaction in which others have to wait for a page that stands
   * still there makes the browser throw the page away, so that no snapshot is begun either.
   */
  #leave(): void {
    this.#away = true;
    this.#letGo();
  }

  /** Back from the back/forward cache, during which somebody else may have owned the run. */
  async #return(): Promise<void> {
    this.#away = false;
    try {
      this.#ownership = await this.#acquire();
      this.#notices = openNotices(this.#stores, this.id);
      const head = await this.#stores.events.head(this.id);
      if (head > this.#seq) throw staleHead(this.#seq, head);
    } catch (error) {
      this.#end(error);
    }
  }

  /** The run cannot go on: everything pending and everything later is refused with this one error. */
  #end(cause: unknown): void {
    if (!this.#live) return;
    const error = this.#known(cause);
    this.#live = false;
    this.#refusal = error;
    for (const { reject } of this.#pending.splice(0)) reject(error);
    this.#listening.abort();
    this.#letGo();
    this.#report(error);
  }

  #letGo(): Promise<void> {
    this.#notices?.close();
    this.#notices = undefined;
    return this.#ownership.release();
  }

  #report(error: unknown): void {
    this.#options.onReport?.(this.#known(error));
  }

  #known(error: unknown): KernelError {
    return errorOf(RunError, 'run', this.id, error);
  }

  #error(code: ErrorCode, detail: string, cause?: unknown): RunError {
    return new RunError(code, detail, { operation: 'run', runId: this.id, cause });
  }
}
