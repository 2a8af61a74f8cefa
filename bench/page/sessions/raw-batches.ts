import { openDatabase, result, write } from '../raw.ts';
import { contentOf, type Edit, emptyText, type Text } from '../text.ts';
import { fold, type Session } from './session.ts';

/** The limit: no head is read, nothing is checked, no failure is explained. */
export const open = (runId: string): Promise<Session> => openWith(runId, { commit: false });

export async function openWith(runId: string, options: { commit: boolean }): Promise<Session> {
  const database = await openDatabase('raw-batches', ['events', 'snapshots']);
  let head = 0;
  let waiting: Edit[] = [];
  let committing: Promise<void> | undefined;

  const append = (edits: readonly Edit[]) => {
    head += edits.length;
    return write(database, 'events', (events) => events.put(edits, [runId, head]), options);
  };
  const commitAll = async () => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await append(batch);
    }
    committing = undefined;
  };
  return {
    append,
    type(edit) {
      waiting.push(edit);
      committing ??= commitAll();
    },
    settled: async () => committing,
    snapshot: (seq, text) => write(database, 'snapshots', (snapshots) => snapshots.put({ seq, text }, runId)),
    async recover(withSnapshot) {
      const transaction = database.transaction(['events', 'snapshots']);
      const snapshot: { seq: number; text: Text } | undefined = withSnapshot
        ? await result(transaction.objectStore('snapshots').get(runId))
        : undefined;
      const { seq, text } = snapshot ?? { seq: 0, text: emptyText };
      const range = IDBKeyRange.bound([runId, seq + 1], [runId, []]);
      const events = transaction.objectStore('events');
      const [keys, batches] = await Promise.all([
        result<IDBValidKey[]>(events.getAllKeys(range)),
        result<Edit[][]>(events.getAll(range)),
      ]);
      const edits = batches.flat();
      // The first record may begin before the snapshot ends.
      const last = keys.at(-1);
      const tail = Array.isArray(last) ? Number(last[1]) - seq : 0;
      return contentOf(fold(edits.slice(edits.length - tail), text));
    },
  };
}
