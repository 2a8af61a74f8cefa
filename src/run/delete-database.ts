import { DATABASE_NAME, Database, type IndexedDbOptions } from '../backends/indexeddb/database.ts';
import { forgetMemoryOf } from '../backends/open-stores.ts';
import { KernelError } from '../errors/kernel-error.ts';
import { reasonOf, withContext } from '../errors/reason.ts';
import { databaseLockName } from './notices.ts';

/**
 * Deletes a database with every run in it, as at a sign-out, and resolves when it is gone. Runs that are live, here or
 * in other tabs and workers, are taken from their owners: they close with `conflict` and write nothing any more.
 * Runs that are being opened wait until the database is gone. Connections that other tabs have through rewake close
 * by themselves, once what is being written is committed. What was waiting to be written rejects with
 * `connection-lost`. What a store is told to write afterwards begins a new database.
 *
 * If there is no IndexedDB, it deletes what is kept in memory in its place.
 *
 * Rejects with `blocked` if something else holds the database open for longer than ten seconds (it is deleted
 * as soon as that lets go), and with `timeout` if the browser does not answer. If the platform has no Web Locks, a
 * live run ends at its next append only: close it before.
 *
 * @example
 * await deleteDatabase({ databaseName: `rewake ${userId}` });
 */
export function deleteDatabase(
  options: Pick<IndexedDbOptions, 'databaseName' | 'indexedDB'> = {},
): Promise<void> {
  return withContext(KernelError, 'deleteDatabase', undefined, async () => {
    const database = Database.shared(options);
    const remove = () => database.delete().catch((error: unknown) => withoutDatabase(database, error));
    const locks = globalThis.navigator?.locks;
    if (!locks) return remove();
    const name = databaseLockName(options.databaseName ?? DATABASE_NAME);
    await new Promise<void>((resolve, reject) => {
      let held = false;
      const hold = () => {
        held = true;
        return remove().then(resolve, reject);
      };
      // Without a lock if the platform refuses one. If somebody else steals it to do the same, nothing is lost.
      locks.request(name, { steal: true }, hold).catch(() => {
        if (!held) hold();
      });
    });
  });
}

function withoutDatabase(database: Database, error: unknown): void {
  forgetMemoryOf(database);
  if (reasonOf(error).code !== 'unavailable') throw error;
}
