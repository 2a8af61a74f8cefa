import {
  Actor,
  type AnyActorScope,
  type AnyStateMachine,
  type EventFromLogic,
  type EventObject,
  type InputFrom,
  type Snapshot,
} from 'xstate';
import { isKernelError, RunError } from '../errors/kernel-error.ts';
import { withContext } from '../errors/reason.ts';
import { method, object, optional } from '../errors/rules.ts';
import { openRun } from '../run/open-run.ts';
import { reportTo } from '../run/report.ts';
import type { Run, RunOptions } from '../run/run.ts';
import {
  type ActorRecord,
  type ActorState,
  childrenOf,
  definitionOf,
  endOf,
  isTimer,
  withStart,
} from './actor-definition.ts';
import { Timers } from './timers.ts';

/** What {@link openActor} needs to know. What is not described here is as for {@link openRun}. */
export interface ActorOptions<M extends AnyStateMachine>
  extends Omit<RunOptions<ActorState, ActorRecord>, 'initialState' | 'reduce' | 'upcast' | 'migrate'> {
  /** The actors that it invokes or spawns need names (`setup({ actors })`), and spawned ones an `id`. */
  readonly machine: M;
  /** The input of the machine. It is recorded; if the actor was begun before, that input counts. */
  readonly input?: InputFrom<M> | undefined;
  /** Turns an event that a lower version has recorded into one of today. */
  readonly upcast?: ((event: unknown, version: number) => EventFromLogic<M>) | undefined;
  /** Turns a persisted snapshot of a lower version into one of today. Without it, all events are replayed. */
  readonly migrate?: ((snapshot: unknown, version: number) => Snapshot<unknown>) | undefined;
}

const checkOptions = object({
  machine: object({ transition: method, getPersistedSnapshot: method }),
  upcast: optional(method),
  migrate: optional(method),
});

/** An XState actor whose events are in a log. All methods are bound. */
export interface DurableActor<M extends AnyStateMachine> extends AsyncDisposable {
  /** To subscribe to, and to read its snapshot. What is sent to it directly is recorded, too. */
  readonly actor: Actor<M>;
  /** Its run: for `closed`, `status`, `backend`, `snapshot()`, `compact()`. Do not append to it. */
  readonly run: Run<ActorState, ActorRecord>;
  /**
   * Resolves when the event is durable and the actor has received it. Rejects as {@link Run.append} does: with
   * `reducer-threw` if a guard or an `assign` threw, and then the actor has not received it; with `closed` if the machine
   * has ended.
   */
  readonly send: (event: EventFromLogic<M>) => Promise<void>;
  /** Waits for what was sent, saves a snapshot, stops the actor and lets go of the run. Never rejects. */
  readonly close: () => Promise<void>;
}

/**
 * Opens an XState actor over a run. Each event that its machine receives is durable before the actor receives it, those
 * of its own invoked actors and timers included. Opened again, it goes on from XState's persisted snapshot and the events
 * after it: actions are not executed again, an invoked actor whose end is recorded is not started again, one whose end is
 * not is, and a delayed transition comes when it was due.
 *
 * Rejects as {@link openRun} does, and with `reducer-threw` if the machine cannot be begun.
 *
 * @example
 * const { actor, send } = await openActor({ runId: 'wizard', machine });
 * actor.subscribe((snapshot) => show(snapshot.value));
 * await send({ type: 'next' });
 */
export async function openActor<M extends AnyStateMachine>(
  options: ActorOptions<M>,
): Promise<DurableActor<M>> {
  await withContext(RunError, 'openActor', options?.runId, () => checkOptions('options', options));
  const { machine, input, upcast, migrate, ...rest } = options;
  const run = await openRun<ActorState, ActorRecord>({
    ...rest,
    ...definitionOf(machine),
    upcast: upcast && ((record, version) => upcastRecord(record as ActorRecord, version, upcast)),
    migrate: migrate && ((state, version) => migrateState(state as ActorState, version, migrate)),
  });
  try {
    const isNew = run.seq === 0;
    // Until the first append, the owner from whom it was taken can append, which the actor would not hear of.
    if (isNew || options.ifOwned === 'steal') await run.append({ type: 'begin', input, at: Date.now() });
    return start(options, run, isNew);
  } catch (error) {
    await run.close();
    throw error;
  }
}

