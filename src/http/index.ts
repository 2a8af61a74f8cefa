export { handle } from './handle.ts';
export type { HandledStores, HandleOptions, HttpAccess, HttpOperation } from './handle-options.ts';
export type { HttpStoreOptions } from './http-client.ts';
export { HttpEventStore } from './http-event-store.ts';
export { HttpSnapshotStore } from './http-snapshot-store.ts';
