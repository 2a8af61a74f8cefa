import { createStore, get, set } from 'idb-keyval';
import type { Saver } from './saver.ts';

export async function open(): Promise<Saver> {
  const store = createStore('idb-keyval', 'snapshots');
  return {
    save: (runId, atSeq, state) => set(runId, { atSeq, state }, store),
    load: (runId) => get(runId, store),
  };
}
