export type { IndexedDbOptions } from './backends/indexeddb/database.ts';
export { IndexedDbEventStore } from './backends/indexeddb/event-store.ts';
export { IndexedDbSnapshotStore } from './backends/indexeddb/snapshot-store.ts';
export { InMemoryEventStore } from './backends/memory/event-store.ts';
export { InMemorySnapshotStore } from './backends/memory/snapshot-store.ts';
export { openStores, type Stores } from './backends/open-stores.ts';
export type { AppendOptions, EventStore, Head, LogPage, SequencedEvent } from './contracts/event-store.ts';
export type { SaveOptions, Snapshot, SnapshotStore } from './contracts/snapshot-store.ts';
export type { LogId, RunId, Seq } from './contracts/words.ts';
export {
  type ErrorCode,
  type ErrorContext,
  EventStoreError,
  KernelError,
  RunError,
  SnapshotStoreError,
} from './errors/kernel-error.ts';
export {
  type IgnoredSnapshot,
  type RecoverOptions,
  type Recovery,
  type Reducer,
  recover,
} from './recovery/recover.ts';
export { destroy } from './run/destroy.ts';
export { type FollowedRun, type FollowOptions, followRun } from './run/follow-run.ts';
export { openRun } from './run/open-run.ts';
export type { Run, RunOptions, RunStores } from './run/run.ts';
