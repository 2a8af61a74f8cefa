import {
  combineSlices,
  configureStore,
  createAsyncThunk,
  createListenerMiddleware,
  createSlice,
  type PayloadAction,
} from '@reduxjs/toolkit';
import fc from 'fast-check';
import { applyMiddleware, compose, legacy_createStore as createStore, type UnknownAction } from 'redux';
import {
  deleteRun,
  type IfOwned,
  InMemoryEventStore,
  InMemorySnapshotStore,
  type KernelError,
  openRun,
  ownerOf,
  recover,
} from 'rewake';
import { runEnhancer } from 'rewake/redux';
import { describe, expect, test, vi } from 'vitest';
import { instrument } from './redux-instrument.ts';

type Cart = { readonly items: readonly string[]; readonly total: number };
type State = { readonly cart: Cart; readonly ui: { readonly tab: string } };

const cart = createSlice({
  name: 'cart',
  initialState: { items: [], total: 0 } as Cart,
  reducers: {
    added(state, { payload }: PayloadAction<{ item: string; price: number }>) {
      if (payload.price < 0) throw new RangeError('a negative price');
      state.items.push(payload.item);
      state.total += payload.price;
    },
    cleared: () => ({ items: [], total: 0 }),
  },
  extraReducers: (builder) =>
    builder.addCase(buy.fulfilled, (state, { payload }) => {
      state.items.push(payload);
    }),
});
const buy = createAsyncThunk('cart/buy', async (item: string) => `bought ${item}`);
const ui = createSlice({
  name: 'ui',
  initialState: { tab: 'start' },
  reducers: {
    shown(state, { payload }: PayloadAction<string>) {
      state.tab = payload;
    },
  },
});
const { added, cleared } = cart.actions;
const { shown } = ui.actions;
const add = (item: string, price = 1) => added({ item, price });
const reducer = combineSlices(cart, ui);

const newStores = () => ({
  snapshots: new InMemorySnapshotStore<State>(),
  events: new InMemoryEventStore<UnknownAction>(),
});
type Stores = ReturnType<typeof newStores>;

function scene(stores: Stores = newStores(), more: { ifOwned?: IfOwned; version?: number } = {}) {
  const reports: KernelError[] = [];
  const listener = createListenerMiddleware();
  const options = {
    runId: 'a',
    stores,
    onError: (error: KernelError) => void reports.push(error),
    isStored: ({ type }: UnknownAction) => !type.startsWith('ui/'),
    merge: (stored: State, current: State) => ({ ...stored, ui: current.ui }),
    ...more,
  };
  const store = configureStore({
    reducer,
    middleware: (getDefault) => getDefault().prepend(listener.middleware),
    enhancers: (getDefault) => getDefault().concat(runEnhancer<State, UnknownAction>(options)),
    devTools: false,
  });
  const log = async () => (await stores.events.scan('a', 1)).events.map(({ event }) => event);
  const isOpen = () => vi.waitFor(() => expect(store.run.getView().status).toBe('open'), { interval: 1 });
  return { store, stores, reports, listener, log, isOpen, view: () => store.run.getView() };
}

/** The same store as another object, so that it has locks of its own. */
const behind = <T extends object>(store: T): T =>
  new Proxy(store, {
    get: (_, name) => {
      const value = Reflect.get(store, name);
      return typeof value === 'function' ? value.bind(store) : value;
    },
  });

/** A tab that is killed: nobody closes its run, and the next one takes it. */
const afterCrash = (stores: Stores) => scene(stores, { ifOwned: 'steal' });

