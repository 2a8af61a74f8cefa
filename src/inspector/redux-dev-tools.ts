import type { SequencedEvent } from '../contracts/event-store.ts';
import type { Seq } from '../contracts/words.ts';
import { RunError } from '../errors/kernel-error.ts';
import { withContextSync } from '../errors/reason.ts';
import { method, object } from '../errors/rules.ts';
import type { FollowedRun } from '../run/follow-run.ts';
import type { Run } from '../run/run.ts';

/** The Redux DevTools extension, as far as it is used here; see its `docs/API/Methods.md`. */
interface Extension {
  connect(options: object): { init(state: unknown): void; send(action: object, state: unknown): void };
}

/** What JSON leaves out is shown, too, and a BigInt does not make it throw. */
const serialize = {
  options: true,
  replacer: (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
};

const isRun = object({ subscribe: method, onEvent: method });

/** Nothing that would change the application: it is not listened to. */
const features = { pause: true, export: true };

/**
 * Shows a run in the [Redux DevTools](https://github.com/reduxjs/redux-devtools) extension: its state now, and then each
 * durable event as an action, with the state after it. Events of which only the state after the last one is known, as those
 * of one `appendAll` or those that a follower reads together, are one action. For an owner or a follower.
 *
 * It only shows. Nothing that is done in DevTools reaches the run. Without the extension it does nothing. Returns what ends
 * it. Throws `invalid-argument` if `run` is none.
 *
 * @example
 * if (import.meta.env.DEV) showInReduxDevTools(run);
 */
export function showInReduxDevTools<S, E>(run: FollowedRun<S, E> | Run<S, E>): () => void {
  withContextSync(RunError, 'showInReduxDevTools', run?.runId, () => isRun('run', run));
  const extension: Extension | undefined = Reflect.get(globalThis, '__REDUX_DEVTOOLS_EXTENSION__');
  const devTools = extension?.connect({ name: run.runId, serialize, features });
  if (!devTools) return () => {};
  const states = new Map<Seq, S>([[run.seq, run.state]]);
  let events: SequencedEvent<E>[] = [];
  devTools.init(run.state);
  const stopNoting = run.subscribe(() => {
    // A run that was deleted has begun again.
    for (const seq of states.keys()) if (seq > run.seq) states.delete(seq);
    states.set(run.seq, run.state);
  });
  const stopShowing = run.onEvent((event) => {
    events.push(event);
    if (!states.has(event.seq)) return;
    const type = events.length > 1 ? `${events.length} events` : String(Object(event.event).type ?? 'event');
    const action = { type, events };
    events = [];
    devTools.send(action, states.get(event.seq));
    states.delete(event.seq);
  });
  return () => {
    stopNoting();
    stopShowing();
  };
}
