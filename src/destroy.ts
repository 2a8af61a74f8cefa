import { KernelError } from './errors.ts';
import { attempt } from './failure.ts';
import { Database, type IndexedDbOptions } from './indexeddb/database.ts';

/**
 * Deletes a database with every run in it, as at a logout, and resolves when it is gone. Tabs and workers that have
 * it open through rewake let go of it by themselves once what they are writing is committed; a run that is live in one of them
 * closes itself with `conflict` at its next append. Close your own runs first: what is appended afterwards without an
 * `expectedHead` begins a new database.
 *
 * Rejects with `blocked` where something else holds the database open for longer than ten seconds (it is deleted
 * as soon as that lets go), with `timeout` where the browser does not answer, and with `unavailable` where there is no
 * IndexedDB.
 *
 * @example
 * await run.close();
 * await destroy({ databaseName: `rewake ${userId}` });
 */
export function destroy(options: Pick<IndexedDbOptions, 'databaseName' | 'indexedDB'> = {}): Promise<void> {
  return attempt(KernelError, 'destroy', undefined, () => Database.shared(options).destroy());
}
