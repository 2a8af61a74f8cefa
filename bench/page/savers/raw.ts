import { openDatabase, result, write } from '../raw.ts';
import type { Saver } from './saver.ts';

/** The limit: no guard. */
export async function open(): Promise<Saver> {
  const database = await openDatabase('raw', ['snapshots']);
  return {
    save: (runId, atSeq, state) =>
      write(database, 'snapshots', (snapshots) => snapshots.put({ atSeq, state }, runId)),
    load: (runId) => result(database.transaction('snapshots').objectStore('snapshots').get(runId)),
  };
}
