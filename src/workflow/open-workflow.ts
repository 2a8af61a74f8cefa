import type { Seq } from '../contracts/words.ts';
import { WorkflowError } from '../errors/kernel-error.ts';
import { withContext } from '../errors/reason.ts';
import type { Recovery } from '../recovery/recover.ts';
import { openRun, storesFor } from '../run/open-run.ts';
import type { RunStores } from '../run/run.ts';
import { captureToStore } from './capture-to-store.ts';
import { emptyJournal, type JournalEvent, type JournalState, reduceJournal, sameState } from './journal.ts';
import { LiveWorkflow } from './live-workflow.ts';
import { checkWorkflowOptions, type Workflow, type WorkflowOptions } from './workflow.ts';

/**
 * Begins a workflow, or goes on with it where it stopped: waits until nobody else owns it, calls its body, and executes
 * the steps whose outcome is not recorded. Resolves when the workflow has begun and that is durable. The journal is an
 * ordinary run's log, under the workflow's own `runId`: ownership, the fence, versions and `upcast` are those of
 * {@link openRun}.
 *
 * If the code does not fit the journal, `result` rejects with `non-deterministic`, and nothing was appended.
 *
 * Rejects with `not-cloneable` if the `input` cannot be stored, and as {@link openRun} does.
 *
 * @example
 * const flow = await openWorkflow({
 *   runId: 'import-7',
 *   input: ['a.png', 'b.png'],
 *   async run({ input }, step) {
 *     for (const file of input) await step.do('upload', ({ signal }) => upload(file, { signal }));
 *     await step.sleep('settle', 60_000);
 *     return input.length;
 *   },
 * });
 * const count = await flow.result;
 */
export async function openWorkflow<I, R>(options: WorkflowOptions<I, R>): Promise<Workflow<R>> {
  const input = await withContext(WorkflowError, 'openWorkflow', options?.runId, () => {
    checkWorkflowOptions(options);
    return captureToStore(options.input, 'input');
  });
  const stores = await storesFor<unknown, unknown>(options);
  const { journalStores, opened } = sparing(stores);
  const journal = await openRun<JournalState, JournalEvent>({
    ...options,
    stores: journalStores,
    initialState: emptyJournal,
    reduce: reduceJournal,
    migrate: options.upcast ? undefined : sameState,
  });
  opened(journal.recovery);
  const flow = new LiveWorkflow(options, stores, journal);
  await flow.start(input);
  return flow;
}

/**
 * The stores, with their own rule for when to save a journal's snapshot. It holds every outcome, so one is saved only if
 * the tail has become as long as what the last one holds: all that is ever written stays proportional to the log. And
 * only if this owner has appended: code that does not fit the journal must not lock out the code that does.
 */
function sparing(stores: RunStores<unknown, unknown>): {
  journalStores: RunStores<JournalState, JournalEvent>;
  opened: (recovery: Recovery<JournalState>) => void;
} {
  // Under a workflow's runId they hold a journal: `reduceJournal` refuses everything else.
  const typed = stores as RunStores<JournalState, JournalEvent>;
  const { snapshots } = typed;
  let openedAt = Number.POSITIVE_INFINITY;
  let saved: Seq = 0;
  return {
    journalStores: {
      ...typed,
      snapshots: {
        async save(snapshot, options) {
          const { atSeq, state } = snapshot;
          const held = atSeq - (state.begun?.seq ?? 0);
          if (atSeq <= openedAt || 2 * (atSeq - saved) < held) return;
          await snapshots.save(snapshot, options);
          saved = atSeq;
        },
        loadLatest: (runId) => snapshots.loadLatest(runId),
        delete: (runId) => snapshots.delete(runId),
        runIds: () => snapshots.runIds(),
      },
    },
    opened({ seq, snapshotSeq }) {
      openedAt = seq;
      saved = snapshotSeq;
    },
  };
}
