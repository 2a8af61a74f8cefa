import { type Codec, type IndexedDbOptions, openRun, openStores } from 'rewake';
import { contentOf, type Edit, edit, emptyText, type Text } from '../text.ts';
import type { Session } from './session.ts';

export const open = (runId: string, codec?: Codec): Promise<Session> =>
  openWith(runId, { durability: 'default', codec });

export async function openWith(runId: string, options: IndexedDbOptions): Promise<Session> {
  const stores = await openStores<Text, Edit>({ ...options });
  const run = await openRun({ runId, reduce: edit, initialState: emptyText, stores });
  let last: Promise<number> | undefined;
  return {
    keepsState: true,
    append: (edits) => run.appendAll(edits),
    type(edit) {
      last = run.append(edit);
    },
    settled: async () => last,
    recover: async () => contentOf(run.state),
  };
}
