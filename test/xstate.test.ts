import 'fake-indexeddb/auto';
import { createStore } from '@xstate/store';
import fc from 'fast-check';
import {
  InMemoryEventStore,
  InMemorySnapshotStore,
  isKernelError,
  openRun,
  openStores,
  type RunStores,
} from 'rewake';
import { type ActorRecord, type ActorState, openActor } from 'rewake/xstate';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { assign, createActor, fromPromise, raise, setup, waitFor } from 'xstate';

type ActorStores = RunStores<ActorState, ActorRecord>;
const inMemory = (): ActorStores => ({
  snapshots: new InMemorySnapshotStore(),
  events: new InMemoryEventStore(),
});
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (isKernelError(error) ? error.code : error),
  );

/** A run that is taken over tells of it. */
const onError = () => {};

/** A promise, and what settles it. */
const gate = <T>() => {
  let open = (_: T) => {};
  let fail = (_: unknown) => {};
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
};

/** Done in the log, however many of its own events it sends: each is appended when one before it is delivered. */
const settled = async ({ run }: { run: { seq: number } }) => {
  for (let seq = -1; seq !== run.seq; ) {
    seq = run.seq;
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }
};

afterEach(() => {
  vi.useRealTimers();
});

describe('a counter', () => {
  const executed: string[] = [];
  const counter = setup({
    types: {} as { context: { sum: number }; events: { type: 'add'; by: number } | { type: 'stop' } },
    actions: { note: (_, { what }: { what: string }) => void executed.push(what) },
  }).createMachine({
    id: 'counter',
    context: { sum: 0 },
    initial: 'open',
    entry: { type: 'note', params: { what: 'begun' } },
    states: {
      open: {
        entry: { type: 'note', params: { what: 'opened' } },
        on: {
          add: {
            actions: [
              assign({ sum: ({ context, event }) => context.sum + event.by }),
              { type: 'note', params: { what: 'added' } },
            ],
          },
          stop: 'stopped',
        },
      },
      stopped: { type: 'final' },
    },
  });
  const open = (stores: ActorStores, ifOwned: 'steal' | 'wait' = 'wait') =>
    openActor({ runId: 'a', machine: counter, stores, onError, ifOwned });

  test('goes on where it stopped, and executes no action again', async () => {
    executed.length = 0;
    const stores = inMemory();
    const crashed = await open(stores);
    await crashed.send({ type: 'add', by: 2 });
    await crashed.send({ type: 'add', by: 3 });
    expect(crashed.actor.getSnapshot().context.sum).toBe(5);
    expect(executed).toEqual(['begun', 'opened', 'added', 'added']);

    const next = await open(stores, 'steal');
    expect(next.actor.getSnapshot().context.sum).toBe(5);
    await next.send({ type: 'add', by: 1 });
    expect(next.actor.getSnapshot().context.sum).toBe(6);
    expect(executed).toEqual(['begun', 'opened', 'added', 'added', 'added']);
    await next.close();
  });

  test('receives an event when that is durable, and not before', async () => {
    const stores = inMemory();
    const commit = gate<void>();
    const { append } = stores.events;
    const { actor, send, run, close } = await open(stores);
    stores.events.append = async (...args) => {
      await commit.promise;
      return append.apply(stores.events, args);
    };
    const sent = send({ type: 'add', by: 2 });
    await settled({ run });
    expect(actor.getSnapshot().context.sum).toBe(0);
    commit.open();
    await sent;
    expect(actor.getSnapshot().context.sum).toBe(2);
    await close();
  });

  test('records what is sent to its actor directly, also the same object twice', async () => {
    const stores = inMemory();
    const first = await open(stores);
    const event = { type: 'add', by: 2 } as const;
    first.actor.send(event);
    first.actor.send(event);
    await first.send({ type: 'add', by: 1 });
    first.actor.send(event);
    await settled(first);
    expect(first.actor.getSnapshot().context.sum).toBe(7);
    await first.close();
    const next = await open(stores);
    expect(next.actor.getSnapshot().context.sum).toBe(7);
    await next.close();
  });

  test('that has ended refuses an event, and is there after that', async () => {
    const stores = inMemory();
    const first = await open(stores);
    await first.send({ type: 'stop' });
    expect(await code(first.send({ type: 'add', by: 1 }))).toBe('closed');
    await first.close();
    const next = await open(stores);
    expect(next.actor.getSnapshot().status).toBe('done');
    expect(next.run.seq).toBe(2);
    await next.close();
    expect(await code(next.send({ type: 'add', by: 1 }))).toBe('closed');
  });

  test('that is taken over stops', async () => {
    const stores = inMemory();
    const first = await openActor({ runId: 'a', machine: counter, stores, onError });
    const second = await open(stores, 'steal');
    expect(await first.run.closed).toMatchObject({ code: 'conflict' });
    expect(first.actor.getSnapshot().status).toBe('stopped');
    await second.send({ type: 'add', by: 1 });
    await second.close();
  });

  test('that is taken over from an owner that has not heard of it has its last event, too', async () => {
    const databaseName = crypto.randomUUID();
    const locks = () => openStores<ActorState, ActorRecord>({ databaseName });
    // Without the name, each has locks of its own, as in two processes without Web Locks.
    const apart = async () => {
      const { snapshots, events } = await locks();
      return { snapshots, events };
    };
    const first = await openActor({ runId: 'a', machine: counter, stores: await apart(), onError });
    const stores = await apart();
    const { append } = stores.events;
    stores.events.append = async (...args) => {
      stores.events.append = append;
      await first.send({ type: 'add', by: 5 });
      return append.apply(stores.events, args);
    };
    const second = await open(stores, 'steal');
    expect(second.actor.getSnapshot().context.sum).toBe(5);
    expect(await code(first.send({ type: 'add', by: 1 }))).toBe('conflict');
    await second.send({ type: 'add', by: 1 });
    expect(second.actor.getSnapshot().context.sum).toBe(6);
    await second.close();
  });
});

