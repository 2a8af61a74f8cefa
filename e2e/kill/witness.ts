import { linesOf } from './account.ts';
import { violationsOf } from './checker.ts';
import type { Note } from './protocol.ts';
import { count, emptyTally, type Tally } from './tally.ts';
import { learn, settled, type Truth, unfolded } from './truth.ts';

/** Hears everything that is told in a series: checks it, counts it, and keeps what explains a violation. */
export class Witness {
  readonly violations: string[] = [];
  tally: Tally = emptyTally;
  /** From the first report before the last kill on. */
  notes: Note[] = [];
  readonly #pageMayLive: boolean;
  #truth: Truth = new Map();
  /** All that have reported since the last kill, and before. */
  readonly #alive = new Set<string>();
  readonly #killed = new Set<string>();
  /** How many of the notes are from before the last kill. */
  #before = 0;

  constructor(pageMayLive: boolean) {
    this.#pageMayLive = pageMayLive;
  }

  hear(told: Note): void {
    if (told.type === 'report') this.#truth = settled(this.#truth, told.runs);
    const note =
      told.type === 'report'
        ? { ...told, runs: told.runs.map((found) => unfolded(this.#truth, found)) }
        : told;
    this.violations.push(...violationsOf(this.#truth, note));
    if (note.type === 'report') this.#seePage(note.page);
    this.tally = count(this.tally, this.#truth, note);
    this.#truth = learn(this.#truth, note);
    this.notes.push(note);
  }

  /** A kill that kills nothing would prove nothing. */
  #seePage(page: string): void {
    if (this.#killed.has(page) && !this.#pageMayLive)
      this.violations.push('the page was to die, and did not');
    this.#alive.add(page);
  }

  get told(): string[] {
    return this.notes.flatMap(linesOf);
  }

  killed(): void {
    this.tally = { ...this.tally, kills: this.tally.kills + 1 };
    for (const page of this.#alive) this.#killed.add(page);
    this.#alive.clear();
    const report = this.notes.findIndex(({ type }, index) => type === 'report' && index >= this.#before);
    // Where it was killed before it could report, what was told before explains what is found next.
    if (report > 0) this.notes = this.notes.slice(report);
    this.#before = this.notes.length;
  }
}
