import { violationsOf } from './checker.ts';
import type { Note } from './protocol.ts';
import { count, emptyTally, type Tally } from './tally.ts';
import { learn, type Truth } from './truth.ts';

/** Hears everything that is told in a series: checks it, counts it, and keeps what explains a violation. */
export class Witness {
  readonly violations: string[] = [];
  tally: Tally = emptyTally;
  /** From the report before the last kill on. */
  notes: Note[] = [];
  readonly #pageMayLive: boolean;
  #truth: Truth = new Map();
  /** The one that reported last. */
  #page: string | undefined;

  constructor(pageMayLive: boolean) {
    this.#pageMayLive = pageMayLive;
  }

  hear(note: Note): void {
    this.violations.push(...violationsOf(this.#truth, note));
    if (note.type === 'report') this.#seePage(note.page);
    this.tally = count(this.tally, this.#truth, note);
    this.#truth = learn(this.#truth, note);
    this.notes.push(note);
  }

  /** A kill that kills nothing would prove nothing. */
  #seePage(page: string): void {
    if (page === this.#page && !this.#pageMayLive) this.violations.push('the page was to die, and did not');
    this.#page = page;
  }

  killed(): void {
    this.tally = { ...this.tally, kills: this.tally.kills + 1 };
    this.notes = this.notes.slice(
      Math.max(
        0,
        this.notes.findLastIndex(({ type }) => type === 'report'),
      ),
    );
  }
}
