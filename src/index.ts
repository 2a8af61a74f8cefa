export { destroy } from './destroy.ts';
export {
  type ErrorCode,
  type ErrorContext,
  EventStoreError,
  KernelError,
  RunError,
  SnapshotStoreError,
} from './errors.ts';
export type { AppendOptions, EventStore, SequencedEvent } from './event-store.ts';
export { type FollowedRun, type FollowOptions, followRun } from './follow-run.ts';
export type { IndexedDbOptions } from './indexeddb/database.ts';
export { IndexedDbEventStore } from './indexeddb/event-store.ts';
export { IndexedDbSnapshotStore } from './indexeddb/snapshot-store.ts';
export { InMemoryEventStore } from './memory/event-store.ts';
export { InMemorySnapshotStore } from './memory/snapshot-store.ts';
export { openRun } from './open-run.ts';
export { openStores, type Stores } from './open-stores.ts';
export {
  type IgnoredSnapshot,
  type RecoverOptions,
  type Recovery,
  type Reducer,
  recover,
} from './recover.ts';
export type { Run, RunOptions, RunStores } from './run.ts';
export type { RunId, Seq, Snapshot, SnapshotStore } from './snapshot-store.ts';
