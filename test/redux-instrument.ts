import type { Reducer, StoreEnhancer, StoreEnhancerStoreCreator, UnknownAction } from 'redux';

// Redux DevTools as far as another enhancer can notice it: as `instrument` of @redux-devtools/instrument does, it puts a
// lifted reducer in place of the application's one, which keeps all actions, computes the state after each, and shows one of
// them; monitors dispatch their own actions to the lifted store.

type Travel = { readonly type: string; readonly index?: number; readonly id?: number };

interface Lifted {
  readonly committed: unknown;
  readonly actions: readonly UnknownAction[];
  readonly skipped: readonly number[];
  readonly index: number;
  readonly computed: readonly unknown[];
}

const travels = /^(JUMP_TO_STATE|TOGGLE_ACTION|RESET|COMMIT|ROLLBACK|SWEEP)$/;
const init: UnknownAction = { type: '@@INIT' };

export function instrument(): { enhancer: StoreEnhancer; travel: (step: Travel) => boolean } {
  let travel = (_: Travel) => {};
  const enhancer =
    (createStore: StoreEnhancerStoreCreator) => (reducer: unknown, preloadedState: unknown) => {
      const lift =
        (current: Reducer<unknown, UnknownAction>) =>
        (lifted: Lifted | undefined, action: UnknownAction): Lifted =>
          compute(current, next(lifted ?? anew(preloadedState), action, preloadedState));
      const liftedStore = createStore(
        lift(reducer as Reducer<unknown, UnknownAction>) as Reducer<Lifted, UnknownAction>,
      );
      const getState = () => {
        const { computed, index } = liftedStore.getState();
        return computed[index];
      };
      travel = (step) => void liftedStore.dispatch({ ...step });
      return {
        ...liftedStore,
        getState,
        dispatch: (action: UnknownAction) => {
          liftedStore.dispatch({ type: 'PERFORM_ACTION', action });
          return action;
        },
        replaceReducer: (nextReducer: Reducer<unknown, UnknownAction>) =>
          liftedStore.replaceReducer(lift(nextReducer) as Reducer<Lifted, UnknownAction>),
      };
    };
  return {
    enhancer: enhancer as unknown as StoreEnhancer,
    travel(step) {
      if (travels.test(step.type)) travel(step);
      return travels.test(step.type);
    },
  };
}

const anew = (committed: unknown): Lifted => ({
  committed,
  actions: [init],
  skipped: [],
  index: 0,
  computed: [],
});

function next(lifted: Lifted, action: UnknownAction, preloadedState: unknown): Lifted {
  const { actions, skipped, index, computed, committed } = lifted;
  switch (action.type) {
    case 'PERFORM_ACTION':
      return {
        ...lifted,
        actions: [...actions, action.action as UnknownAction],
        index: index === actions.length - 1 ? index + 1 : index,
      };
    case 'JUMP_TO_STATE':
      return { ...lifted, index: Number(action.index) % actions.length };
    case 'TOGGLE_ACTION': {
      const id = Number(action.id) % actions.length;
      return {
        ...lifted,
        skipped: skipped.includes(id) ? skipped.filter((one) => one !== id) : [...skipped, id],
      };
    }
    case 'SWEEP': {
      const left = actions.filter((_, at) => at === 0 || !skipped.includes(at));
      return { ...lifted, actions: left, skipped: [], index: Math.min(index, left.length - 1) };
    }
    case 'RESET':
      return anew(preloadedState);
    case 'COMMIT':
      return anew(computed[index]);
    case 'ROLLBACK':
      return anew(committed);
  }
  return lifted;
}

/** All states again, as after a change of the history or the reducer. */
function compute(reducer: Reducer<unknown, UnknownAction>, lifted: Lifted): Lifted {
  const computed: unknown[] = [];
  for (const [at, action] of lifted.actions.entries()) {
    const previous = at === 0 ? lifted.committed : computed[at - 1];
    computed.push(at > 0 && lifted.skipped.includes(at) ? previous : reducer(previous, action));
  }
  return { ...lifted, computed };
}
