export type { Closed, Opening, View, Waiting } from '../run/life.ts';
export type { OpenRun, RunView, WatchedRunOptions } from '../run/run-life.ts';
export {
  type FollowedRunView,
  type OpenFollowedRun,
  type OpenWorkflow,
  type UseWorkflowOptions,
  useFollowedRun,
  useRun,
  useWorkflow,
  type WorkflowView,
} from './hooks.ts';