describe('its input', () => {
  const machine = setup({
    types: {} as { context: { name: string }; input: { name: string } },
  }).createMachine({
    context: ({ input }) => {
      if (!input?.name) throw new Error('no name');
      return { name: input.name };
    },
  });

  test('is recorded: the first one counts', async () => {
    const stores = inMemory();
    for (const name of ['first', 'second']) {
      const { actor, close } = await openActor({ runId: 'a', machine, stores, input: { name } });
      expect(actor.getSnapshot().context.name).toBe('first');
      await close();
    }
  });

  test('that the machine refuses is reducer-threw, and the run can be opened again', async () => {
    const stores = inMemory();
    expect(await code(openActor({ runId: 'a', machine, stores }))).toBe('reducer-threw');
    const { actor, close } = await openActor({ runId: 'a', machine, stores, input: { name: 'right' } });
    expect(actor.getSnapshot().context.name).toBe('right');
    await close();
  });
});

describe('an invoked promise', () => {
  /** What it is called with, in the order of the calls, and how each is settled. */
  const scene = () => {
    const calls: { input: unknown; open(value: string): void; fail(error: unknown): void }[] = [];
    const machine = setup({
      types: {} as { context: { got: string[] } },
      actors: {
        load: fromPromise<string, string>(({ input }) => {
          const { promise, open, fail } = gate<string>();
          calls.push({ input, open, fail });
          return promise;
        }),
      },
    }).createMachine({
      context: { got: [] },
      initial: 'loading',
      // It stays when its promise has resolved.
      invoke: {
        id: 'background',
        src: 'load',
        input: 'background',
        onDone: { actions: assign({ got: ({ context, event }) => [...context.got, event.output] }) },
      },
      states: {
        loading: {
          invoke: {
            src: 'load',
            input: 'foreground',
            onDone: {
              target: 'loaded',
              actions: assign({ got: ({ context, event }) => [...context.got, event.output] }),
            },
            onError: 'failed',
          },
        },
        loaded: {},
        failed: {},
      },
    });
    return { calls, machine };
  };

  test('whose end is recorded is not invoked again; one whose end is not, is', async () => {
    const { calls, machine } = scene();
    const stores = inMemory();
    const first = await openActor({ runId: 'a', machine, stores, onError });
    expect(calls.map(({ input }) => input).sort()).toEqual(['background', 'foreground']);
    calls.find(({ input }) => input === 'background')?.open('b');
    await waitFor(first.actor, ({ context }) => context.got.length === 1);

    const second = await openActor({ runId: 'a', machine, stores, onError, ifOwned: 'steal' });
    expect(calls.slice(2).map(({ input }) => input)).toEqual(['foreground']);
    calls[2]?.open('f');
    const { context } = await waitFor(second.actor, (snapshot) => snapshot.matches('loaded'));
    expect(context.got).toEqual(['b', 'f']);

    const third = await openActor({ runId: 'a', machine, stores, onError, ifOwned: 'steal' });
    expect(third.actor.getSnapshot().value).toBe('loaded');
    expect(calls).toHaveLength(3);
    await third.close();

    // XState alone, from the same snapshot: it is why the end of each is recorded.
    const { calls: again, machine: alone } = scene();
    const actor = createActor(alone).start();
    again.find(({ input }) => input === 'background')?.open('b');
    await waitFor(actor, (snapshot) => snapshot.context.got.length === 1);
    createActor(alone, { snapshot: actor.getPersistedSnapshot() }).start().stop();
    expect(again.length).toBeGreaterThan(2);
    actor.stop();
  });

  test('that rejects is recorded, too', async () => {
    const { calls, machine } = scene();
    const stores = inMemory();
    const first = await openActor({ runId: 'a', machine, stores, onError });
    calls.find(({ input }) => input === 'foreground')?.fail(new Error('no network'));
    await waitFor(first.actor, (snapshot) => snapshot.matches('failed'));
    const second = await openActor({ runId: 'a', machine, stores, onError, ifOwned: 'steal' });
    expect(second.actor.getSnapshot().value).toBe('failed');
    expect(calls.slice(2).map(({ input }) => input)).toEqual(['background']);
    await second.close();
  });
});

