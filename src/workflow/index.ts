export { WorkflowError } from '../errors/kernel-error.ts';
export { type Failure, NonRetryableError } from './failure.ts';
export { type EventToSend, type InboxEvent, sendEvent } from './inbox.ts';
export type { JournalEvent, StepKind, StepState } from './journal.ts';
export { openWorkflow } from './open-workflow.ts';
export type { DoOptions, ReceivedEvent, RetryOptions, Step, StepContext, WaitOptions } from './step.ts';
export type { WorkflowState, WorkflowStatus } from './view.ts';
export type { Workflow, WorkflowContext, WorkflowOptions } from './workflow.ts';
export {
  deleteWorkflow,
  type FollowedWorkflow,
  type FollowWorkflowOptions,
  followWorkflow,
  type ListedWorkflow,
  listWorkflows,
} from './workflows.ts';
