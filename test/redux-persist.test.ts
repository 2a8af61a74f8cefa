import { combineReducers, legacy_createStore as createStore, type Reducer } from 'redux';
import { persistReducer, persistStore } from 'redux-persist';
import { InMemoryEventStore, InMemorySnapshotStore } from 'rewake';
import { persistStorage } from 'rewake/redux';
import { expect, test, vi } from 'vitest';

type Visits = ReadonlyMap<string, number>;
const visits = (state: Visits = new Map(), action: { type: string; page?: string }): Visits =>
  action.page === undefined ? state : new Map(state).set(action.page, (state.get(action.page) ?? 0) + 1);

const newStores = () => ({ snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() });

/** A tab: it persists, and has read what is stored. */
async function tab(stores: ReturnType<typeof newStores>) {
  const failed: unknown[] = [];
  // Its types know no functions in place of `false`, and no values that are not text.
  const config: Parameters<typeof persistReducer>[0] & object = {
    key: 'root',
    storage: persistStorage({ stores }),
    writeFailHandler: (error: unknown) => void failed.push(error),
    serialize: false,
    deserialize: false,
  } as Parameters<typeof persistReducer>[0];
  const reducer = combineReducers({ visits }) as unknown as Reducer<unknown>;
  const store = createStore(persistReducer(config, reducer));
  const persistor = await new Promise<ReturnType<typeof persistStore>>((resolve) => {
    const persistor = persistStore(store, null, () => resolve(persistor));
  });
  return {
    failed,
    visit: (page: string) => store.dispatch({ type: 'visited', page } as { type: string }),
    visits: () => Object(store.getState()).visits,
    flush: () => persistor.flush(),
    purge: () => persistor.purge(),
  };
}

test('redux-persist keeps its state there, structured-cloned', async () => {
  const stores = newStores();
  const first = await tab(stores);
  first.visit('home');
  first.visit('home');
  await first.flush();
  const next = await tab(stores);
  expect(next.visits()).toEqual(new Map([['home', 2]]));
  next.visit('about');
  await next.flush();
  const last = await tab(stores);
  expect(last.visits()).toEqual(
    new Map([
      ['home', 2],
      ['about', 1],
    ]),
  );
  await last.purge();
  expect((await tab(stores)).visits()).toEqual(new Map());
  expect([first, next, last].flatMap(({ failed }) => failed)).toEqual([]);
});

test('a stale tab does not write over what another one has written, and writeFailHandler is told', async () => {
  vi.spyOn(console, 'error').mockReturnValue(); // redux-persist has words for it, too
  const stores = newStores();
  const [stale, other] = [await tab(stores), await tab(stores)];
  other.visit('home');
  await other.flush();
  stale.visit('stale');
  await stale.flush();
  expect(stale.failed).toMatchObject([{ code: 'conflict' }]);
  expect((await tab(stores)).visits()).toEqual(new Map([['home', 1]]));
  vi.restoreAllMocks();
});
