import type { Action, Reducer, Store, StoreEnhancer, UnknownAction } from 'redux';
import { RunBehind, type StoreRun } from '../run/run-behind.ts';
import type { WatchedRunOptions } from '../run/run-life.ts';

/** What {@link runEnhancer} needs to know. The reducer and the initial state are the store's. */
export interface StoreRunOptions<S, A> extends Omit<WatchedRunOptions<S, A>, 'reduce' | 'initialState'> {
  /**
   * Which actions are events of the run. All by default. An action that is not stored changes the store until the page is
   * closed; a part of the state that stored actions compute must not depend on it.
   */
  readonly isStored?: ((action: A) => boolean) | undefined;
  /**
   * What the store shows when the run was opened, or has changed otherwise than by a dispatch. By default what is
   * `stored`; name here what you do not store: `(stored, current) => ({ ...stored, ui: current.ui })`.
   */
  readonly merge?: ((stored: S, current: S) => S) | undefined;
}

/** What the enhancer adds to a store. */
export interface StoreRunExtension<S, A> {
  /** The run behind the store. */
  readonly run: StoreRun<S, A>;
}

const RECOVERED = 'rewake/recovered';

/**
 * A store enhancer that keeps a Redux store in a run: the store's reducer is the run's reducer, and each action that
 * reaches the reducer is an event. It has to be the innermost enhancer, behind `applyMiddleware`, so that thunks and
 * middleware come first: `configureStore`'s `getDefaultEnhancers().concat(…)` puts it there.
 *
 * The run is opened when the store is created. Until it is open, stored actions change the store at once and are
 * appended, in their order, after what is recovered. When it is closed, a dispatch of a stored action throws the error
 * that the run was closed with, and changes nothing.
 *
 * @example
 * const store = configureStore({
 *   reducer,
 *   enhancers: (getDefault) => getDefault().concat(runEnhancer<State, Action>({ runId: 'cart' })),
 * });
 * await store.run.flush(); // every action is durable
 */
export function runEnhancer<S, A extends Action = UnknownAction>(
  options: StoreRunOptions<S, A>,
): StoreEnhancer<StoreRunExtension<S, A>> {
  const enhancer: Enhancer<S, A> = (createStore) => (reducer, preloadedState) =>
    withRun(options, createStore, reducer, preloadedState);
  // The type of an enhancer is for any state and action; `S` and `A` are those of the store that it is for.
  return enhancer as unknown as StoreEnhancer<StoreRunExtension<S, A>>;
}

type CreateStore<S, A extends Action, Ext> = (
  reducer: Reducer<S, A>,
  preloadedState?: S,
) => Store<S, A> & Ext;
type Enhancer<S, A extends Action> = (
  createStore: CreateStore<S, A, object>,
) => CreateStore<S, A, StoreRunExtension<S, A>>;

function withRun<S, A extends Action>(
  options: StoreRunOptions<S, A>,
  createStore: CreateStore<S, A, object>,
  reducer: Reducer<S, A>,
  preloadedState: S | undefined,
): Store<S, A> & StoreRunExtension<S, A> {
  const { isStored = () => true, merge = (stored: S) => stored, ...runOptions } = options;
  const once = remembering(reducer);
  // Pure, as DevTools' time travel needs it: what was recovered is in the action.
  const recovering = (state: S | undefined, action: A | Recovered<S>): S => {
    if (!isRecovered<S>(action)) return once.reduce(state, action);
    return state === undefined ? action.state : merge(action.state, state);
  };
  const inner = createStore(recovering, preloadedState);
  const run = new RunBehind<S, A>(
    { ...runOptions, initialState: inner.getState(), reduce: once.reduce },
    (state) => {
      const recovered: Recovered<S> = { type: RECOVERED, state };
      // Its own reducer knows it.
      inner.dispatch(recovered as Action as A);
    },
  );
  return {
    ...inner,
    run,
    dispatch(action) {
      // Redux would not notice it in the run's own call of the reducer.
      if (once.isReducing()) throw run.error('invalid-argument', 'a reducer must not dispatch an action.');
      if (typeof action === 'function') throw run.error('invalid-argument', misplaced);
      // Redux refuses anything else.
      if (!isAction(action) || !isStored(action)) return inner.dispatch(action);
      // What it refuses does not wait for the run.
      if (run.getView().status !== 'open') once.reduce(inner.getState(), action);
      return run.take(action, () => inner.dispatch(action));
    },
    replaceReducer(next) {
      once.replace(next);
      inner.replaceReducer(recovering);
    },
  };
}

const misplaced =
  'a function was dispatched to it. Put runEnhancer behind applyMiddleware: getDefaultEnhancers().concat(…).';

/** Remembers the last result: the run and the store put each action through the reducer, mostly from the same state. */
function remembering<S, A extends Action>(reducer: Reducer<S, A>) {
  let last: { readonly state: S | undefined; readonly action: A; readonly next: S } | undefined;
  let isReducing = false;
  return {
    isReducing: () => isReducing,
    replace(next: Reducer<S, A>) {
      reducer = next;
      last = undefined;
    },
    reduce(state: S | undefined, action: A): S {
      if (last?.action === action && last.state === state) return last.next;
      isReducing = true;
      try {
        const next = reducer(state, action);
        last = { state, action, next };
        return next;
      } finally {
        isReducing = false;
      }
    },
  };
}

interface Recovered<S> {
  readonly type: typeof RECOVERED;
  readonly state: S;
}

const isRecovered = <S>(action: Action | Recovered<S>): action is Recovered<S> => action.type === RECOVERED;

/** What Redux accepts: a plain object with a type. */
function isAction(action: Action): boolean {
  if (typeof action !== 'object' || action === null || typeof action.type !== 'string') return false;
  const prototype = Object.getPrototypeOf(action);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
