export type { DurableObjectStorage, Sqlite, SqliteDatabase } from './connection.ts';
export { SqliteEventStore } from './event-store.ts';
export { SqliteSnapshotStore } from './snapshot-store.ts';
