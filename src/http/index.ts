export {
  type HandledStores,
  type HandleOptions,
  type HttpAccess,
  type HttpOperation,
  handle,
} from './handle.ts';
export type { HttpStoreOptions } from './http-client.ts';
export { HttpEventStore } from './http-event-store.ts';
export { HttpSnapshotStore } from './http-snapshot-store.ts';