function start<M extends AnyStateMachine>(
  { machine, input, onError }: ActorOptions<M>,
  run: Run<ActorState, ActorRecord>,
  isNew: boolean,
): DurableActor<M> {
  const { runId } = run;
  const report = reportTo(onError, 'openActor', runId);
  const durable = new WeakSet<EventObject>();
  const append = async (event: EventObject, timer?: string) => {
    if (!isActive() || run.state.snapshot?.status !== 'active') throw ended(runId);
    await run.append({ type: 'event', event, at: Date.now(), ...(timer !== undefined && { timer }) });
  };
  /** For events that nobody waits for. A run that cannot append any more tells of its end by itself. */
  const appendBehind = (event: EventObject, timer?: string) => {
    append(event, timer).catch((error: unknown) => {
      if (isKernelError(error, 'reducer-threw')) report(error);
    });
  };

  let starts = isNew ? {} : run.state.starts;
  /** Without the machine's own delayed events, which are in the state, and counting the actors that it starts. */
  const watched = (scope: AnyActorScope): AnyActorScope => ({
    ...scope,
    actionExecutor(action) {
      starts = withStart(starts, action);
      if (!isTimer(action)) scope.actionExecutor(action);
    },
  });
  /** Whether it tells the end of an actor that an event on its way to the log has stopped. */
  const isOfStopped = (event: EventObject): boolean => {
    const { id } = endOf(event);
    if (id === undefined) return false;
    return !(id in childrenOf(run.state.snapshot)) || run.state.starts[id] !== starts[id];
  };

  // Nothing but a durable event moves it: any other is appended, and comes again when it is durable.
  const logic: M = Object.create(machine, {
    getInitialSnapshot: {
      value: (scope: AnyActorScope, first: InputFrom<M>) => machine.getInitialSnapshot(watched(scope), first),
    },
    transition: {
      value(snapshot: Parameters<M['transition']>[0], event: EventObject, scope: AnyActorScope) {
        if (event.type === 'xstate.stop') return machine.transition(snapshot, event, scope);
        if (durable.has(event)) return machine.transition(snapshot, event, watched(scope));
        if (!isOfStopped(event)) appendBehind(event);
        return snapshot;
      },
    },
  });
  const { snapshot } = run.state;
  const actor = new Actor<M>(logic, {
    ...(input !== undefined && { input }),
    ...(!isNew && snapshot && { snapshot }),
  });
  const isActive = () => {
    const { status }: Snapshot<unknown> = actor.getSnapshot();
    return status === 'active';
  };
  const timers = new Timers((event, id) => {
    // If it is there no more, an event that is on its way to the log has cancelled it.
    if (id in run.state.timers) appendBehind(event, id);
  });
  run.onEvent(({ event: record }) => {
    if (record.type === 'event' && isActive()) {
      // A copy: the same object may be sent again, and is not durable then.
      const event = { ...record.event };
      durable.add(event);
      actor.send(event as EventFromLogic<M>);
    }
    timers.set(run.state.timers);
  });
  // What has ended in an error would report that again.
  if (snapshot?.status !== 'error') actor.start();
  timers.set(run.state.timers);

  const stop = () => {
    timers.set({});
    actor.stop();
  };
  run.closed.then(stop);
  const close = () => run.close();
  return { actor, run, send: append, close, [Symbol.asyncDispose]: close };
}

const upcastRecord = <E extends EventObject>(
  record: ActorRecord,
  version: number,
  upcast: (event: unknown, version: number) => E,
): ActorRecord => (record.type === 'event' ? { ...record, event: upcast(record.event, version) } : record);

const migrateState = (
  state: ActorState,
  version: number,
  migrate: (snapshot: unknown, version: number) => Snapshot<unknown>,
): ActorState => ({ ...state, snapshot: state.snapshot && migrate(state.snapshot, version) });

const ended = (runId: string) =>
  new RunError('closed', 'its machine has ended, and receives nothing any more.', {
    operation: 'send',
    runId,
  });
