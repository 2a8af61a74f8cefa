import {
  type AnyStateMachine,
  createActor,
  type EventObject,
  initialTransition,
  type Snapshot,
  type SnapshotFrom,
  transition,
} from 'xstate';
import type { RunDefinition } from '../recovery/definition.ts';

/** What the log of an actor holds. */
export type ActorRecord =
  | {
      /** It was begun with this input. Comes again if it is taken over, and then changes nothing. */
      readonly type: 'begin';
      readonly input: unknown;
      readonly at: number;
    }
  | {
      /** The machine received an event: from outside, from one of its own actors, or from a timer. */
      readonly type: 'event';
      readonly event: EventObject;
      /** When it was sent, in milliseconds since 1970. */
      readonly at: number;
      /** The timer that has sent it. */
      readonly timer?: string;
    };

/** A delayed event of the machine that is to come: of an `after`, or of a `raise` with a `delay`. */
export interface ActorTimer {
  readonly event: EventObject;
  /** When, in milliseconds since 1970. */
  readonly due: number;
}

/** The state of an actor's run. */
export interface ActorState {
  /** XState's persisted snapshot; `undefined` before it was begun. */
  readonly snapshot: Snapshot<unknown> | undefined;
  /** By the id of the delayed event. */
  readonly timers: { readonly [id: string]: ActorTimer };
  /** How often the actor of this id was started: a machine that leaves a state and enters it again has another one. */
  readonly starts: { readonly [id: string]: number };
}

/** What {@link definitionOf} needs of XState's actions, which it never executes. */
interface Action {
  readonly type: string;
  readonly params?: unknown;
}

/** Whether it is a delayed event that the machine sends to itself. */
export const isTimer = ({ type, params }: Action): boolean =>
  type === 'xstate.raise' && typeof Object(params).delay === 'number';

/** The definition of a run whose state is a machine's persisted snapshot. Its reducer executes no action. */
export function definitionOf(
  machine: AnyStateMachine,
): Pick<RunDefinition<ActorState, ActorRecord>, 'initialState' | 'reduce'> {
  // To restore the snapshot that the last event has made, for the next one, would cost as much as that event.
  const live = new WeakMap<object, SnapshotFrom<AnyStateMachine>>();

  const moved = (
    next: SnapshotFrom<AnyStateMachine>,
    actions: readonly Action[],
    { timers, starts }: Pick<ActorState, 'timers' | 'starts'>,
    { at, event }: { readonly at: number; readonly event?: EventObject },
  ): ActorState => {
    const persisted = machine.getPersistedSnapshot(next);
    const snapshot = withEnded(persisted, event);
    // In `next`, an actor that has ended has not.
    if (snapshot === persisted) live.set(snapshot, next);
    return {
      snapshot,
      timers: next.status === 'active' ? withTimers(timers, actions, at) : {},
      starts: actions.reduce(withStart, starts),
    };
  };

  return {
    initialState: { snapshot: undefined, timers: {}, starts: {} },
    reduce(state, record) {
      const { snapshot, timers, starts } = state;
      if (record.type === 'begin') {
        if (snapshot) return state;
        const [next, actions] = initialTransition(machine, record.input);
        // Its `context` threw: it was not begun.
        if (next.status === 'error') throw next.error;
        return moved(next, actions, { timers, starts }, { at: record.at });
      }
      if (!snapshot) return state;
      const before = live.get(snapshot) ?? createActor(machine, { snapshot, input: undefined }).getSnapshot();
      const [next, actions] = transition(machine, before, record.event);
      const { [record.timer ?? '']: _, ...left } = timers;
      return moved(next, actions, { timers: record.timer === undefined ? timers : left, starts }, record);
    },
  };
}

/** The starts after an action. */
export function withStart(starts: ActorState['starts'], { type, params }: Action): ActorState['starts'] {
  if (type !== 'xstate.spawnChild') return starts;
  const { id } = Object(params);
  return { ...starts, [id]: (starts[id] ?? 0) + 1 };
}

/** Of the event that an actor of the machine has ended: how, and which. */
export function endOf(event: EventObject | undefined): { readonly how?: string; readonly id?: string } {
  const [, how, id] = /^xstate\.(done|error)\.actor\.(.*)$/.exec(event?.type ?? '') ?? [];
  return how === undefined || id === undefined ? {} : { how, id };
}

/** The actors that the machine has. */
export const childrenOf = (snapshot: Snapshot<unknown> | undefined): object =>
  Object(Object(snapshot).children);

/** The timers after the actions of a transition at this time. */
function withTimers(
  timers: ActorState['timers'],
  actions: readonly Action[],
  at: number,
): ActorState['timers'] {
  const next: Record<string, ActorTimer> = { ...timers };
  for (const action of actions) {
    const { sendId, event, delay, id } = Object(action.params);
    if (action.type === 'xstate.cancel') delete next[sendId];
    if (!isTimer(action)) continue;
    let key = id ?? 'timer';
    // Those without an id, which nobody can cancel, are all kept.
    while (id === undefined && key in next) key += "'";
    next[key] = { event, due: at + delay };
  }
  return next;
}

/**
 * The snapshot after the event that an actor of the machine has ended. The transition does not tell of it, so that the actor
 * would be started again if the machine keeps it.
 */
function withEnded(snapshot: Snapshot<unknown>, event: EventObject | undefined): Snapshot<unknown> {
  const { how, id = '' } = endOf(event);
  const children = childrenOf(snapshot);
  const child: unknown = Reflect.get(children, id);
  if (!how || !child) return snapshot;
  const { output, error } = Object(event);
  const ended = { ...Object(child), snapshot: { ...Object(child).snapshot, status: how, output, error } };
  return Object.assign({}, snapshot, { children: { ...children, [id]: ended } });
}
