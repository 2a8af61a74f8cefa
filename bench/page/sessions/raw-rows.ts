import { openDatabase, result, write } from '../raw.ts';
import { contentOf, type Edit, emptyText, type Text } from '../text.ts';
import { fold, type Session } from './session.ts';

export async function open(runId: string): Promise<Session> {
  const database = await openDatabase('raw-rows', ['events', 'snapshots']);
  let head = 0;
  let last: Promise<void> | undefined;

  const append = (edits: readonly Edit[]) =>
    write(database, 'events', (events) => {
      for (const edit of edits) events.put(edit, [runId, ++head]);
    });
  return {
    append,
    type(edit) {
      last = append([edit]);
    },
    settled: async () => last,
    snapshot: (seq, text) => write(database, 'snapshots', (snapshots) => snapshots.put({ seq, text }, runId)),
    async recover(withSnapshot) {
      const transaction = database.transaction(['events', 'snapshots']);
      const snapshot: { seq: number; text: Text } | undefined = withSnapshot
        ? await result(transaction.objectStore('snapshots').get(runId))
        : undefined;
      const { seq, text } = snapshot ?? { seq: 0, text: emptyText };
      const range = IDBKeyRange.bound([runId, seq + 1], [runId, []]);
      const edits: Edit[] = await result(transaction.objectStore('events').getAll(range));
      return contentOf(fold(edits, text));
    },
  };
}
