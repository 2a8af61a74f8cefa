import { useMemo, useRef, useSyncExternalStore } from 'react';
import { type FollowedRun, type FollowOptions, followRun } from '../run/follow-run.ts';
import { type Life, newLife, OPENING, type Opening, type View } from '../run/life.ts';
import { type RunView, runLife, type WatchedRunOptions } from '../run/run-life.ts';
import { openWorkflow } from '../workflow/open-workflow.ts';
import type { WorkflowState } from '../workflow/view.ts';
import type { Workflow, WorkflowOptions } from '../workflow/workflow.ts';

/** A follower is open. */
export interface OpenFollowedRun<S, E> {
  readonly status: 'open';
  /** The follower. */
  readonly run: FollowedRun<S, E>;
  /** The state after the last durable event that it has read. */
  readonly state: S;
}

/** How far a follower is. It never waits. */
export type FollowedRunView<S, E> = View<OpenFollowedRun<S, E>, S>;

/** A workflow is open: this tab executes it, or it has ended. */
export interface OpenWorkflow<R> {
  readonly status: 'open';
  /** The workflow. */
  readonly workflow: Workflow<R>;
  /** The workflow as its journal says: its own status, its steps, and how it ended. */
  readonly state: WorkflowState;
}

/** How far a workflow is. */
export type WorkflowView<R> = View<OpenWorkflow<R>, WorkflowState>;

/** What {@link useWorkflow} needs to know. */
export type UseWorkflowOptions<I, R> = Omit<WorkflowOptions<I, R>, 'signal' | 'onWait'>;

/**
 * Opens a run when the component has mounted, and closes it when it unmounts; see {@link openRun}. It renders again after
 * each change of the view or the state.
 *
 * Another `runId`, `stores` or `ifOwned` closes the run and opens anew. Everything else is read when it is opened, so it
 * need not be the same object each time.
 *
 * On a server, and in a browser's first rendering, it is `opening`. Never throws: a failure is `closed`, with the error.
 *
 * @example
 * const view = useRun({ runId, ...importRun });
 * if (view.status === 'open') return <Progress state={view.state} append={view.run.append} />;
 */
export function useRun<S, E>(options: WatchedRunOptions<S, E>): RunView<S, E> {
  return useLife(options, runLife);
}

/**
 * Follows a run that somebody else owns while the component is mounted; see {@link followRun}. The view is `closed` if
 * it could not be opened.
 *
 * @example
 * const view = useFollowedRun({ runId, ...importRun });
 */
export function useFollowedRun<S, E>(options: FollowOptions<S, E>): FollowedRunView<S, E> {
  return useLife(options, followedLife);
}

/**
 * Executes a workflow while the component is mounted; see {@link openWorkflow}. It stays `open` when it has ended. If it
 * was taken by another tab, or cannot go on here, it is `closed`.
 *
 * @example
 * const view = useWorkflow({ runId, input, run: upload });
 * if (view.status === 'open') return <Steps steps={view.state.steps} onCancel={view.workflow.cancel} />;
 */
export function useWorkflow<I, R>(options: UseWorkflowOptions<I, R>): WorkflowView<R> {
  return useLife(options, workflowLife);
}

const followedLife = <S, E>(options: FollowOptions<S, E>): Life<OpenFollowedRun<S, E>, S> =>
  newLife({
    runId: options.runId,
    open: () => followRun(options),
    show: (run, state) => ({ status: 'open', run, state }),
  });

const workflowLife = <I, R>(options: UseWorkflowOptions<I, R>): Life<OpenWorkflow<R>, WorkflowState> =>
  newLife({
    runId: options.runId,
    open: (how) => openWorkflow({ ...options, ...how }),
    show: (workflow, state) => ({ status: 'open', workflow, state }),
    ended: (workflow) =>
      new Promise((resolve) => {
        // A body's own result, failure or cancellation is in the state, and the workflow stays in view.
        workflow.result.catch((error) => workflow.status === 'stopped' && resolve(error));
      }),
  });

interface Place {
  readonly runId: string;
  readonly stores?: object | undefined;
  readonly ifOwned?: string | undefined;
}

function useLife<O extends Place, Open, S>(
  options: O,
  newLifeOf: (options: O) => Life<Open, S>,
): View<Open, S> {
  const { runId, stores, ifOwned } = options;
  const made = useRef<{ readonly options: O; readonly life: Life<Open, S> }>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what else may differ at each rendering.
  const life = useMemo(() => {
    // Fast Refresh comes here whatever the dependencies. What is open stays, unless its definition has changed too.
    if (!made.current || !isSame(made.current.options, options))
      made.current = { options, life: newLifeOf(options) };
    return made.current.life;
  }, [runId, stores, ifOwned]);
  return useSyncExternalStore(life.subscribe, life.getView, onServer);
}

const onServer = (): Opening => OPENING;

const isSame = <O extends object>(one: O, other: O): boolean =>
  Object.entries({ ...one, ...other }).every(
    ([name, value]) => Object.is(value, Object(one)[name]) && name in other,
  );
