import { configureStore, createAsyncThunk, createSlice, type PayloadAction } from '@reduxjs/toolkit';
import type { UnknownAction } from 'redux';
import { runEnhancer } from '../../src/redux/index.ts';

// An application of Redux Toolkit in a page.

export interface Cart {
  readonly items: readonly number[];
  readonly total: number;
}

const buy = createAsyncThunk('cart/buy', async (item: number) => item);
const put = (cart: { items: number[]; total: number }, { payload }: PayloadAction<number>) => {
  cart.items.push(payload);
  cart.total += payload;
};
const cart = createSlice({
  name: 'cart',
  initialState: { items: [] as number[], total: 0 },
  reducers: { added: put },
  extraReducers: (builder) => builder.addCase(buy.fulfilled, put),
});

const store = configureStore({
  reducer: cart.reducer,
  enhancers: (getDefault) =>
    getDefault().concat(runEnhancer<Cart, UnknownAction>({ runId: 'cart', requireDurable: true })),
});

/** How many items are known to be durable. */
let durable = 0;

async function add(item: number): Promise<void> {
  if (item % 2) store.dispatch(cart.actions.added(item));
  else await store.dispatch(buy(item));
}

export const calls = {
  /** Dispatches the items from one to another, and resolves with the state, which is durable. */
  async add(from: number, to: number): Promise<Cart> {
    for (let item = from; item <= to; item++) await add(item);
    await store.run.flush();
    return store.getState();
  },

  /** Goes on with items for ever, and does not wait for what is durable. */
  async addForEver(from: number): Promise<void> {
    for (let item = from; ; item++) {
      await add(item);
      const noted = store.run.flush().then(() => {
        durable = item;
      });
      // A microtask alone would let nothing else of the page run.
      if (item % 5 === 0) await noted;
    }
  },

  durable: (): number => durable,
};

export type Calls = typeof calls;

Object.assign(window, { calls });
