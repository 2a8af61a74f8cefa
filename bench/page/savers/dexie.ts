import { Dexie, type Table } from 'dexie';
import type { State } from '../state.ts';
import type { Saver } from './saver.ts';

export async function open(): Promise<Saver> {
  const database = new Dexie('dexie') as Dexie & {
    readonly snapshots: Table<{ runId: string; atSeq: number; state: State }>;
  };
  database.version(1).stores({ snapshots: 'runId' });
  return {
    save: async (runId, atSeq, state) => database.snapshots.put({ runId, atSeq, state }),
    load: async (runId) => database.snapshots.get(runId),
  };
}
