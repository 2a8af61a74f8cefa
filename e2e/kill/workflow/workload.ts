import { Random } from '../protocol.ts';
import type { Moment, Workload } from '../workload.ts';
import { Ledger, type WorkflowTally } from './ledger.ts';
import type { WorkflowNote, WorkflowPlan } from './protocol.ts';

/** One workflow of 50 steps after the other, each killed wherever the kill comes. */
export const workflows: Workload<WorkflowNote, WorkflowTally> = {
  page: 'workflow/page.ts',
  last: 'ended',
  watch: (options) => new Ledger(options),
  plansOf: (seed, round): WorkflowPlan[] => [{ seed, round }],

  momentOf(seed, round) {
    const random = new Random(seed, round, 2);
    return random.oneOf<Moment>(
      // While it is opened.
      { signal: 'start', times: 1, milliseconds: random.integer(0, 150) },
      // In the midst of a request.
      { signal: 'called slowly', times: random.integer(1, 4), milliseconds: random.integer(0, 100) },
      // Between a call and the record of its outcome, or thereabouts.
      { signal: 'called', times: random.integer(1, 40), milliseconds: random.integer(0, 40) },
      // When an outcome has just been recorded.
      { signal: 'recorded', times: random.integer(1, 40), milliseconds: random.integer(0, 10) },
    );
  },
};