describe('an invoked promise that ends while an event that stops it is on its way to the log', () => {
  const scene = async () => {
    const calls: ReturnType<typeof gate<string>>[] = [];
    const machine = setup({
      types: {} as { context: { got: string }; events: { type: 'cancel' | 'again' } },
      actors: {
        load: fromPromise<string>(() => {
          const call = gate<string>();
          calls.push(call);
          return call.promise;
        }),
      },
    }).createMachine({
      context: { got: '' },
      initial: 'loading',
      states: {
        loading: {
          invoke: {
            src: 'load',
            onDone: { target: 'loaded', actions: assign({ got: ({ event }) => event.output }) },
          },
          on: { cancel: 'cancelled', again: { target: 'loading', reenter: true } },
        },
        loaded: {},
        cancelled: {},
      },
    });
    const stores = inMemory();
    const opened = await openActor({ runId: 'a', machine, stores });
    const commit = gate<void>();
    const { append } = stores.events;
    stores.events.append = async (...args) => {
      await commit.promise;
      return append.apply(stores.events, args);
    };
    return { calls, commit, ...opened };
  };

  test('is as XState would have it: its error does not reach a machine that has left the state', async () => {
    const { calls, commit, actor, run, send, close } = await scene();
    const sent = send({ type: 'cancel' });
    calls[0]?.fail(new Error('too late'));
    await settled({ run });
    commit.open();
    await sent;
    await settled({ run });
    expect(actor.getSnapshot()).toMatchObject({ status: 'active', value: 'cancelled' });
    await close();
  });

  test('and starts it again: the end of the first is not that of the second', async () => {
    const { calls, commit, actor, run, send, close } = await scene();
    const sent = send({ type: 'again' });
    calls[0]?.open('first');
    await settled({ run });
    commit.open();
    await sent;
    await settled({ run });
    expect(actor.getSnapshot().value).toBe('loading');
    calls[1]?.open('second');
    const { context } = await waitFor(actor, (snapshot) => snapshot.matches('loaded'));
    expect(context.got).toBe('second');
    await close();
  });
});

test('an invoked promise that rejects, and nobody handles it, leaves a machine in error, which tells of it once', async () => {
  const machine = setup({
    actors: { load: fromPromise(() => Promise.reject(new Error('no network'))) },
  }).createMachine({
    invoke: { src: 'load' },
  });
  const stores = inMemory();
  const first = await openActor({ runId: 'a', machine, stores });
  const failed = gate<unknown>();
  first.actor.subscribe({ error: failed.open });
  expect(await failed.promise).toEqual(new Error('no network'));
  await first.close();
  const next = await openActor({ runId: 'a', machine, stores });
  expect(next.actor.getSnapshot()).toMatchObject({ status: 'error', error: new Error('no network') });
  await next.close();
});

test('delayed events without an id all come, after a reload, too', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const machine = setup({
    types: {} as { context: { ticks: number }; events: { type: 'tick' } },
  }).createMachine({
    context: { ticks: 0 },
    entry: [
      raise({ type: 'tick' }, { delay: 100 }),
      raise({ type: 'tick' }, { delay: 200 }),
      raise({ type: 'tick' }, { delay: 300 }),
    ],
    on: { tick: { actions: assign({ ticks: ({ context }) => context.ticks + 1 }) } },
  });
  const stores = inMemory();
  const first = await openActor({ runId: 'a', machine, stores });
  await vi.advanceTimersByTimeAsync(100);
  expect(first.actor.getSnapshot().context.ticks).toBe(1);
  await first.close();
  const next = await openActor({ runId: 'a', machine, stores });
  await vi.advanceTimersByTimeAsync(200);
  expect(next.actor.getSnapshot().context.ticks).toBe(3);
  await next.close();
});

