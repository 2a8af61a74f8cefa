export type { IndexedDbOptions } from './backends/indexeddb/database.ts';
export { IndexedDbEventStore } from './backends/indexeddb/event-store.ts';
export { IndexedDbSnapshotStore } from './backends/indexeddb/snapshot-store.ts';
export { InMemoryEventStore } from './backends/memory/event-store.ts';
export { InMemorySnapshotStore } from './backends/memory/snapshot-store.ts';
export {
  type IndexedDbStores,
  type InMemoryStores,
  openStores,
  type Stores,
} from './backends/open-stores.ts';
export type { Codec, CodecContext } from './contracts/codec.ts';
export type {
  AppendOptions,
  Base,
  EventStore,
  Head,
  LogPage,
  LogWatcher,
  SequencedEvent,
} from './contracts/event-store.ts';
export type { SaveOptions, Snapshot, SnapshotStore } from './contracts/snapshot-store.ts';
export type { LogId, RunId, Seq } from './contracts/words.ts';
export {
  type AnyKernelError,
  type ErrorCode,
  type ErrorContext,
  EventStoreError,
  isKernelError,
  KernelError,
  RunError,
  SnapshotStoreError,
} from './errors/kernel-error.ts';
export { type Reducer, type RunDefinition, type StandardSchema, validated } from './recovery/definition.ts';
export { type IgnoredSnapshot, type RecoverOptions, type Recovery, recover } from './recovery/recover.ts';
export { deleteDatabase } from './run/delete-database.ts';
export { type FollowedRun, type FollowOptions, followRun } from './run/follow-run.ts';
export { openRun } from './run/open-run.ts';
export type { IfOwned, Run, RunOptions, RunStatus, RunStores } from './run/run.ts';
export { deleteRun, type ListedRun, listRuns, ownerOf, type RunOwner, type RunPlace } from './run/runs.ts';
