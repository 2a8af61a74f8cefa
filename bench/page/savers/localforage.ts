import localforage from 'localforage';
import type { Saver } from './saver.ts';

export async function open(): Promise<Saver> {
  const store = localforage.createInstance({ name: 'localforage', driver: localforage.INDEXEDDB });
  return {
    save: (runId, atSeq, state) => store.setItem(runId, { atSeq, state }),
    load: (runId) => store.getItem(runId),
  };
}
