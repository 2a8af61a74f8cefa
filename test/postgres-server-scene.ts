import pg from 'pg';
import { isKernelError } from 'rewake';
import { migratePostgres } from 'rewake/postgres';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { hasPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';

// What the tests in a PostgreSQL server have in common.

export const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

export const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error) => (isKernelError(error) ? error.code : `not a KernelError: ${error}`),
  );

/** What the tests get; only while they run. */
interface Scene {
  readonly server: () => PostgresServer;
  /** Connections to it, which end with the test. */
  readonly poolOf: (options?: pg.PoolConfig) => pg.Pool;
}

/** Describes what needs a PostgreSQL server: one that has the tables, and is stopped in the end. */
export function describeServer(what: string, tests: (scene: Scene) => void): void {
  describe.skipIf(!hasPostgres())(`${what} (skipped if no PostgreSQL is installed)`, () => {
    let server: PostgresServer;
    const pools: pg.Pool[] = [];

    function poolOf(options: pg.PoolConfig = {}): pg.Pool {
      const pool = new pg.Pool({ ...server, ...options });
      // A connection that is killed while nobody uses it.
      pool.on('error', () => {});
      pools.push(pool);
      return pool;
    }

    beforeAll(async () => {
      server = await startPostgres();
      await migratePostgres(poolOf());
    }, 60_000);
    afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.end())));
    afterAll(async () => {
      await server?.stop();
    }, 60_000);
    tests({ server: () => server, poolOf });
  });
}
