import { IndexeddbPersistence } from 'y-indexeddb';
import { Doc } from 'yjs';
import type { Edit } from '../text.ts';
import type { Session } from './session.ts';

export async function open(runId: string): Promise<Session> {
  const doc = new Doc();
  const persistence = new IndexeddbPersistence(runId, doc);
  await persistence.whenSynced;
  const text = doc.getText('text');

  const type = ({ at, del, ins }: Edit) => {
    if (del > 0) text.delete(at, del);
    if (ins !== '') text.insert(at, ins);
  };
  /** It has no promise of its own for that: a reader has to wait for the writers before it. */
  const settled = () =>
    new Promise<void>((resolve) => {
      if (!persistence.db) throw new Error('y-indexeddb has no database.');
      persistence.db.transaction(['updates'], 'readonly').oncomplete = () => resolve();
    });
  return {
    keepsState: true,
    append(edits) {
      doc.transact(() => edits.forEach(type));
      return settled();
    },
    type,
    settled,
    recover: async () => text.toString(),
  };
}
