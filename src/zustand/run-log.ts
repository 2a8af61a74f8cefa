import type { StateCreator } from 'zustand/vanilla';
import { RunBehind, type StoreRun } from '../run/run-behind.ts';
import type { WatchedRunOptions } from '../run/run-life.ts';

/** What was set, without functions. */
export interface Change<T> {
  readonly set: Partial<T>;
  /** Whether it was set in place of everything. */
  readonly replace: boolean;
}

/** What {@link runLog} needs to know. Its states are what is stored of the store's state. */
export interface RunLogOptions<T>
  extends Omit<WatchedRunOptions<Partial<T>, Change<T>>, 'reduce' | 'initialState'> {
  /** The parts of the state that are stored. By default all that are not functions. */
  readonly keys?: readonly (keyof T)[] | undefined;
}

declare module 'zustand/vanilla' {
  interface StoreMutators<S, A> {
    'rewake/log': S & { readonly run: StoreRun<Partial<A>, Change<A>> };
  }
}

/**
 * A middleware that keeps a store in a run: each change that is set is an event. Until the run is open, changes are set at
 * once and appended, in their order, after what is recovered. When it is closed, to set what is stored throws the error that
 * the run was closed with, and changes nothing.
 *
 * @example
 * const useCart = create<Cart>()(runLog(initializer, { runId: 'cart' }));
 * await useCart.run.flush(); // every change is durable
 */
export function runLog<T extends object>(
  initializer: StateCreator<T>,
  options: RunLogOptions<T>,
): StateCreator<T, [], [['rewake/log', T]]> {
  const { keys, ...runOptions } = options;
  const stored = (state: Partial<T>): Partial<T> => {
    const part: Partial<T> = {};
    for (const key in state)
      if (typeof state[key] !== 'function' && (keys?.includes(key) ?? true)) part[key] = state[key];
    return part;
  };
  return (set, get, api) => {
    let run: RunBehind<Partial<T>, Change<T>> | undefined;
    const change = (given: T | Partial<T> | ((state: T) => T | Partial<T>), replace?: boolean): void => {
      const next = typeof given === 'function' ? given(get()) : given;
      // With `replace`, zustand's types have made sure that it is a whole state.
      const apply = () => (replace ? set(next as T, true) : set(next));
      const event = { set: stored(next), replace: replace === true };
      if (run && (replace || Object.keys(event.set).length > 0)) run.take(event, apply);
      else apply();
    };
    api.setState = change;
    const initialState = initializer(change, get, api);
    const reduce = (state: Partial<T>, event: Change<T>) =>
      event.replace ? event.set : { ...state, ...event.set };
    run = new RunBehind({ ...runOptions, initialState: stored(initialState), reduce }, (state) => set(state));
    Object.assign(api, { run });
    return initialState;
  };
}
