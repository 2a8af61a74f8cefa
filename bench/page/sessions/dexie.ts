import { Dexie, type Table } from 'dexie';
import { contentOf, type Edit, emptyText, type Text } from '../text.ts';
import { fold, type Session } from './session.ts';

interface Row extends Edit {
  readonly runId: string;
  readonly seq: number;
}

export async function open(runId: string): Promise<Session> {
  const database = new Dexie('dexie') as Dexie & {
    readonly events: Table<Row>;
    readonly snapshots: Table<{ runId: string; seq: number; text: Text }>;
  };
  database.version(1).stores({ events: '[runId+seq]', snapshots: 'runId' });
  let head = 0;
  let last: PromiseLike<unknown> | undefined;
  const row = (edit: Edit): Row => ({ runId, seq: ++head, ...edit });
  return {
    append: async (edits) => database.events.bulkAdd(edits.map(row)),
    type(edit) {
      last = database.events.add(row(edit));
    },
    settled: async () => last,
    snapshot: async (seq, text) => database.snapshots.put({ runId, seq, text }),
    async recover(withSnapshot) {
      const snapshot = withSnapshot ? await database.snapshots.get(runId) : undefined;
      const { seq, text } = snapshot ?? { seq: 0, text: emptyText };
      const edits = await database.events
        .where('[runId+seq]')
        .between([runId, seq + 1], [runId, Dexie.maxKey])
        .toArray();
      return contentOf(fold(edits, text));
    },
  };
}
