import { type Note, type Plan, Random } from './protocol.ts';
import type { Tally } from './tally.ts';
import { Witness } from './witness.ts';

/** What is done between two kills, when the kill comes, and who checks what is told. */
export interface Workload<N extends Told = Note, T = Tally> {
  /** The script of its page, beside this file. */
  readonly page: string;
  /** What is waited for after the last kill, from each page. */
  readonly last: string;
  /** One for each page. */
  plansOf(seed: number, round: number): readonly object[];
  momentOf(seed: number, round: number): Moment;
  watch(options: WatchOptions): Watch<N, T>;
}

/** What a page tells, or a signal. */
export interface Told {
  readonly type: string;
}

export interface WatchOptions {
  readonly seed: number;
  /** The page may live on when something else is killed. */
  readonly mayLive: boolean;
  /** Tells something that a kill can wait for, beside the notes. */
  readonly signal: (name: string) => void;
}

/** Hears everything that is told in a series, and checks it. */
export interface Watch<N extends Told, T> {
  readonly violations: string[];
  readonly tally: T;
  /** What explains a violation, in lines. */
  readonly told: readonly string[];
  hear(note: N): void;
  killed(): void;
  /** What else the page asks for; `undefined` gives 404. */
  answer?(path: string, search: URLSearchParams): Promise<string | undefined>;
}

/** When the kill comes: so long after something was told for so many times, by whichever page. */
export interface Moment {
  readonly signal: string;
  readonly times: number;
  readonly milliseconds: number;
}

/** So many numbers are free for the events of one job. */
export const NUMBERS = 1_000_000;

const WRITTEN = ['left', 'right'] as const;
const COPY = 'copy';
const RUN_IDS = [...WRITTEN, COPY];

/** Of the one page. */
function planOf(seed: number, round: number): Plan {
  const random = new Random(seed, round, 1);
  const runId = random.oneOf(...WRITTEN);
  const durability = random.oneOf('strict', 'relaxed');
  const discard = random.chance(0.15);
  const heavy = random.chance(0.4);
  const compacts = random.chance(0.6);
  const copies = random.chance(0.5);
  const first = round * NUMBERS;
  const sizes = { largestBatch: 50, bursts: 0.4, largestBurst: 30 };
  const job = { runId, first, through: 'stores and run', discard, heavy, compacts, ...sizes } as const;
  const jobs = [{ ...job, ...(copies && { copy: { runId: COPY, first: first + NUMBERS / 2 } }) }];
  return { seed, round, durability, runIds: RUN_IDS, jobs };
}

/**
 * One page or Service Worker, that writes one of two runs at a time, gives its log to a third one now and then, and reports
 * on all of them.
 */
export const alone: Workload = {
  page: 'page.ts',
  last: 'report',
  watch: ({ mayLive }) => new Witness(mayLive),
  plansOf: (seed, round) => [planOf(seed, round)],

  momentOf(seed, round) {
    const random = new Random(seed, round, 2);
    const [job] = planOf(seed, round).jobs;
    if (job?.copy && random.chance(0.6)) {
      return random.oneOf<Moment>(
        { signal: 'copying', times: random.integer(1, 4), milliseconds: random.integer(0, 30) },
        { signal: 'copied', times: random.integer(1, 4), milliseconds: 0 },
      );
    }
    if (job?.compacts && random.chance(0.5)) {
      return { signal: 'compacting', times: random.integer(1, 4), milliseconds: random.integer(0, 10) };
    }
    return random.oneOf<Moment>(
      // In its recovery.
      { signal: 'start', times: 1, milliseconds: random.integer(0, 150) },
      { signal: 'appended', times: 1, milliseconds: random.integer(20, 800) },
      { signal: 'appended', times: 1, milliseconds: random.integer(20, 800) },
      // At once when something was acknowledged.
      { signal: 'appended', times: random.integer(1, 60), milliseconds: 0 },
      { signal: 'appended', times: random.integer(1, 60), milliseconds: 0 },
    );
  },
};