describe('runEnhancer', () => {
  test('stores actions, thunks and what middleware dispatches, and shows them after a crash', async () => {
    const { store, stores, log, isOpen, listener } = scene();
    listener.startListening({
      actionCreator: cleared,
      effect: (_, { dispatch }) => void dispatch(add('gift', 0)),
    });
    await isOpen();
    store.dispatch(add('tea', 2));
    expect(store.getState().cart).toEqual({ items: ['tea'], total: 2 });
    store.dispatch(cleared());
    store.dispatch((dispatch, getState) => dispatch(add(`after ${getState().cart.items.length}`)));
    await store.dispatch(buy('cake'));
    store.dispatch(shown('checkout'));
    await store.run.flush();
    expect((await log()).map(({ type }) => type)).toEqual([
      'cart/added',
      'cart/cleared',
      'cart/added',
      'cart/added',
      'cart/buy/pending',
      'cart/buy/fulfilled',
    ]);
    const next = afterCrash(stores);
    await next.isOpen();
    expect(next.store.getState()).toEqual({
      cart: { items: ['gift', 'after 1', 'bought cake'], total: 1 },
      ui: { tab: 'start' },
    });
    await next.store.run.close();
    expect(await ownerOf({ runId: 'a', stores })).toBe('nobody');
  });

  test('works with createStore, and its actions pass middleware first', async () => {
    const enhancer = compose(
      applyMiddleware(
        () => (next) => (action) => (Object(action).type === 'swallowed' ? action : next(action)),
      ),
      runEnhancer<number, UnknownAction>({
        runId: 'a',
        stores: { snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() },
      }),
    ) as ReturnType<typeof runEnhancer<number>>;
    const store = createStore(
      (sum: number | undefined = 10, { type }: UnknownAction) => (type === 'one' ? sum + 1 : sum),
      enhancer,
    );
    for (const type of ['one', 'swallowed', 'one']) store.dispatch({ type });
    await store.run.flush();
    expect(store.getState()).toBe(12);
    expect(store.run.getView()).toMatchObject({ status: 'open', state: 12, run: { seq: 2 } });
    await store.run.close();
  });

  test('what is dispatched before the run is open comes after what is recovered', async () => {
    const first = scene();
    first.store.dispatch(add('one'));
    first.store.dispatch(shown('first'));
    expect(first.store.getState().cart.items).toEqual(['one']);
    expect(first.view().status).toBe('opening');
    await first.store.run.flush();
    await first.store.run.close();

    const second = scene(first.stores);
    second.store.dispatch(add('two'));
    second.store.dispatch(shown('second'));
    expect(second.store.getState().cart.items).toEqual(['two']);
    await second.store.run.flush();
    expect(second.store.getState()).toEqual({
      cart: { items: ['one', 'two'], total: 2 },
      ui: { tab: 'second' },
    });
    expect((await second.log()).map(({ payload }) => Object(payload).item)).toEqual(['one', 'two']);
    await second.store.run.close();
  });

  test('a queued action that the recovered state refuses is reported, and the others are appended', async () => {
    const stores = {
      snapshots: new InMemorySnapshotStore<number>(),
      events: new InMemoryEventStore<UnknownAction>(),
    };
    const limited = (sum: number | undefined = 0, { type }: UnknownAction) => {
      if (type === 'one' && sum === 2) throw new RangeError('too many');
      return type === 'one' ? sum + 1 : type === 'ten' ? sum + 10 : sum;
    };
    const run = await openRun({ runId: 'a', stores, initialState: 0, reduce: limited });
    await run.appendAll([{ type: 'one' }, { type: 'one' }]);
    await run.close();
    const reports: KernelError[] = [];
    const store = createStore(
      limited,
      runEnhancer<number, UnknownAction>({
        runId: 'a',
        stores,
        onError: (error) => void reports.push(error),
      }),
    );
    store.dispatch({ type: 'one' });
    store.dispatch({ type: 'ten' });
    expect(store.getState()).toBe(11);
    await store.run.flush();
    expect(store.getState()).toBe(12);
    expect(reports).toEqual([expect.objectContaining({ code: 'reducer-threw', seq: 3 })]);
    await store.run.close();
  });

  test('an action that the run refuses and the store does not is reported', async () => {
    const stores = {
      snapshots: new InMemorySnapshotStore<string>(),
      events: new InMemoryEventStore<UnknownAction>(),
    };
    const reports: KernelError[] = [];
    // It depends on what is not stored, as it must not.
    const dependent = (state: string | undefined = '', { type }: UnknownAction) => {
      if (type === 'stored' && state !== 'unlocked') throw new RangeError('locked');
      return type === 'ui/unlocked' ? 'unlocked' : state;
    };
    const store = createStore(
      dependent,
      runEnhancer<string, UnknownAction>({
        runId: 'a',
        stores,
        isStored: ({ type }) => type === 'stored',
        onError: (error) => void reports.push(error),
      }),
    );
    await store.run.flush();
    expect(() => store.dispatch({ type: 'stored' })).toThrow('locked');
    store.dispatch({ type: 'ui/unlocked' });
    expect(reports).toEqual([]);
    store.dispatch({ type: 'stored' });
    await vi.waitFor(() => expect(reports).toMatchObject([{ code: 'reducer-threw' }]));
    expect(await stores.events.head('a')).toMatchObject({ seq: 0 });
    await store.run.close();
  });

  test('a dispatch that the reducer refuses throws, before and after the opening, and stores nothing', async () => {
    const { store, isOpen, log, reports } = scene();
    expect(() => store.dispatch(add('early', -1))).toThrow('a negative price');
    await isOpen();
    expect(() => store.dispatch(add('late', -1))).toThrow('a negative price');
    store.dispatch(add('fine'));
    await store.run.flush();
    expect((await log()).length).toBe(1);
    expect(store.getState().cart.items).toEqual(['fine']);
    expect(reports).toEqual([]);
    await store.run.close();
  });

  test('what Redux refuses is not stored, either', async () => {
    const { store, isOpen, log } = scene();
    await isOpen();
    class Odd {
      type = 'odd';
    }
    for (const action of [{ type: 1 }, new Odd(), null] as unknown as UnknownAction[])
      expect(() => store.dispatch(action)).toThrow();
    await store.run.flush();
    expect(await log()).toEqual([]);
    await store.run.close();
  });

  test('the log has the order of the reducer, if a subscriber dispatches', async () => {
    const { store, isOpen, log, view } = scene();
    await isOpen();
    for (const subscribe of [store.subscribe, store.run.subscribe]) {
      const stop = subscribe(() => {
        const { items } = store.getState().cart;
        if (items.length > 0 && items.length < 3) store.dispatch(add(`nested ${items.length}`));
      });
      store.dispatch(add('outer'));
      await store.run.flush();
      expect(store.getState().cart.items).toEqual(['outer', 'nested 1', 'nested 2']);
      expect((await log()).slice(-3).map(({ payload }) => Object(payload).item)).toEqual(
        store.getState().cart.items,
      );
      expect(view()).toMatchObject({ state: store.getState() });
      stop();
      store.dispatch(cleared());
    }
    await store.run.close();
  });

  test('a reducer must not dispatch, nor may thunks come to it', async () => {
    const stores = {
      snapshots: new InMemorySnapshotStore<number>(),
      events: new InMemoryEventStore<UnknownAction>(),
    };
    let nested = () => {};
    const wicked = (sum: number | undefined = 0, { type }: UnknownAction): number => {
      if (type === 'wicked') nested();
      return sum + 1;
    };
    const store = createStore(wicked, runEnhancer<number>({ runId: 'a', stores, onError: () => {} }));
    nested = () => void store.dispatch({ type: 'nested' });
    await store.run.flush();
    expect(() => store.dispatch({ type: 'wicked' })).toThrow('a reducer must not dispatch');
    expect(() => store.dispatch((() => {}) as unknown as UnknownAction)).toThrow('behind applyMiddleware');
    await store.run.flush();
    expect(await stores.events.head('a')).toMatchObject({ seq: 0 });
    await store.run.close();
  });

  test('when the run is lost, a dispatch of a stored action throws, and retry recovers', async () => {
    const { store, stores, isOpen, view, reports } = scene();
    await isOpen();
    store.dispatch(add('one'));
    await store.run.flush();
    const views: string[] = [];
    store.run.subscribe(() => views.push(view().status));
    const thief = afterCrash(stores);
    await thief.isOpen();
    await vi.waitFor(() => expect(view()).toMatchObject({ status: 'closed', error: { code: 'conflict' } }));
    expect(views).toEqual(['closed']);
    expect(reports).toMatchObject([{ code: 'conflict' }]);
    const before = store.getState();
    expect(() => store.dispatch(add('lost'))).toThrow('taken it over');
    expect(store.getState()).toBe(before);
    store.dispatch(shown('still works'));
    expect(store.getState().ui.tab).toBe('still works');
    await expect(store.run.flush()).rejects.toMatchObject({ code: 'conflict' });

    thief.store.dispatch(add('two'));
    await thief.store.run.close();
    const closed = view();
    if (closed.status === 'closed') closed.retry();
    store.dispatch(add('three'));
    await store.run.flush();
    expect(store.getState()).toEqual({
      cart: { items: ['one', 'two', 'three'], total: 3 },
      ui: { tab: 'still works' },
    });
    await store.run.close();
  });

  test('what a former owner has appended since is shown, once the log says so', async () => {
    const { store, stores, isOpen } = scene();
    await isOpen();
    store.dispatch(add('one'));
    await store.run.flush();
    // Without a lock in common, the former owner does not hear of the theft.
    const thief = scene({ ...stores, events: behind(stores.events) }, { ifOwned: 'steal' });
    await thief.isOpen();
    store.dispatch(add('two'));
    await store.run.flush();
    thief.store.dispatch(add('three'));
    thief.store.dispatch(shown('here'));
    await thief.store.run.flush();
    expect(thief.store.getState()).toEqual({
      cart: { items: ['one', 'two', 'three'], total: 3 },
      ui: { tab: 'here' },
    });
    expect(() => store.dispatch(add('four'))).not.toThrow();
    await expect(store.run.flush()).rejects.toMatchObject({ code: 'conflict' });
    await thief.store.run.close();
  });

  test('an action that cannot be stored ends the run, and says where', async () => {
    const { store, isOpen, view } = scene();
    vi.spyOn(console, 'error').mockReturnValue(); // RTK has words for it, too
    await isOpen();
    store.dispatch({ type: 'odd', callback: () => {} });
    await expect(store.run.flush()).rejects.toMatchObject({ code: 'not-cloneable' });
    expect(view()).toMatchObject({
      status: 'closed',
      error: { message: expect.stringContaining('callback') },
    });
    vi.restoreAllMocks();
  });

  test('what cannot be opened is closed; what was dispatched meanwhile is appended by retry', async () => {
    const stores = newStores();
    const owner = scene(stores);
    await owner.isOpen();
    const { store, view } = scene(stores, { ifOwned: 'fail' });
    store.dispatch(add('early'));
    await expect(store.run.flush()).rejects.toMatchObject({ code: 'conflict' });
    expect(() => store.dispatch(add('late'))).toThrow('another tab');
    await owner.store.run.close();
    const closed = view();
    if (closed.status === 'closed') closed.retry();
    await store.run.flush();
    expect(store.getState().cart.items).toEqual(['early']);
    await store.run.close();
  });

  test('closed by the application, it says so, keeps its state, and can be opened again', async () => {
    const { store, stores, view, isOpen } = scene();
    store.dispatch(add('one'));
    await store.run.flush();
    const flushing = store.run.close().then(() => store.run.flush());
    await expect(flushing).rejects.toMatchObject({ code: 'closed' });
    await store.run.close();
    expect(view()).toMatchObject({ status: 'closed', error: undefined, state: store.getState() });
    expect(() => store.dispatch(add('two'))).toThrow('closed');
    expect(await ownerOf({ runId: 'a', stores })).toBe('nobody');
    const closed = view();
    if (closed.status === 'closed') closed.retry();
    await isOpen();
    store.dispatch(add('two'));
    await store.run.flush();
    expect(store.getState().cart.items).toEqual(['one', 'two']);
    await store.run.close();
  });

  test('a run that is deleted, and an event that is appended to the run itself', async () => {
    const { store, stores, view, isOpen } = scene();
    await isOpen();
    const open = view();
    if (open.status === 'open') await open.run.append(add('directly'));
    expect(store.getState().cart.items).toEqual(['directly']);
    await deleteRun({ runId: 'a', stores });
    await vi.waitFor(() => expect(view()).toMatchObject({ status: 'closed', error: { code: 'conflict' } }));
  });

  test('replaceReducer replaces the one of the run, too', async () => {
    const { store, stores, isOpen } = scene();
    await isOpen();
    store.dispatch(add('one'));
    store.replaceReducer(
      (state: State | undefined, action: UnknownAction): State =>
        added.match(action)
          ? { ui: { tab: 'x' }, cart: { items: ['replaced'], total: 100 } }
          : (state ?? reducer(undefined, action)),
    );
    store.dispatch(add('two'));
    await store.run.close();
    const { state } = await recover<State, UnknownAction>({
      runId: 'a',
      stores,
      initialState: reducer(undefined, { type: '' }),
      reduce: (state) => state,
    });
    expect(state.cart).toEqual({ items: ['replaced'], total: 100 });
  });

  test('a pure reducer is called once for an action, if nothing but the run changes the store', async () => {
    const stores = {
      snapshots: new InMemorySnapshotStore<number>(),
      events: new InMemoryEventStore<UnknownAction>(),
    };
    const counting = vi.fn((sum: number | undefined = 0, { type }: UnknownAction) =>
      type === 'one' ? sum + 1 : sum,
    );
    const store = createStore(counting, runEnhancer<number>({ runId: 'a', stores }));
    await store.run.flush();
    counting.mockClear();
    const one = { type: 'one' };
    for (let times = 0; times < 5; times++) store.dispatch(one);
    expect(store.getState()).toBe(5);
    expect(counting).toHaveBeenCalledTimes(5);
    await store.run.close();
  });
});

