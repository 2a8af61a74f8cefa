import { DATABASE_NAME, Database, type IndexedDbOptions } from '../backends/indexeddb/database.ts';
import { attempt } from '../errors/failure.ts';
import { KernelError } from '../errors/kernel-error.ts';
import { isLockIn } from './notices.ts';

/**
 * Deletes a database with every run in it, as at a sign-out, and resolves when it is gone. Runs that are live, here or
 * in other tabs and workers, are taken from their owners, who hear of it as of any theft: they close with `conflict`
 * and write nothing any more. Connections that other tabs have through rewake are closed by themselves, once
 * what is being written is committed. What a store is told to write afterwards begins a new database.
 *
 * Rejects with `blocked` where something else holds the database open for longer than ten seconds (it is deleted
 * as soon as that lets go), with `timeout` where the browser does not answer, and with `unavailable` where
 * there is no IndexedDB. Where the platform has no Web Locks, a live run ends at its next append only: close it before.
 *
 * @example
 * await destroy({ databaseName: `rewake ${userId}` });
 */
export function destroy(options: Pick<IndexedDbOptions, 'databaseName' | 'indexedDB'> = {}): Promise<void> {
  return attempt(KernelError, 'destroy', undefined, async () => {
    const database = Database.shared(options);
    const release = await stealRuns(options.databaseName ?? DATABASE_NAME);
    await database.destroy().finally(release);
  });
}

/** Owns every run that somebody owns in the database, until the function that this resolves with is called. */
async function stealRuns(databaseName: string): Promise<() => void> {
  const locks = globalThis.navigator?.locks;
  const { held = [] } = (await locks?.query()) ?? {};
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const stolen = held
    .filter(({ name }) => isLockIn(databaseName, name))
    .map(
      ({ name = '' }) =>
        new Promise<void>((resolve, reject) => {
          const hold = () => {
            resolve();
            return released;
          };
          // It rejects later where somebody steals the run in turn, of which nobody need hear.
          locks.request(name, { steal: true }, hold).catch(reject);
        }),
    );
  await Promise.all(stolen);
  return release;
}
