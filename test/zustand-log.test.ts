import fc from 'fast-check';
import { InMemoryEventStore, InMemorySnapshotStore } from 'rewake';
import { type Change, runLog } from 'rewake/zustand';
import { expect, test, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';

interface Cart {
  readonly items: readonly string[];
  readonly total: number;
  readonly tab: string;
  readonly add: (item: string) => void;
}

const newStores = () => ({
  snapshots: new InMemorySnapshotStore<Partial<Cart>>(),
  events: new InMemoryEventStore<Change<Cart>>(),
});

function tab(stores = newStores(), ifOwned: 'wait' | 'steal' | 'fail' = 'steal') {
  const store = createStore<Cart>()(
    runLog(
      (set, get) => ({
        items: [],
        total: 0,
        tab: 'start',
        add: (item) => set({ items: [...get().items, item] }),
      }),
      { runId: 'cart', stores, ifOwned, onError: () => {}, keys: ['items', 'total', 'add'] },
    ),
  );
  const log = async () => (await stores.events.scan('cart', 1)).events.map(({ event }) => event.set);
  return { store, stores, log };
}

test('stores what is set, and recovers it; its functions and other keys are not stored', async () => {
  const { store, stores, log } = tab();
  store.getState().add('early');
  store.setState({ tab: 'here' });
  await store.run.flush();
  store.getState().add('tea');
  store.setState(({ total }) => ({ total: total + 2, tab: 'checkout' }));
  await store.run.flush();
  expect(await log()).toEqual([{ items: ['early'] }, { items: ['early', 'tea'] }, { total: 2 }]);

  const next = tab(stores).store;
  next.setState({ total: 5, tab: 'mine' });
  await next.run.flush();
  expect(next.getState()).toMatchObject({ items: ['early', 'tea'], total: 5, tab: 'mine' });
  const { total: _, ...without } = next.getInitialState();
  next.setState({ ...without, items: ['replaced'] } as unknown as Cart, true);
  await next.run.flush();
  const view = next.run.getView();
  expect(view.status === 'open' && view.state).toEqual({ items: ['replaced'] });
  await next.run.close();
});

test('when another tab has taken it, a change of what is stored throws, and retry recovers', async () => {
  const { store, stores } = tab();
  await store.run.flush();
  const thief = tab(stores).store;
  thief.getState().add('theirs');
  await thief.run.flush();
  await vi.waitFor(() => expect(store.run.getView().status).toBe('closed'));
  expect(() => store.getState().add('mine')).toThrow('taken it over');
  expect(store.getState().items).toEqual([]);
  store.setState({ tab: 'still works' });
  await thief.run.close();
  const view = store.run.getView();
  if (view.status === 'closed') view.retry();
  store.setState({ total: 1 });
  await store.run.flush();
  expect(store.getState()).toMatchObject({ items: ['theirs'], total: 1, tab: 'still works' });
  await store.run.close();
});

test('a store that is reopened at random points is the one that was never interrupted', async () => {
  const change = fc.oneof(
    fc.record({ total: fc.nat(9) }),
    fc.record({ items: fc.array(fc.string({ maxLength: 2 }), { maxLength: 2 }) }),
    fc.constant({ total: 3, items: [] }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 5 }), async (lives) => {
      const { store: uninterrupted } = { store: createStore<object>(() => ({ items: [], total: 0 })) };
      const stores = newStores();
      for (const changes of lives) {
        const { store } = tab(stores);
        for (const one of changes) {
          store.setState(one);
          uninterrupted.setState(one);
        }
        await store.run.flush();
        expect(store.getState()).toMatchObject(uninterrupted.getState());
      }
    }),
    { numRuns: 50 },
  );
});
