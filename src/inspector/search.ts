import type { Seq } from '../contracts/words.ts';
import type { EventPages } from './event-pages.ts';
import { textOf } from './value.ts';

/** So many events are read at once. */
const PAGE = 1_000;

/** Whether a text has each word of the query, and none of those that begin with a minus. Case does not matter. */
export function matcher(query: string): (text: string) => boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return (text) => {
    const lower = text.toLowerCase();
    return words.every((word) =>
      word.startsWith('-') && word.length > 1 ? !lower.includes(word.slice(1)) : lower.includes(word),
    );
  };
}

/** The events of a log that a query matches, read in pages. A page that has come to the end goes on when there is more. */
export class Search {
  readonly found: Seq[] = [];
  /** The last event that was looked at. */
  seq: Seq;
  readonly #pages: EventPages;
  readonly #matches: (text: string) => boolean;
  readonly #logId: string | null;
  #isSearching = false;
  #isOver = false;

  constructor(pages: EventPages, query: string) {
    this.#pages = pages;
    this.#matches = matcher(query);
    this.#logId = pages.head.logId;
    this.seq = pages.first - 1;
  }

  /** Whether the log is not another one, or shorter, by now. */
  get isOfThisLog(): boolean {
    return this.#pages.head.logId === this.#logId && (this.found[0] ?? this.seq + 1) >= this.#pages.first;
  }

  stop(): void {
    this.#isOver = true;
  }

  /** Searches up to the head. `onProgress` is called after each page. */
  async run(onProgress: () => void): Promise<void> {
    if (this.#isSearching) return;
    this.#isSearching = true;
    while (!this.#isOver && this.isOfThisLog && this.seq < this.#pages.head.seq) {
      const from = this.seq + 1;
      const limit = Math.min(PAGE, this.#pages.head.seq - this.seq);
      for (const read of await this.#pages.read(from, limit)) {
        const text = 'error' in read ? `error ${String(read.error)}` : textOf(read.event);
        if (this.#matches(text)) this.found.push(read.seq);
      }
      this.seq = from + limit - 1;
      if (!this.#isOver) onProgress();
    }
    this.#isSearching = false;
  }
}
