import type { Failure } from './failure.ts';
import type { JournalState, StepState } from './journal.ts';

/**
 * Where a workflow is.
 *
 * - `missing`: there is none, or nothing of it was recorded yet.
 * - `running`: a step runs, ran when the last owner went away, or the body is between two steps.
 * - `waiting`: it only sleeps, waits for events, or waits for the next attempt of a step.
 * - `completed`, `failed`, `cancelled`: it has ended.
 */
export type WorkflowStatus = 'missing' | 'running' | 'waiting' | 'completed' | 'failed' | 'cancelled';

/** A workflow as its journal says. */
export interface WorkflowState {
  readonly status: WorkflowStatus;
  /** When it began, or began anew by `step.restart`. */
  readonly since?: number;
  /** The version of the application's code then. */
  readonly version?: number;
  /** If it is waiting: when it goes on by itself. Without it, it waits for an event alone. */
  readonly wakesAt?: number;
  /** The steps since it began, in the order of their starts. */
  readonly steps: readonly StepState[];
  /** What it has completed with. Do not change it. */
  readonly result?: unknown;
  /** What it has failed with, or was cancelled with. */
  readonly error?: Failure;
}

const views = new WeakMap<JournalState, WorkflowState>();

/** The same view for the same state. */
export function viewOf(journal: JournalState): WorkflowState {
  const view = views.get(journal) ?? newView(journal);
  views.set(journal, view);
  return view;
}

function newView({ begun, settled, open, end }: JournalState): WorkflowState {
  const steps = [...settled.flat(), ...open].sort((one, other) => one.seq - other.seq);
  if (!begun) return { status: 'missing', steps };
  const view = { since: begun.at, version: begun.version, steps };
  if (end?.type === 'workflow-completed') return { ...view, status: 'completed', result: end.result };
  if (end)
    return { ...view, status: end.type === 'workflow-failed' ? 'failed' : 'cancelled', error: end.error };
  if (open.length === 0 || open.some(({ status }) => status === 'running'))
    return { ...view, status: 'running' };
  const wakesAt = Math.min(...open.map((step) => step.wakesAt ?? Number.POSITIVE_INFINITY));
  return { ...view, status: 'waiting', ...(Number.isFinite(wakesAt) && { wakesAt }) };
}