const action = fc.oneof(
  fc.record({ item: fc.string({ maxLength: 3 }), price: fc.nat(9) }).map(added),
  fc.constant(cleared()),
  fc.string({ maxLength: 3 }).map(shown),
);
const life = fc.record({
  actions: fc.array(action, { maxLength: 6 }),
  isEarly: fc.boolean(),
  end: fc.constantFrom('close', 'crash', 'crash before a commit', 'go on'),
});

test('an application that is reopened at random points is the one that was never interrupted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(life, { maxLength: 8 }), async (lives) => {
      const stores = newStores();
      let count = 0;
      /** For each tab, what it has dispatched of what is stored; and how many of them have to be in the log. */
      let dispatched: number[] = [];
      let durable = 0;
      const tabs: { readonly dispatched: readonly number[]; readonly durable: number }[] = [];
      let at = scene(stores);
      const replace = () => {
        tabs.push({ dispatched, durable });
        [dispatched, durable] = [[], 0];
        at = afterCrash(stores);
      };
      const flush = async () => {
        await at.store.run.flush();
        durable = dispatched.length;
      };
      for (const { actions, isEarly, end } of lives) {
        if (!isEarly) await at.isOpen();
        for (const action of actions) {
          at.store.dispatch({ ...action, meta: ++count });
          if (!action.type.startsWith('ui/')) dispatched.push(count);
        }
        if (end === 'go on') continue;
        if (end !== 'crash before a commit') await flush();
        if (end === 'close') await at.store.run.close();
        replace();
      }
      await flush();
      const log = await at.log();
      const shown = at.store.getState();
      await at.store.run.close();
      replace();

      // Of each tab, the first ones, and all that were durable.
      const metas = log.map(({ meta }) => meta);
      const expected = tabs.flatMap(({ dispatched, durable }) => {
        const kept = dispatched.filter((meta) => metas.includes(meta)).length;
        expect(kept).toBeGreaterThanOrEqual(durable);
        return dispatched.slice(0, kept);
      });
      expect(metas).toEqual(expected);
      const uninterrupted = configureStore({ reducer, devTools: false });
      for (const action of log) uninterrupted.dispatch(action);
      expect(shown.cart).toEqual(uninterrupted.getState().cart);
      await at.store.run.flush();
      expect(at.store.getState()).toEqual(uninterrupted.getState());
      await at.store.run.close();
    }),
    { numRuns: 60 },
  );
});

