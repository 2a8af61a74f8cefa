import { wrap } from 'idb';

/** A database that is created to be deleted. */
export const RENEWAL = 'rewake-log';

/**
 * Makes Chromium begin a new log file, so that no earlier kill can cost the site its databases.
 *
 * A kill may cut off the last record of a log. Chromium (156) has LevelDB go on writing in that file, and at the
 * opening after that, LevelDB takes what follows the cut for damage (`checksum mismatch`), upon which the browser
 * throws away every database of the site. It begins a new file when a database is deleted. May reject; everything is
 * as it was then.
 */
export async function renewLog(factory: IDBFactory): Promise<void> {
  // How Chromium tells of what it has thrown away; no other browser does, or has to.
  if (!('dataLoss' in IDBVersionChangeEvent.prototype)) return;
  const request = factory.open(RENEWAL);
  await wrap(request);
  request.result.close();
  await wrap(factory.deleteDatabase(RENEWAL));
}
