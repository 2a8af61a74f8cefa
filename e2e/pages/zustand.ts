import { persist } from 'zustand/middleware';
import { createStore } from 'zustand/vanilla';
import { runLog, runStorage } from '../../src/zustand/index.ts';

// An application of zustand in a page.

interface Settings {
  readonly size: number;
  readonly seen: ReadonlyMap<string, Date>;
}

const reports: string[] = [];
const onError = ({ code }: { readonly code: string }) => void reports.push(code);
const storage = runStorage<Settings>({ onError });
const settings = createStore<Settings>()(
  persist((): Settings => ({ size: 0, seen: new Map() }), { name: 'settings', storage }),
);

interface Cart {
  readonly items: readonly string[];
}
const newCart = () =>
  createStore<Cart>()(runLog((): Cart => ({ items: [] }), { runId: 'cart', requireDurable: true }));
let cart: ReturnType<typeof newCart> | undefined;

export const calls = {
  rehydrate: async () => settings.persist.rehydrate(),
  /** As the documentation says: another tab has written. */
  subscribe: () => void storage.subscribe('settings', () => settings.persist.rehydrate()),
  /** Resolves when that is durable, or with the code of the refusal. */
  set: async (size: number, tour: string): Promise<string> => {
    const seen = new Map(settings.getState().seen).set(tour, new Date(size));
    const written: unknown = settings.setState({ size, seen });
    return Promise.resolve(written).then(
      () => 'written',
      ({ code }) => code,
    );
  },
  settings: () => {
    const { size, seen } = settings.getState();
    return { size, seen: [...seen].map(([tour, date]) => `${tour} ${date.getTime()}`) };
  },
  stored: async () => (await storage.getItem('settings'))?.state.size,
  reports: () => reports,

  openCart: () => {
    cart ??= newCart();
  },
  put: (item: string) => cart?.setState(({ items }) => ({ items: [...items, item] })),
  flush: () => cart?.run.flush(),
  cart: () => ({ status: cart?.run.getView().status, items: cart?.getState().items }),
};

export type Calls = typeof calls;

Object.assign(window, { calls });
