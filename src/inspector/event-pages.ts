import type { Base, EventStore, Head, SequencedEvent } from '../contracts/event-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { isKernelError } from '../errors/kernel-error.ts';

/** An event, or why it cannot be read. */
export type ReadEvent = SequencedEvent<unknown> | { readonly seq: Seq; readonly error: unknown };

/** So many events are read at once. */
const PAGE = 500;
/** So many pages are kept. */
const KEPT = 40;

/** A run's log, read where somebody looks. */
export class EventPages {
  readonly runId: RunId;
  head: Head = { seq: 0, logId: null };
  base: Base | undefined;
  readonly #store: EventStore<unknown>;
  readonly #onLoad: () => void;
  /** The least recently used first. */
  readonly #pages = new Map<number, readonly ReadEvent[]>();
  readonly #reading = new Set<number>();

  constructor(store: EventStore<unknown>, runId: RunId, onLoad: () => void) {
    this.#store = store;
    this.runId = runId;
    this.#onLoad = onLoad;
  }

  /** The first event that is still there. */
  get first(): Seq {
    return (this.base?.atSeq ?? 0) + 1;
  }

  /**
   * Looks where the log ends and, if `thoroughly`, where it begins, for which it has to read the first record. Whether that
   * is elsewhere than before.
   */
  async refresh(thoroughly = true): Promise<boolean> {
    const head = await this.#store.head(this.runId);
    const isOther = head.logId !== this.head.logId || head.seq < this.head.seq;
    const base = isOther || thoroughly ? await this.#store.base(this.runId) : this.base;
    const isCompacted = base?.atSeq !== this.base?.atSeq;
    if (!isOther && !isCompacted && head.seq === this.head.seq) return false;
    if (isOther || isCompacted) this.#pages.clear();
    // More may have come into the last page.
    else this.#pages.delete(pageOf(this.head.seq + 1));
    this.head = head;
    this.base = base;
    return true;
  }

  /** The event, if it has been read. If not, it is read, and `onLoad` called. */
  at(seq: Seq): ReadEvent | undefined {
    const number = pageOf(seq);
    const page = this.#pages.get(number);
    if (page) {
      this.#pages.delete(number);
      this.#pages.set(number, page);
      return page.find((event) => event.seq === seq);
    }
    if (!this.#reading.has(number)) void this.#load(number);
    return undefined;
  }

  /** The events from `from` on, at most `limit` of them. What cannot be read is told one by one. */
  async read(from: Seq, limit: number): Promise<ReadEvent[]> {
    try {
      return (await this.#store.scan(this.runId, from, limit)).events;
    } catch (error) {
      const isDamaged = isKernelError(error, 'unreadable') || isKernelError(error, 'newer-version');
      if (limit === 1 || !isDamaged) return [{ seq: from, error }];
      const half = Math.ceil(limit / 2);
      return [...(await this.read(from, half)), ...(await this.read(from + half, limit - half))];
    }
  }

  async #load(number: number): Promise<void> {
    this.#reading.add(number);
    const { head } = this;
    const from = Math.max(number * PAGE + 1, this.first);
    const limit = Math.min((number + 1) * PAGE, head.seq) - from + 1;
    const page = limit > 0 ? await this.read(from, limit) : [];
    this.#reading.delete(number);
    if (this.head === head) {
      this.#pages.set(number, page);
      for (const oldest of this.#pages.keys()) {
        if (this.#pages.size <= KEPT) break;
        this.#pages.delete(oldest);
      }
    }
    this.#onLoad();
  }
}

const pageOf = (seq: Seq) => Math.floor((seq - 1) / PAGE);
