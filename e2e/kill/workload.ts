import { type Plan, Random } from './protocol.ts';

/** What is done between two kills, and when the kill comes. */
export interface Workload {
  /** One for each page. */
  plansOf(seed: number, round: number): readonly Plan[];
  momentOf(seed: number, round: number): Moment;
}

/** When the kill comes: so long after something was told for so many times, by whichever page. */
export interface Moment {
  readonly signal: 'start' | 'report' | 'appended' | 'compacting';
  readonly times: number;
  readonly milliseconds: number;
}

/** So many numbers are free for the events of one job. */
export const NUMBERS = 1_000_000;

const RUN_IDS = ['left', 'right'] as const;

/** One page or Service Worker, that writes one of two runs at a time and reports on both. */
export const alone: Workload = {
  plansOf(seed, round) {
    const random = new Random(seed, round, 1);
    const runId = random.oneOf(...RUN_IDS);
    const durability = random.oneOf('strict', 'relaxed');
    const discard = random.chance(0.15);
    const heavy = random.chance(0.4);
    const compacts = random.chance(0.6);
    const first = round * NUMBERS;
    const sizes = { largestBatch: 50, bursts: 0.4, largestBurst: 30 };
    const job = { runId, first, through: 'stores and run', discard, heavy, compacts, ...sizes } as const;
    return [{ seed, round, durability, runIds: RUN_IDS, jobs: [job] }];
  },

  momentOf(seed, round) {
    const random = new Random(seed, round, 2);
    const [plan] = alone.plansOf(seed, round);
    if (plan?.jobs[0]?.compacts && random.chance(0.5)) {
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
