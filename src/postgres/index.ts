export { PostgresEventStore } from './event-store.ts';
export { migratePostgres } from './migrate.ts';
export type { Postgres } from './query.ts';
export { PostgresSnapshotStore } from './snapshot-store.ts';