describe("Redux DevTools' time travel", () => {
  const travel = fc.oneof(
    fc.record({ type: fc.constant('JUMP_TO_STATE'), index: fc.nat() }),
    fc.record({ type: fc.constant('TOGGLE_ACTION'), id: fc.nat() }),
    fc.constantFrom({ type: 'RESET' }, { type: 'COMMIT' }, { type: 'ROLLBACK' }, { type: 'SWEEP' }),
  );

  test('changes what is shown, and nothing that is stored', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(action, travel), { maxLength: 20 }), async (steps) => {
        const stores = newStores();
        const isStored = ({ type }: UnknownAction) => !type.startsWith('ui/');
        const uninterrupted = createStore(reducer);
        // As Redux Toolkit and the extension compose them: DevTools is the innermost one.
        const instrumented = instrument();
        const store = createStore(
          reducer,
          compose(
            runEnhancer<State, UnknownAction>({ runId: 'a', stores, isStored }),
            instrumented.enhancer,
          ) as ReturnType<typeof runEnhancer<State, UnknownAction>>,
        );
        await store.run.flush();
        const stored: unknown[] = [];
        for (const step of steps) {
          if (instrumented.travel(step)) continue;
          store.dispatch(step);
          uninterrupted.dispatch(step);
          if (isStored(step)) stored.push(step);
        }
        await store.run.flush();
        expect((await stores.events.scan('a', 1)).events.map(({ event }) => event)).toEqual(stored);
        await store.run.close();
        const next = createStore(
          reducer,
          runEnhancer<State, UnknownAction>({ runId: 'a', stores, isStored }),
        );
        await next.run.flush();
        expect(next.getState().cart).toEqual(uninterrupted.getState().cart);
        await next.run.close();
      }),
      { numRuns: 60 },
    );
  });

  test('it shows what was recovered, and earlier states', async () => {
    const stores = newStores();
    const first = scene(stores);
    first.store.dispatch(add('one'));
    await first.store.run.flush();
    await first.store.run.close();
    const instrumented = instrument();
    const store = createStore(
      reducer,
      compose(runEnhancer<State, UnknownAction>({ runId: 'a', stores }), instrumented.enhancer) as ReturnType<
        typeof runEnhancer<State, UnknownAction>
      >,
    );
    await store.run.flush();
    store.dispatch(add('two'));
    const items = () => store.getState().cart.items;
    expect(items()).toEqual(['one', 'two']);
    instrumented.travel({ type: 'JUMP_TO_STATE', index: 1 });
    expect(items()).toEqual(['one']);
    // In the past, too, an action is the next one of the log.
    store.dispatch(add('three'));
    expect(items()).toEqual(['one']);
    instrumented.travel({ type: 'JUMP_TO_STATE', index: 3 });
    expect(items()).toEqual(['one', 'two', 'three']);
    instrumented.travel({ type: 'TOGGLE_ACTION', id: 2 });
    expect(items()).toEqual(['one', 'three']);
    await store.run.close();
    const next = scene(stores);
    await next.isOpen();
    expect(next.store.getState().cart.items).toEqual(['one', 'two', 'three']);
    await next.store.run.close();
  });
});
