import { type Job, type Plan, Random } from './protocol.ts';
import { alone, type Moment, NUMBERS, type Workload } from './workload.ts';

/** Each of them writes this many runs at the same time. */
const PAGES = 4;
const RUNS_OF_A_PAGE = 2;

/**
 * Three tabs and a Service Worker, each with runs of its own in the one database: half of the runs save a large
 * state after every append, the others append small events in long bursts. A run goes to another page each round.
 */
export const crowd: Workload = {
  ...alone,
  plansOf(seed, round) {
    const random = new Random(seed, round, 1);
    return Array.from({ length: PAGES }, (_, page): Plan => {
      const jobs = Array.from({ length: RUNS_OF_A_PAGE }, (_, index): Job => {
        const place = page * RUNS_OF_A_PAGE + index;
        const runs = PAGES * RUNS_OF_A_PAGE;
        const job = {
          runId: `crowd-${(place + round) % runs}`,
          first: (round * runs + place) * NUMBERS,
          through: 'run',
          discard: random.chance(0.1),
          heavy: false,
          compacts: random.chance(0.5),
          bursts: 0.8,
        } as const;
        return random.chance(0.5)
          ? {
              ...job,
              ballast: random.integer(20_000, 150_000),
              largestBatch: 3,
              largestBurst: 50,
              oneByOne: true,
            }
          : { ...job, largestBatch: 5, largestBurst: 200 };
      });
      const runIds = jobs.map(({ runId }) => runId);
      return { seed, round, durability: random.oneOf('strict', 'relaxed'), runIds, jobs };
    });
  },

  momentOf(seed, round) {
    const random = new Random(seed, round, 2);
    return random.oneOf<Moment>(
      // Some recover while others write.
      { signal: 'start', times: random.integer(1, PAGES), milliseconds: random.integer(0, 300) },
      { signal: 'report', times: PAGES, milliseconds: random.integer(20, 2_000) },
      { signal: 'report', times: PAGES, milliseconds: random.integer(20, 2_000) },
      { signal: 'report', times: PAGES, milliseconds: random.integer(20, 2_000) },
      // At once when something was acknowledged.
      { signal: 'appended', times: random.integer(1, 500), milliseconds: 0 },
    );
  },
};
