import { IndexedDbSnapshotStore } from 'rewake';
import type { State } from '../state.ts';
import type { Saver } from './saver.ts';

export const open = (): Promise<Saver> => openWith(false);

export async function openWith(immutable: boolean): Promise<Saver> {
  const snapshots = new IndexedDbSnapshotStore<State>({ durability: 'default' });
  return {
    save: (runId, atSeq, state) => snapshots.save({ runId, atSeq, state }, { immutable }),
    load: (runId) => snapshots.loadLatest(runId),
  };
}
