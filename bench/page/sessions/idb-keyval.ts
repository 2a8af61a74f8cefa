import { createStore, get, set } from 'idb-keyval';
import { contentOf, type Text } from '../text.ts';
import type { Session } from './session.ts';

/** Keeps no log: the whole state, each time. */
export async function open(runId: string): Promise<Session> {
  const store = createStore('idb-keyval', 'runs');
  return {
    append: (_edits, text) => set(runId, text, store),
    recover: async () => contentOf((await get<Text>(runId, store)) ?? []),
  };
}
