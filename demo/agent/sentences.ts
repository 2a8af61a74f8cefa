import type { StepState, WorkflowState } from 'rewake/workflow';
import { textOf } from './timeline.ts';

// Everything the page says that depends on where the agent is.

export const BEGIN = 'An agent that books a train for you, and asks you before it pays.';
export const NOT_STORED =
  'This browser does not let the page store anything here, so the agent would not survive a crash.';
export const RECOVERING = 'Recovering…';
export const RECOVERING_HINT = 'If another tab is faster, this one waits until that is gone.';
export const FOLLOWING = [
  'Another tab executes the agent.',
  'This tab follows it, and goes on when that one is gone.',
] as const;
export const RECOVER_HINT = 'Press Recover, or reload, or close this tab and come back.';
export const OVER_HINT = 'Every record stays until you start again.';

export function isUnfinished({ status }: WorkflowState): boolean {
  return status === 'running' || status === 'waiting';
}

export function isOver(state: WorkflowState): boolean {
  return state.status !== 'missing' && !isUnfinished(state);
}

export function isRecorded({ status }: StepState): boolean {
  return status === 'succeeded' || status === 'failed';
}

/** The agent does one step after the other. */
function openStep({ steps }: WorkflowState): StepState | undefined {
  return steps.find((step) => !isRecorded(step));
}

/** Whether it waits for the visitor. */
export function asks(state: WorkflowState): boolean {
  return openStep(state)?.kind === 'wait';
}

export const crashed = (state: WorkflowState): string =>
  `Crashed ${placeOf(state)}: the Worker was ended without a warning.`;

export function wokeUp(state: WorkflowState): string {
  const recorded = state.steps.filter(isRecorded).length;
  return (
    `Woke up ${placeOf(state)}: ` +
    `${recorded} recorded ${recorded === 1 ? 'step is' : 'steps are'} not executed again.`
  );
}

function placeOf(state: WorkflowState): string {
  const step = openStep(state);
  return step ? `in ${step.key}` : 'between two steps';
}

/** A sentence and a hint. */
export function atWork(state: WorkflowState): [string, string] {
  const step = openStep(state);
  if (!step) return ['The agent begins its next step.', 'Crash it: press Crash, or reload.'];
  if (step.kind === 'wait') {
    const { text } = Object(state.steps.findLast(({ kind }) => kind === 'do')?.result);
    return [`The agent asks: ${text}`, 'It waits as long as it takes. Crash it, or come back tomorrow.'];
  }
  if (step.status === 'waiting')
    return [
      `${step.key} has failed, and is tried again.`,
      'The time of the next attempt is stored: a crash does not begin the wait anew.',
    ];
  return [`The agent is at ${step.key}.`, 'Crash it: press Crash, reload, or kill the tab.'];
}

export function finished({ status, result, error }: WorkflowState): string {
  if (status === 'completed') return `Finished. ${String(result)}`;
  return `The agent failed: ${error ? textOf(error) : status}`;
}
