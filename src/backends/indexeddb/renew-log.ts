import { wrap } from 'idb';

/** A database that is created to be deleted. No store may have this name. */
export const RENEWAL = 'rewake-log';

/**
 * Makes Chromium begin a new log file, so that no earlier kill can cost the site its databases.
 *
 * A kill may cut off the last record of a log: LevelDB writes a record with two calls, and a kill between them is rare
 * but possible. Chromium (156) goes on writing in that file, and at the start after that LevelDB takes what follows
 * the cut for damage (`checksum mismatch`), and the browser throws away every database of the site. It begins a new
 * file when a database is deleted; nothing gentler was found. May reject; everything is as it was then.
 */
export async function renewLog(factory: IDBFactory): Promise<void> {
  // How Chromium tells of what it has thrown away; no other browser does, or has to.
  if (!('dataLoss' in IDBVersionChangeEvent.prototype)) return;
  const request = factory.open(RENEWAL);
  await wrap(request);
  // Just created, or left behind by a kill. With object stores in it, it is somebody else's.
  const isEmpty = request.result.objectStoreNames.length === 0;
  request.result.close();
  if (isEmpty) await wrap(factory.deleteDatabase(RENEWAL));
}
