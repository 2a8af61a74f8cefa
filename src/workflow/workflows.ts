import { openStores } from '../backends/open-stores.ts';
import type { EventStore } from '../contracts/event-store.ts';
import type { RunId } from '../contracts/words.ts';
import { WorkflowError } from '../errors/kernel-error.ts';
import { withContext } from '../errors/reason.ts';
import { object } from '../errors/rules.ts';
import { recover } from '../recovery/recover.ts';
import { type FollowedRun, followRun } from '../run/follow-run.ts';
import type { CommonOptions, RunStores } from '../run/run.ts';
import { deleteRun, listRuns, placeRules, type RunOwner, type RunPlace } from '../run/runs.ts';
import { inboxOf } from './inbox.ts';
import { anyJournal, type JournalEvent, type JournalState } from './journal.ts';
import { viewOf, type WorkflowState } from './view.ts';

// What can be asked and done about workflows without opening them.

/** A workflow that is stored. */
export interface ListedWorkflow extends Pick<WorkflowState, 'status' | 'since' | 'version' | 'wakesAt'> {
  /** The workflow's name. */
  readonly runId: RunId;
  /** Who owned it when it was listed. */
  readonly owner: RunOwner;
}

/**
 * The workflows that are stored, in no particular order: the status of each, since when it runs, and when it goes on by
 * itself. It reads the journal of each.
 *
 * Rejects as {@link openStores} and the stores do.
 *
 * @example
 * for (const { runId, owner, wakesAt = Number.POSITIVE_INFINITY } of await listWorkflows())
 *   if (owner === 'nobody' && wakesAt <= Date.now()) goOnWith(runId);
 */
export function listWorkflows(options: Pick<RunPlace, 'stores'> = {}): Promise<ListedWorkflow[]> {
  return withContext(WorkflowError, 'listWorkflows', undefined, async () => {
    object({ stores: placeRules.stores })('options', options);
    const stores = journalStores(options.stores ?? (await openStores()));
    const runs = await listRuns({ stores });
    const listed = runs.map(async ({ runId, owner }): Promise<ListedWorkflow[]> => {
      if (!(await isJournal(stores.events, runId))) return [];
      const { state } = await recover({ runId, stores, ...anyJournal });
      const { steps: _, result: __, error: ___, ...view } = viewOf(state);
      return [{ runId, owner, ...view }];
    });
    return (await Promise.all(listed)).flat();
  });
}

/** Whether the run's log begins as a journal does, or with a base that is the state of one. */
async function isJournal(store: EventStore<unknown>, runId: RunId): Promise<boolean> {
  const base = await store.base(runId);
  if (base) return typeof Object(Object(base.state).begun).id === 'string';
  const { events } = await store.scan(runId, 1, 1);
  return /^workflow-/.test(Object(events[0]?.event).type);
}

/**
 * Deletes a workflow: what was sent to it, and its journal. Takes it from its owner, whose `result` rejects with
 * `conflict`. It is safe to repeat: after a crash midway, the next call deletes the rest.
 *
 * Rejects as {@link openStores} and the stores do.
 */
export function deleteWorkflow(place: RunPlace): Promise<void> {
  return withContext(WorkflowError, 'deleteWorkflow', place?.runId, async () => {
    object(placeRules)('options', place);
    const stores = place.stores ?? (await openStores());
    // In this order: what is left over of a workflow must not reach another one of its name.
    await deleteRun({ runId: inboxOf(place.runId), stores });
    await deleteRun({ runId: place.runId, stores });
  });
}

/** What {@link followWorkflow} needs to know. */
export interface FollowWorkflowOptions extends RunPlace, Pick<CommonOptions<unknown, unknown>, 'onError'> {}

/** A workflow that somebody else owns, or nobody, as its journal says. All methods are bound. */
export interface FollowedWorkflow
  extends Pick<FollowedRun<WorkflowState>, 'runId' | 'getState' | 'subscribe' | 'refresh' | 'close'>,
    AsyncDisposable {}

/**
 * Follows a workflow without owning it, in any number of tabs, as {@link followRun} does a run: its status, and each
 * step with its attempts, times and outcome. The status is `missing` until it begins. The follower needs no body, and no
 * version: it reads what any version of the application has written.
 *
 * Rejects as {@link followRun} does.
 *
 * @example
 * const flow = await followWorkflow({ runId: 'import-7' });
 * flow.subscribe(() => console.log(flow.getState().status));
 */
export async function followWorkflow(options: FollowWorkflowOptions): Promise<FollowedWorkflow> {
  await withContext(WorkflowError, 'followWorkflow', options?.runId, () =>
    object(placeRules)('options', options),
  );
  const stores = journalStores(options.stores ?? (await openStores()));
  const { runId, onError } = options;
  const run = await followRun<JournalState, JournalEvent>({ runId, onError, stores, ...anyJournal });
  const { subscribe, refresh, close } = run;
  const getState = () => viewOf(run.state);
  return { runId, getState, subscribe, refresh, close, [Symbol.asyncDispose]: close };
}

// What else they hold is told apart before anything is read as a journal.
const journalStores = (stores: RunStores<unknown, unknown>) =>
  stores as RunStores<JournalState, JournalEvent>;
