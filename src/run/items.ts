import { randomId } from '../backends/random-id.ts';
import type { EventStore, Head } from '../contracts/event-store.ts';
import { isKernelError } from '../errors/kernel-error.ts';
import { openNotices } from './notices.ts';
import { storesFor } from './open-run.ts';
import { watchPage } from './page-lifecycle.ts';
import { reportTo } from './report.ts';
import type { CommonOptions, RunStores } from './run.ts';
import { OWN_RUNS } from './runs.ts';

/** Where items are kept, and who hears of what no call can tell. */
export type ItemOptions = Partial<Pick<CommonOptions<unknown, unknown>, 'stores' | 'onError'>>;

interface Item {
  /** What this tab has read or written last. */
  known: Head;
  /** The latest value that waits for the one that is being written. */
  next?: { readonly value: unknown } | undefined;
  /** What is being written. */
  writing?: Promise<void> | undefined;
}

/** So many values are in the log of an item before it is compacted to the last one. */
const COMPACT_EVERY = 16;
const TRIES = 4;

/**
 * Values under names, for the persistence of state libraries. The value is the last event of a log of its own, so that the
 * log's fence is the item's: a tab that has not read what another one has written cannot write over it.
 */
export class Items {
  readonly #options: ItemOptions;
  readonly #items = new Map<string, Item>();
  readonly #writer = randomId();
  #stores: Promise<RunStores<unknown, unknown>> | undefined;

  constructor(options: ItemOptions) {
    this.#options = options;
  }

  /** The value, or `undefined` if there is none. The next {@link set} may replace it. */
  async get(name: string): Promise<unknown> {
    const { events } = await this.#open(name);
    for (;;) {
      const head = await events.head(idOf(name));
      const value = await valueAt(events, idOf(name), head);
      if (!value) continue;
      this.#know(name, head);
      return value[0];
    }
  }

  /**
   * Replaces the value, and resolves when that, or a later one of this tab, is committed. Rejects with `conflict`, having
   * changed nothing, if there is a value that this tab has neither read nor written. Do not change the value afterwards.
   */
  set(name: string, value: unknown): Promise<void> {
    const item = this.#item(name);
    item.next = { value };
    item.writing ??= this.#write(name, item);
    return item.writing;
  }

  async remove(name: string): Promise<void> {
    const item = this.#item(name);
    const { events } = await this.#open(name);
    await item.writing?.catch(() => {});
    await events.delete(idOf(name));
    item.known = NOTHING;
    await this.#tell(name);
  }

  /** Calls `listener` when another tab has written or removed the item, or may have. Returns what ends that. */
  subscribe(name: string, listener: () => void): () => void {
    const listening = new AbortController();
    let notices: BroadcastChannel | undefined;
    const listen = async () => {
      const stores = await this.#open(name);
      if (listening.signal.aborted) return;
      notices = openNotices(stores, idOf(name));
      if (notices) notices.onmessage = ({ data }) => data !== this.#writer && listener();
    };
    const listenBehind = () => void listen().catch(this.#reportOf(name));
    watchPage(
      {
        onLeave: () => notices?.close(),
        onReturn: () => {
          listenBehind();
          listener();
        },
      },
      listening.signal,
    );
    listenBehind();
    return () => {
      listening.abort();
      notices?.close();
    };
  }

  async #write(name: string, item: Item): Promise<void> {
    let known = item.known;
    try {
      while (item.next) {
        const { value } = item.next;
        item.next = undefined;
        const { events } = await this.#open(name);
        known = await this.#append(events, idOf(name), value, known);
        this.#know(name, known);
        if (known.seq % COMPACT_EVERY === 0)
          events
            .compact(idOf(name), { atSeq: known.seq, logId: known.logId, version: 1, state: value })
            .catch(this.#reportOf(name));
        await this.#tell(name);
      }
    } finally {
      // Of what is based on a value that was refused, nothing may be written, either.
      item.next = undefined;
      item.writing = undefined;
    }
  }

  /** Named, it can be repeated. */
  async #append(events: EventStore<unknown>, id: string, value: unknown, known: Head): Promise<Head> {
    const { seq: expectedHead, logId } = known;
    for (let tries = 1; ; tries++) {
      try {
        const options = { expectedHead, logId, writer: this.#writer, immutable: true };
        return await events.append(id, [value], options);
      } catch (error) {
        if (tries === TRIES || !isKernelError(error, 'connection-lost')) throw error;
      }
    }
  }

  #know(name: string, head: Head): void {
    const item = this.#item(name);
    // What was read while this tab wrote may be older.
    if (head.logId !== item.known.logId || head.seq > item.known.seq) item.known = head;
  }

  async #tell(name: string): Promise<void> {
    const channel = openNotices(await this.#open(name), idOf(name));
    channel?.postMessage(this.#writer);
    channel?.close();
  }

  #item(name: string): Item {
    const item = this.#items.get(name) ?? { known: NOTHING };
    this.#items.set(name, item);
    return item;
  }

  #open(name: string): Promise<RunStores<unknown, unknown>> {
    this.#stores ??= storesFor({ ...this.#options, runId: idOf(name) }).catch((error) => {
      this.#stores = undefined;
      throw error;
    });
    return this.#stores;
  }

  #reportOf(name: string): (error: unknown) => void {
    return reportTo(this.#options.onError, 'item', idOf(name));
  }
}

const NOTHING: Head = { seq: 0, logId: null };

const idOf = (name: string): string => `${OWN_RUNS}item:${name}`;

/** What is at the end of the log, in a list; `undefined` if the log has changed meanwhile. */
async function valueAt(
  events: EventStore<unknown>,
  id: string,
  head: Head,
): Promise<readonly [unknown] | undefined> {
  if (head.seq === 0) return [undefined];
  try {
    const page = await events.scan(id, head.seq, 1);
    const [last] = page.events;
    return last && page.logId === head.logId ? [last.event] : undefined;
  } catch (error) {
    if (!isKernelError(error, 'compacted')) throw error;
    const base = await events.base(id);
    return base?.atSeq === head.seq && base.logId === head.logId ? [base.state] : undefined;
  }
}
