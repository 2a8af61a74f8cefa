import localforage from 'localforage';
import { contentOf, type Text } from '../text.ts';
import type { Session } from './session.ts';

/** Keeps no log: the whole state, each time. */
export async function open(runId: string): Promise<Session> {
  const store = localforage.createInstance({ name: 'localforage', driver: localforage.INDEXEDDB });
  return {
    append: (_edits, text) => store.setItem(runId, text),
    recover: async () => contentOf((await store.getItem<Text>(runId)) ?? []),
  };
}
