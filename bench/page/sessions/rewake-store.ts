import { type Codec, type Head, type IndexedDbOptions, openStores, recover } from 'rewake';
import { contentOf, type Edit, edit, emptyText, type Text } from '../text.ts';
import type { Session } from './session.ts';

/** `default` is what a transaction without options has, so that it is the same for every subject. */
export const open = (runId: string, codec?: Codec): Promise<Session> =>
  openWith(runId, { durability: 'default', codec });

export async function openWith(runId: string, options: IndexedDbOptions): Promise<Session> {
  const { events, snapshots } = await openStores<Text, Edit>({ ...options });
  let head: Head = { seq: 0, logId: null };
  let last: Promise<Head> | undefined;
  return {
    async append(edits) {
      const { seq: expectedHead, logId } = head;
      head = await events.append(runId, edits, { expectedHead, logId });
    },
    type(edit) {
      last = events.append(runId, [edit], { immutable: true });
    },
    async settled() {
      if (last) head = await last;
    },
    async snapshot(atSeq, state) {
      const { logId } = await events.head(runId);
      await snapshots.save({ runId, atSeq, logId, state }, { immutable: true });
    },
    async recover(withSnapshot) {
      const none = { loadLatest: async () => undefined };
      const { state, ignoredSnapshot } = await recover({
        runId,
        stores: { snapshots: withSnapshot ? snapshots : none, events },
        reduce: edit,
        initialState: emptyText,
      });
      if (ignoredSnapshot) throw new Error(`The snapshot was ignored: ${ignoredSnapshot.reason}.`);
      return contentOf(state);
    },
  };
}
