import type { EventStore, SnapshotStore } from 'rewake';
import { migratePostgres, type Postgres, PostgresEventStore, PostgresSnapshotStore } from 'rewake/postgres';

// What the tests of rewake/postgres have in common.

/** Both stores over one database. */
export interface PostgresStores {
  readonly snapshots: SnapshotStore<unknown>;
  readonly events: EventStore<unknown>;
}

let schemas = 0;

/**
 * Opens stores of one name in a schema of their own, as each case of the conformance suite needs them. A pool's
 * connections have no common `search_path`, so the tables are named with it.
 */
export function inSchemas(db: Postgres): (name: string) => Promise<PostgresStores> {
  const opened = new Map<string, Promise<Postgres>>();
  const open = async (): Promise<Postgres> => {
    const schema = `s${process.pid}_${++schemas}`;
    const within: Postgres = {
      query: (text, params) => db.query(text.replaceAll(/\bkernel_/g, `${schema}.kernel_`), params),
    };
    await db.query(`CREATE SCHEMA ${schema}`, []);
    await migratePostgres(within);
    return within;
  };
  return async (name) => {
    const opening = opened.get(name) ?? open();
    opened.set(name, opening);
    const within = await opening;
    return { snapshots: new PostgresSnapshotStore(within), events: new PostgresEventStore(within) };
  };
}