describe('a delayed transition', () => {
  const executed: string[] = [];
  const machine = setup({
    types: {} as { events: { type: 'later' } | { type: 'cancel' } | { type: 'again' } },
  }).createMachine({
    initial: 'waiting',
    states: {
      waiting: {
        after: { 60000: { target: 'late', actions: () => void executed.push('late') } },
        on: { cancel: 'cancelled', again: { target: 'waiting', reenter: true } },
      },
      late: { entry: raise({ type: 'later' }, { delay: 30 * 86_400_000 }), on: { later: 'later' } },
      later: {},
      cancelled: {},
    },
  });
  const open = (stores: ActorStores) => openActor({ runId: 'a', machine, stores, onError, ifOwned: 'steal' });
  const begin = async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    executed.length = 0;
    const stores = inMemory();
    return { stores, first: await open(stores) };
  };

  test('comes when it was due, over a reload', async () => {
    const { stores, first } = await begin();
    await vi.advanceTimersByTimeAsync(40_000);
    // A crash: all events are replayed, later than they were sent.
    const next = await open(stores);
    expect(await first.run.closed).toMatchObject({ code: 'conflict' });
    await vi.advanceTimersByTimeAsync(19_999);
    expect(next.actor.getSnapshot().value).toBe('waiting');
    await vi.advanceTimersByTimeAsync(1);
    expect(next.actor.getSnapshot().value).toBe('late');
    expect(executed).toEqual(['late']);
    await next.close();
  });

  test('that was due while nothing was open comes at once', async () => {
    const { stores, first } = await begin();
    await first.close();
    await vi.advanceTimersByTimeAsync(90_000);
    expect(executed).toEqual([]);
    const next = await open(stores);
    await vi.advanceTimersByTimeAsync(0);
    expect(next.actor.getSnapshot().value).toBe('late');
    await next.close();
  });

  test('of a month, longer than a timer of the platform can wait, comes when it is due', async () => {
    const { stores, first } = await begin();
    await vi.advanceTimersByTimeAsync(60_000);
    await first.close();
    const next = await open(stores);
    await vi.advanceTimersByTimeAsync(30 * 86_400_000 - 1);
    expect(next.actor.getSnapshot().value).toBe('late');
    await vi.advanceTimersByTimeAsync(1);
    expect(next.actor.getSnapshot().value).toBe('later');
    await next.close();
  });

  test('that is cancelled never comes, also if it is due before the cancelling event is durable', async () => {
    const { stores, first } = await begin();
    const commit = gate<void>();
    const { append } = stores.events;
    stores.events.append = async (...args) => {
      await commit.promise;
      return append.apply(stores.events, args);
    };
    const cancelled = first.send({ type: 'cancel' });
    await vi.advanceTimersByTimeAsync(60_000);
    commit.open();
    await cancelled;
    await vi.advanceTimersByTimeAsync(60_000);
    await first.close();
    const next = await open(stores);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(next.actor.getSnapshot().value).toBe('cancelled');
    // It was begun, cancelled, and opened again: nothing else is in the log.
    expect(next.run.seq).toBe(3);
    expect(executed).toEqual([]);
    await next.close();
  });

  test('that is entered again begins again', async () => {
    const { first } = await begin();
    await vi.advanceTimersByTimeAsync(40_000);
    await first.send({ type: 'again' });
    await vi.advanceTimersByTimeAsync(40_000);
    expect(first.actor.getSnapshot().value).toBe('waiting');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(first.actor.getSnapshot().value).toBe('late');
    await first.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('what throws', () => {
  const machine = setup({
    types: {} as { context: { sum: number }; events: { type: 'add' | 'bad' | 'act' } },
  }).createMachine({
    context: { sum: 0 },
    on: {
      add: { actions: assign({ sum: ({ context }) => context.sum + 1 }) },
      bad: {
        actions: assign(() => {
          throw new Error('bad');
        }),
      },
      act: {
        actions: [
          assign({ sum: 10 }),
          () => {
            throw new Error('no printer');
          },
        ],
      },
    },
  });

  test('in an assign is reducer-threw: nothing is recorded, and the actor goes on', async () => {
    const { actor, send, run, close } = await openActor({ runId: 'a', machine, stores: inMemory() });
    expect(await code(send({ type: 'bad' }))).toBe('reducer-threw');
    await send({ type: 'add' });
    expect([actor.getSnapshot().context.sum, run.seq]).toEqual([1, 2]);
    await close();
  });

  test('in an assign, at an event that nobody waits for, is told to onError', async () => {
    const told = gate<string>();
    const { actor, close } = await openActor({
      runId: 'a',
      machine,
      stores: inMemory(),
      onError: ({ code }) => told.open(code),
    });
    actor.send({ type: 'bad' });
    expect(await told.promise).toBe('reducer-threw');
    await close();
  });

  test('in an action ends the actor, as with XState alone; opened again it goes on after that event', async () => {
    const stores = inMemory();
    const first = await openActor({ runId: 'a', machine, stores });
    const failed = gate<unknown>();
    first.actor.subscribe({ error: failed.open });
    await first.send({ type: 'act' });
    expect(await failed.promise).toEqual(new Error('no printer'));
    expect(await code(first.send({ type: 'add' }))).toBe('closed');
    await first.close();
    const next = await openActor({ runId: 'a', machine, stores });
    await next.send({ type: 'add' });
    expect(next.actor.getSnapshot().context.sum).toBe(11);
    await next.close();
  });
});

describe('a machine that was changed', () => {
  type Old = { type: 'add'; by: number };
  const old = setup({ types: {} as { context: { sum: number }; events: Old } }).createMachine({
    context: { sum: 0 },
    initial: 'open',
    states: {
      open: { on: { add: { actions: assign({ sum: ({ context, event }) => context.sum + event.by }) } } },
    },
  });
  type New = { type: 'added'; amount: number };
  const changed = setup({
    types: {} as { context: { sum: number; count: number }; events: New },
  }).createMachine({
    context: { sum: 0, count: 0 },
    initial: 'running',
    states: {
      running: {
        on: {
          added: {
            actions: assign(({ context: { sum, count }, event }) => ({
              sum: sum + event.amount,
              count: count + 1,
            })),
          },
        },
      },
    },
  });
  const written = async () => {
    const stores = inMemory();
    const { send, close } = await openActor({ runId: 'a', machine: old, stores });
    await send({ type: 'add', by: 2 });
    await send({ type: 'add', by: 3 });
    await close();
    return stores;
  };
  const upcast = (event: unknown): New => ({ type: 'added', amount: (event as Old).by });

  test('replays what the old one has recorded, through upcast', async () => {
    const stores = await written();
    const { actor, run, send, close } = await openActor({
      runId: 'a',
      machine: changed,
      stores,
      version: 2,
      upcast,
    });
    expect(run.recovery.ignoredSnapshot?.reason).toBe('older-version');
    expect(actor.getSnapshot()).toMatchObject({ value: 'running', context: { sum: 5, count: 2 } });
    await send({ type: 'added', amount: 1 });
    await close();
    expect(await code(openActor({ runId: 'a', machine: old, stores }))).toBe('newer-version');
  });

  test('goes on from the old snapshot, through migrate', async () => {
    const stores = await written();
    const { actor, run, close } = await openActor({
      runId: 'a',
      machine: changed,
      stores,
      version: 2,
      upcast,
      migrate: (snapshot) => ({ ...Object(snapshot), value: 'running', context: { sum: 5, count: -1 } }),
    });
    expect(run.recovery.replayed).toBe(0);
    expect(actor.getSnapshot()).toMatchObject({ value: 'running', context: { sum: 5, count: -1 } });
    await close();
  });
});

test.each([
  ['no machine', { machine: undefined }],
  ['an upcast that is no function', { upcast: 1 }],
  ['an empty runId', { runId: '' }],
])('a mistake is invalid-argument: %s', async (_, wrong) => {
  const machine = setup({}).createMachine({});
  const options = { runId: 'a', machine, stores: inMemory(), ...wrong } as unknown as {
    runId: string;
    machine: typeof machine;
  };
  expect(await code(openActor(options))).toBe('invalid-argument');
});

test('any sequence of events, with crashes, closings and compactions at any point, gives what an uninterrupted actor gives', async () => {
  let warmed = 0;
  const machine = setup({
    types: {} as {
      context: { log: string[] };
      events: { type: 'next' } | { type: 'back' } | { type: 'note'; text: string } | { type: 'load' };
    },
    actors: {
      load: fromPromise<string, string>(async ({ input }) => `loaded after ${input}`),
      warm: fromPromise(async () => void warmed++),
    },
    actions: {
      write: assign({ log: ({ context }, { text }: { text: string }) => [...context.log, text] }),
    },
  }).createMachine({
    context: { log: [] },
    type: 'parallel',
    states: {
      page: {
        initial: 'one',
        states: {
          one: { on: { next: 'two' }, exit: { type: 'write', params: { text: 'left one' } } },
          two: {
            initial: 'a',
            states: { a: { on: { next: 'b' } }, b: {} },
            on: { back: 'one', next: 'three' },
          },
          three: {
            on: { back: 'again' },
            always: { guard: ({ context }) => context.log.length > 5, target: 'one' },
          },
          again: { type: 'history', target: 'two' },
        },
      },
      data: {
        initial: 'idle',
        states: {
          idle: { on: { load: 'loading' } },
          loading: {
            invoke: {
              src: 'load',
              input: ({ context }) => String(context.log.length),
              onDone: {
                target: 'idle',
                actions: { type: 'write', params: ({ event }) => ({ text: event.output }) },
              },
            },
          },
        },
      },
    },
    // It ends, and the machine keeps it.
    invoke: { id: 'warm', src: 'warm' },
    on: { note: { actions: { type: 'write', params: ({ event }) => ({ text: event.text }) } } },
  });
  /** How far each actor of a machine is. */
  const ends = (children: object) =>
    Object.fromEntries(Object.entries(children).map(([id, { snapshot }]) => [id, snapshot.status]));
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('next' as const, 'back' as const) },
    { weight: 2, arbitrary: fc.constant('note' as const) },
    { weight: 2, arbitrary: fc.constant('load' as const) },
    { weight: 3, arbitrary: fc.constantFrom('crash' as const, 'close' as const, 'compact' as const) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.integer({ min: 1, max: 4 }),
      async (steps, snapshotEvery) => {
        const stores = inMemory();
        const open = () =>
          openActor({ runId: 'a', machine, stores, ifOwned: 'steal', snapshotEvery, onError });
        warmed = 0;
        let durable = await open();
        const plain = createActor(machine).start();
        await settled(durable);
        for (const [index, one] of steps.entries()) {
          if (one === 'crash') durable = await open();
          else if (one === 'close') {
            await durable.close();
            durable = await open();
          } else if (one === 'compact') await durable.run.compact();
          else {
            const event = one === 'note' ? { type: one, text: `note ${index}` } : { type: one };
            plain.send(event);
            await durable.send(event);
            if (one !== 'load') continue;
            for (const actor of [plain, durable.actor])
              await waitFor(actor, (snapshot) => snapshot.matches({ data: 'idle' }));
          }
          const { value, context } = durable.actor.getSnapshot();
          expect({ value, context }).toEqual({
            value: plain.getSnapshot().value,
            context: plain.getSnapshot().context,
          });
        }
        const seen = (persisted: unknown) =>
          JSON.parse(JSON.stringify(persisted, (key, value) => (key === 'children' ? ends(value) : value)));
        expect(seen(durable.run.state.snapshot)).toEqual(seen(plain.getPersistedSnapshot()));
        expect(seen(durable.actor.getPersistedSnapshot())).toEqual(seen(plain.getPersistedSnapshot()));
        // Once by each.
        expect(warmed).toBe(2);
        await durable.close();
      },
    ),
    { numRuns: 100 },
  );
});

test('@xstate/store needs one line: its transition is the reducer', async () => {
  const store = createStore({
    context: { sum: 0 },
    on: { add: ({ sum }, { by }: { by: number }) => ({ sum: sum + by }) },
  });
  type Event = Parameters<typeof store.send>[0];
  type State = ReturnType<typeof store.getSnapshot>;
  const stores: RunStores<State, Event> = {
    snapshots: new InMemorySnapshotStore(),
    events: new InMemoryEventStore(),
  };
  const open = () =>
    openRun<State, Event>({
      runId: 'a',
      stores,
      initialState: store.getInitialSnapshot(),
      reduce: (state, event) => store.transition(state, event)[0],
    });
  const run = await open();
  await run.append({ type: 'add', by: 2 });
  await run.append({ type: 'add', by: 3 });
  await run.close();
  const next = await open();
  expect(next.state.context).toEqual({ sum: 5 });
  await next.close();
});
