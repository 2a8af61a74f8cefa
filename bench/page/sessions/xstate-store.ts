import { createStore } from '@xstate/store';
import { createJSONStorage, flushStorage, persist, rehydrateStore } from '@xstate/store/persist';
import { createStore as createKeyval, del, get, set } from 'idb-keyval';
import { contentOf, type Edit, edit, emptyText, type Text } from '../text.ts';
import type { Session } from './session.ts';

const AN_HOUR = 3_600_000;

/** Keeps the last 1,000 events and the state before them, as JSON, each time. */
export async function open(runId: string): Promise<Session> {
  const keyval = createKeyval('xstate-store', 'runs');
  const storage = createJSONStorage(() => ({
    getItem: async (name) => (await get<string>(name, keyval)) ?? null,
    setItem: (name, value) => set(name, value, keyval),
    removeItem: (name) => del(name, keyval),
  }));
  const context: { text: Text } = { text: emptyText };
  const store = createStore({
    context,
    on: { edit: ({ text }, one: Edit) => ({ text: edit(text, one) }) },
  }).with(
    // Written by hand, so that it can be awaited.
    persist({ name: runId, storage, strategy: 'event', maxEvents: 1_000, throttle: AN_HOUR }),
  );
  await rehydrateStore(store);
  return {
    keepsState: true,
    async append(edits) {
      for (const one of edits) store.send(one);
      await flushStorage(store);
    },
    recover: async () => contentOf(store.getSnapshot().context.text),
  };
}
