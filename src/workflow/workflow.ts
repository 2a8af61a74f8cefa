// For `AsyncDisposable`, whatever `lib` the user of these types has chosen.
/// <reference lib="esnext.disposable" preserve="true" />

import type { RunId } from '../contracts/words.ts';
import { method, object, type Rule } from '../errors/rules.ts';
import { type RunOptions, runRules } from '../run/run.ts';
import type { RunPlace } from '../run/runs.ts';
import type { JournalEvent } from './journal.ts';
import type { Step } from './step.ts';
import type { WorkflowState, WorkflowStatus } from './view.ts';

type PassedOn = 'version' | 'upcast' | 'onError' | 'ifOwned' | 'onWait' | 'requireDurable';

/** What {@link openWorkflow} needs to know; what is not described here is as in {@link RunOptions}. */
export interface WorkflowOptions<I, R> extends RunPlace, Pick<RunOptions<unknown, JournalEvent>, PassedOn> {
  /**
   * The body: code that is called anew at each opening, and goes on where it stopped. It must call the same steps each
   * time: whatever can differ (the time, random numbers, requests, what is stored elsewhere) belongs into a step.
   * `version` is the one with which this workflow began.
   */
  readonly run: (context: WorkflowContext<I>, step: Step) => Promise<R> | R;
  /** What the body gets. Stored when the workflow begins; later, what is stored counts. */
  readonly input?: I | undefined;
  /** Stops it as `close` does; `openWorkflow` or `result` rejects with `aborted`, and the reason as the `cause`. */
  readonly signal?: AbortSignal | undefined;
}

/** What a workflow's body gets. */
export interface WorkflowContext<I> {
  /** What the workflow began with. It is this execution's own: changing it changes nothing stored. */
  readonly input: I;
  /** The `version` of the code with which the workflow, or its last `step.restart`, began. */
  readonly version: number;
}

const { reduce: _, ...rulesOfAnyRun } = runRules;
const workflowRules: Record<Exclude<keyof WorkflowOptions<unknown, unknown>, 'input'>, Rule> = {
  ...rulesOfAnyRun,
  run: method,
};

export const checkWorkflowOptions: (options: unknown) => void = (options) =>
  object(workflowRules)('options', options);

/** A workflow that this object owns and executes. All methods are bound. */
export interface Workflow<R> extends AsyncDisposable {
  /** The workflow's name, and that of the run that is its journal. */
  readonly runId: RunId;
  /**
   * What the body returned, as soon as that is durable. Rejects with a {@link WorkflowError}: `failed` (the `cause` is
   * what the body threw), `cancelled` (the `cause` is the reason) and `non-deterministic`; and, if this object has
   * stopped and the workflow goes on later, `closed`, `aborted`, `conflict` (somebody else has taken it) or what else
   * its run has ended with.
   */
  readonly result: Promise<R>;
  /** Where the workflow is, or `stopped` if this object executes it no more; then `result` says why. */
  readonly status: WorkflowStatus | 'stopped';
  /** As in {@link WorkflowState}. */
  readonly wakesAt: number | undefined;
  /** The workflow as its journal says; the same reference until it changes. */
  readonly getState: () => WorkflowState;
  /** Calls `listener` after every change, and when this object stops. Returns what ends that. */
  readonly subscribe: (listener: () => void) => () => void;
  /**
   * Ends the workflow for good, and resolves when that is durable: the `signal` of each running step is aborted, no
   * outcome is recorded any more, and the body goes no further, not even into its `finally`. A workflow that has ended
   * stays as it is. Rejects with what this object has stopped with.
   */
  readonly cancel: (reason?: unknown) => Promise<void>;
  /**
   * Stops the execution here and lets go of the workflow, which goes on when it is opened again. The `signal` of each
   * running step is aborted and its outcome is not recorded; the body goes no further. Never rejects.
   */
  readonly close: () => Promise<void>;
}
