import 'fake-indexeddb/auto';
import { Annotation, Command, interrupt, START, StateGraph } from '@langchain/langgraph';
import {
  type Checkpoint,
  type CheckpointTuple,
  emptyCheckpoint,
  MemorySaver,
  uuid6,
} from '@langchain/langgraph-checkpoint';
import fc from 'fast-check';
import {
  type EventStore,
  InMemoryEventStore,
  InMemorySnapshotStore,
  isKernelError,
  KernelError,
  listRuns,
  openStores,
  type RunStores,
} from 'rewake';
import { RewakeSaver } from 'rewake/langgraph';
import { describe, expect, test } from 'vitest';

// What LangChain's suite does not ask; that one is in langgraph-validation.test.ts.

const inMemory = (): RunStores<unknown, unknown> => ({
  snapshots: new InMemorySnapshotStore(),
  events: new InMemoryEventStore(),
});
const inDatabase = () => openStores<unknown, unknown>({ databaseName: crypto.randomUUID() });

/** The same stores, with some methods of the log replaced. */
const withEvents = (
  stores: RunStores<unknown, unknown>,
  replace: (events: EventStore<unknown>) => Partial<EventStore<unknown>>,
): RunStores<unknown, unknown> => {
  const { events } = stores;
  const own = Object.fromEntries(
    (['append', 'scan', 'head', 'base', 'begin', 'compact', 'delete', 'runIds'] as const).map((name) => [
      name,
      events[name].bind(events),
    ]),
  );
  return { ...stores, events: { ...(own as unknown as EventStore<unknown>), ...replace(events) } };
};

const at = (thread_id: string, checkpoint_id?: string, checkpoint_ns = '') => ({
  configurable: { thread_id, checkpoint_ns, ...(checkpoint_id && { checkpoint_id }) },
});
const metadata = { source: 'loop', step: 0, parents: {} } as const;
const checkpointOf = (id: string, values: Record<string, unknown>, version: number): Checkpoint => ({
  ...emptyCheckpoint(),
  id,
  channel_values: values,
  channel_versions: Object.fromEntries(Object.keys(values).map((channel) => [channel, version])),
});
const put = (
  saver: RewakeSaver,
  id: string,
  values: Record<string, unknown>,
  version = 1,
  parent?: string,
) => {
  const checkpoint = checkpointOf(id, values, version);
  return saver.put(at('t', parent), checkpoint, metadata, checkpoint.channel_versions);
};
const all = async (tuples: AsyncGenerator<CheckpointTuple>) => {
  const found: CheckpointTuple[] = [];
  for await (const tuple of tuples) found.push(tuple);
  return found;
};
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (isKernelError(error) ? error.code : error),
  );

describe('an agent', () => {
  const State = Annotation.Root({
    log: Annotation<string[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
    answer: Annotation<string>(),
  });
  const agent = (stores: RunStores<unknown, unknown>, executed: string[]) =>
    new StateGraph(State)
      .addNode('search', () => {
        executed.push('search');
        return { log: ['searched'] };
      })
      .addNode('ask', () => {
        const answer: string = interrupt('May I send it?');
        executed.push('ask');
        return { answer, log: ['asked'] };
      })
      .addNode('send', ({ answer }) => {
        executed.push('send');
        return { log: [`sent: ${answer}`] };
      })
      .addEdge(START, 'search')
      .addEdge('search', 'ask')
      .addEdge('ask', 'send')
      .compile({ checkpointer: new RewakeSaver({ stores }) });
  const config = { configurable: { thread_id: 'chat' } };

  test.each([
    ['memory', async () => inMemory()],
    ['IndexedDB', inDatabase],
  ])(
    'that waits for an answer goes on in another saver, and executes no node twice, in %s',
    async (_, open) => {
      const stores = await open();
      const executed: string[] = [];
      await agent(stores, executed).invoke({ log: ['began'] }, config);
      expect(executed).toEqual(['search']);

      const next = agent(stores, executed);
      const [task] = (await next.getState(config)).tasks;
      expect(task?.interrupts).toEqual([expect.objectContaining({ value: 'May I send it?' })]);
      const { log } = await next.invoke(new Command({ resume: 'yes' }), config);
      expect(log).toEqual(['began', 'searched', 'asked', 'sent: yes']);
      expect(executed).toEqual(['search', 'ask', 'send']);
    },
  );

  test('that is rewound and goes another way keeps the values of both ways apart', async () => {
    const graph = agent(await inDatabase(), []);
    await graph.invoke({ log: ['began'] }, config);
    const rewound = {
      configurable: { ...config.configurable, ...(await graph.getState(config)).config.configurable },
    };
    const yes = await graph.updateState(rewound, { answer: 'yes' }, 'ask');
    const no = await graph.updateState(rewound, { answer: 'no' }, 'ask');
    // Both carry the answer over from their parents.
    const sentYes = await graph.updateState(yes, { log: ['sent'] }, 'send');
    const sentNo = await graph.updateState(no, { log: ['sent'] }, 'send');
    for (const [at, answer] of [
      [yes, 'yes'],
      [no, 'no'],
      [sentYes, 'yes'],
      [sentNo, 'no'],
    ] as const)
      expect((await graph.getState(at)).values.answer).toBe(answer);
  });
});

describe('the log', () => {
  test('holds a value that does not change once', async () => {
    const stores = inMemory();
    const saver = new RewakeSaver({ stores });
    const big = 'x'.repeat(1000);
    let parent = '';
    for (let step = 1; step <= 20; step++) {
      const checkpoint = checkpointOf(uuid6(step), { big, step }, 1);
      checkpoint.channel_versions.step = step;
      const changed = step === 1 ? checkpoint.channel_versions : { step };
      await saver.put(at('t', parent), checkpoint, metadata, changed);
      parent = checkpoint.id;
    }
    const { events } = await stores.events.scan('langgraph:["t",""]', 1);
    const bytes = (value: unknown): number =>
      value instanceof Uint8Array
        ? value.length
        : value && typeof value === 'object'
          ? Object.values(value).reduce((sum, part) => sum + bytes(part), 0)
          : 0;
    expect(bytes(events)).toBeLessThan(10_000);
    expect((await saver.getTuple(at('t')))?.checkpoint.channel_values).toEqual({ big, step: 20 });
  });

  test('is listed as a run of its own for each namespace of a thread', async () => {
    const stores = await inDatabase();
    const saver = new RewakeSaver({ stores });
    for (const namespace of ['', 'child:1']) {
      const checkpoint = checkpointOf(uuid6(1), {}, 1);
      await saver.put(at('t', '', namespace), checkpoint, metadata, {});
    }
    const runIds = (await listRuns({ stores })).map(({ runId }) => runId);
    expect(runIds.sort()).toEqual(['langgraph:["t",""]', 'langgraph:["t","child:1"]']);
  });

  test('that another program has named alike is not a thread', async () => {
    const stores = inMemory();
    for (const runId of ['langgraph:', 'langgraph:{}', 'langgraph:[1]', 'langgraph:["",""]'])
      await stores.events.append(runId, ['something else']);
    const saver = new RewakeSaver({ stores });
    expect(await all(saver.list({}))).toEqual([]);
  });
});

test('two tabs put into one thread, and each sees all of it at once', async () => {
  const databaseName = crypto.randomUUID();
  const [a, b] = [
    new RewakeSaver({ stores: await openStores({ databaseName }) }),
    new RewakeSaver({ stores: await openStores({ databaseName }) }),
  ];
  const ids = Array.from({ length: 20 }, (_, step) => uuid6(step));
  for (const [index, id] of ids.entries()) {
    await put(index % 2 ? a : b, id, { index }, index + 1);
    const seen = index % 2 ? b : a;
    expect((await seen.getTuple(at('t')))?.checkpoint.channel_values).toEqual({ index });
  }
  for (const saver of [a, b])
    expect((await all(saver.list(at('t')))).map(({ checkpoint }) => checkpoint.id)).toEqual(ids.toReversed());
});

test('an append whose connection was lost after its commit is repeated, and counts once', async () => {
  let lost = 3;
  const stores = withEvents(inMemory(), (events) => ({
    async append(...args) {
      const head = await events.append(...args);
      if (lost-- > 0) throw new KernelError('connection-lost', 'lost', { operation: 'append' });
      return head;
    },
  }));
  const saver = new RewakeSaver({ stores });
  const id = uuid6(1);
  const config = await put(saver, id, { a: 1 });
  lost = 3;
  await saver.putWrites(config, [['a', 2]], 'task');
  expect((await stores.events.head('langgraph:["t",""]')).seq).toBe(8);
  const tuples = await all(saver.list(at('t')));
  expect(tuples.map(({ checkpoint, pendingWrites }) => [checkpoint.id, pendingWrites])).toEqual([
    [id, [['task', 'a', 2]]],
  ]);

  lost = 4;
  expect(await code(put(saver, uuid6(2), {}))).toBe('connection-lost');
});

test('what a task has written stays if it writes again; its interrupt and error are replaced', async () => {
  const saver = new RewakeSaver({ stores: inMemory() });
  const config = await put(saver, uuid6(1), {});
  const first = [
    ['a', 1],
    ['__interrupt__', 'first'],
  ] satisfies [string, unknown][];
  await saver.putWrites(config, first, 'task');
  await saver.putWrites(config, [['a', 2]], 'task');
  await saver.putWrites(config, [['__interrupt__', 'second']], 'task');
  expect((await saver.getTuple(config))?.pendingWrites).toEqual([
    ['task', '__interrupt__', 'second'],
    ['task', 'a', 1],
  ]);
});

test('writes that come before their checkpoint are its writes', async () => {
  const saver = new RewakeSaver({ stores: inMemory() });
  const id = uuid6(1);
  await saver.putWrites(at('t', id), [['a', 1]], 'task');
  expect(await saver.getTuple(at('t', id))).toBeUndefined();
  await put(saver, id, {});
  expect((await saver.getTuple(at('t')))?.pendingWrites).toEqual([['task', 'a', 1]]);
});

describe('a thread that is deleted', () => {
  test('is gone in all its namespaces, and another thread stays', async () => {
    const saver = new RewakeSaver({ stores: await inDatabase() });
    for (const thread of ['t', 'u'])
      for (const namespace of ['', 'child', 'child|grandchild'])
        await saver.put(at(thread, '', namespace), checkpointOf(uuid6(1), {}, 1), metadata, {});
    await saver.deleteThread('t');
    expect(await all(saver.list(at('t')))).toEqual([]);
    expect(await saver.getTuple(at('t', '', 'child'))).toBeUndefined();
    expect((await all(saver.list({}))).map(({ config }) => config.configurable?.thread_id)).toEqual([
      'u',
      'u',
      'u',
    ]);
  });

  test('and begun anew by another tab has only what is new', async () => {
    const stores = await inDatabase();
    const [here, elsewhere] = [new RewakeSaver({ stores }), new RewakeSaver({ stores })];
    for (let step = 1; step <= 3; step++) await put(here, uuid6(step), { step }, step);
    expect(await all(here.list(at('t')))).toHaveLength(3);
    await elsewhere.deleteThread('t');
    const id = uuid6(4);
    await put(elsewhere, id, { step: 4 });
    expect((await all(here.list(at('t')))).map(({ checkpoint }) => checkpoint.channel_values)).toEqual([
      { step: 4 },
    ]);
    expect((await here.getTuple(at('t')))?.checkpoint.id).toBe(id);
  });

  test('while it is read is no half of two threads', async () => {
    const stores = inMemory();
    const runId = 'langgraph:["t",""]';
    let scans = 0;
    let deleteAt = 0;
    const racing = withEvents(stores, (events) => ({
      async scan(...args) {
        // The first is that of the index, the second that of the checkpoint.
        if (++scans === deleteAt) {
          await events.delete(runId);
          const other = new RewakeSaver({ stores });
          for (let step = 1; step <= 2; step++) await put(other, uuid6(step), { a: 'other', b: 'other' });
        }
        return events.scan(...args);
      },
    }));
    for (deleteAt = 2; deleteAt <= 3; deleteAt++) {
      await stores.events.delete(runId);
      const saver = new RewakeSaver({ stores: racing });
      const [parent, child] = [uuid6(1), uuid6(2)];
      await put(saver, parent, { a: 'own', b: 'own' });
      const checkpoint = checkpointOf(child, { a: 'own', b: 'new' }, 1);
      checkpoint.channel_versions.b = 2;
      await saver.put(at('t', parent), checkpoint, metadata, { b: 2 });
      scans = 0;
      expect(await saver.getTuple(at('t', child))).toBeUndefined();
      expect(scans).toBeGreaterThanOrEqual(deleteAt);
    }
  });
});

describe('a thread of 10,000 checkpoints', () => {
  /** How many events a scan has given. */
  const counting = (stores: RunStores<unknown, unknown>) => {
    const count = { events: 0 };
    const counted = withEvents(stores, (events) => ({
      async scan(...args) {
        const page = await events.scan(...args);
        count.events += page.events.length;
        return page;
      },
    }));
    return { count, counted };
  };

  test('is opened from a snapshot of where its checkpoints are, and one of them is read alone', async () => {
    const stores = await inDatabase();
    const saver = new RewakeSaver({ stores });
    const ids: string[] = [];
    for (let from = 0; from < 10_000; from += 1000) {
      const some = Array.from({ length: 1000 }, (_, index) => uuid6(from + index));
      await Promise.all(some.map((id, index) => put(saver, id, { step: from + index }, from + index + 1)));
      ids.push(...some);
    }
    await saver.getTuple(at('t'));

    const { count, counted } = counting(stores);
    const next = new RewakeSaver({ stores: counted });
    expect((await next.getTuple(at('t')))?.checkpoint.channel_values).toEqual({ step: 9999 });
    expect(count.events).toBeLessThan(500 + 5);
    count.events = 0;
    expect((await next.getTuple(at('t', ids[5000])))?.checkpoint.channel_values).toEqual({ step: 5000 });
    expect(count.events).toBeLessThanOrEqual(2);
    count.events = 0;
    expect(await all(next.list(at('t'), { limit: 5, before: at('t', ids[7000]) }))).toHaveLength(5);
    expect(count.events).toBeLessThanOrEqual(10);
  });

  test('without its snapshot is read once, and right', async () => {
    const stores = inMemory();
    const saver = new RewakeSaver({ stores });
    for (let step = 1; step <= 1200; step++) await put(saver, uuid6(step), { step }, step);
    await stores.snapshots.delete('langgraph:["t",""]');
    const { count, counted } = counting(stores);
    const next = new RewakeSaver({ stores: counted });
    expect((await next.getTuple(at('t')))?.checkpoint.channel_values).toEqual({ step: 1200 });
    expect(count.events).toBeLessThan(1205);
  });
});

/** The same stores, and the calls of `loadLatest` and `save` so far. */
const watched = (stores: RunStores<unknown, unknown>) => {
  const { snapshots } = stores;
  const loaded: string[] = [];
  const saved: number[] = [];
  let tell = (_: unknown) => {};
  const next = () => new Promise((resolve) => (tell = resolve));
  const watching: RunStores<unknown, unknown> = {
    ...stores,
    snapshots: {
      loadLatest(runId) {
        loaded.push(runId);
        return snapshots.loadLatest(runId);
      },
      async save(snapshot) {
        await snapshots.save(snapshot);
        saved.push(snapshot.atSeq);
        tell(snapshot);
      },
      delete: (runId) => snapshots.delete(runId),
      runIds: () => snapshots.runIds(),
    },
  };
  return { watching, loaded, saved, next };
};

test('an agent that reads nothing for long has a snapshot all the same', async () => {
  const { watching, saved, next } = watched(inMemory());
  const saver = new RewakeSaver({ stores: watching });
  const snapshot = next();
  for (let step = 1; step <= 500; step++) await put(saver, uuid6(step), { step }, step);
  await snapshot;
  expect(saved).toEqual([500]);
});

test('a thread that was deleted elsewhere and begun anew gets a snapshot of its own', async () => {
  const stores = await inDatabase();
  const { watching, saved, next } = watched(stores);
  const here = new RewakeSaver({ stores: watching });
  const first = next();
  for (let step = 1; step <= 1000; step++) await put(here, uuid6(step), { step }, step);
  await first;
  await here.getTuple(at('t'));
  await new RewakeSaver({ stores }).deleteThread('t');
  saved.length = 0;
  const second = next();
  for (let step = 1; step <= 500; step++) await put(here, uuid6(step), { step }, step);
  await second;
  expect(saved).toEqual([500]);
  expect(await stores.snapshots.loadLatest('langgraph:["t",""]')).toMatchObject({ atSeq: 500 });
});

test('a snapshot that cannot be saved is told to onError, and the agent goes on', async () => {
  const stores = inMemory();
  const refusal = new KernelError('quota', 'no room', { operation: 'save' });
  const snapshots = new InMemorySnapshotStore<unknown>();
  snapshots.save = () => Promise.reject(refusal);
  const told = new Promise((resolve) => {
    const saver = new RewakeSaver({ stores: { ...stores, snapshots }, onError: resolve });
    const agent = async () => {
      for (let step = 1; step <= 500; step++) await put(saver, uuid6(step), { step }, step);
      await saver.getTuple(at('t'));
    };
    agent().catch(resolve);
  });
  expect(await told).toBe(refusal);
});

test('readings at the same time, of a thread that has grown elsewhere, are all right', async () => {
  const stores = await inDatabase();
  const [here, elsewhere] = [new RewakeSaver({ stores }), new RewakeSaver({ stores })];
  const ids = Array.from({ length: 30 }, (_, step) => uuid6(step));
  for (let from = 0; from < 30; from += 3) {
    for (const step of [from, from + 1, from + 2]) {
      const id = ids[step] ?? '';
      await put(elsewhere, id, { step }, step + 1);
      await elsewhere.putWrites(at('t', id), [['step', step]], 'task');
    }
    const steps = (await Promise.all(ids.slice(0, from + 3).map((id) => here.getTuple(at('t', id))))).map(
      (tuple) => [tuple?.checkpoint.channel_values.step, tuple?.pendingWrites?.map(([, , value]) => value)],
    );
    expect(steps).toEqual(ids.slice(0, from + 3).map((_, step) => [step, [step]]));
  }
});

test('a long thread that is deleted and begun anew during its first reading has only what is new', async () => {
  const stores = inMemory();
  const runId = 'langgraph:["t",""]';
  const none = ['json', new Uint8Array()];
  const [id, old] = [uuid6(1), uuid6(2)];
  const event = { type: 'checkpoint', id: old, checkpoint: none, metadata: none, values: [] };
  await stores.events.append(runId, Array(20_001).fill(event));
  let scans = 0;
  const racing = withEvents(stores, (events) => ({
    async scan(...args) {
      const page = await events.scan(...args);
      if (++scans === 1) {
        await events.delete(runId);
        await put(new RewakeSaver({ stores }), id, { a: 1 });
      }
      return page;
    },
  }));
  const saver = new RewakeSaver({ stores: racing });
  expect((await saver.getTuple(at('t')))?.checkpoint.id).toBe(id);
});

test('no more than a hundred indexes stay in memory, and what is read after that is right', async () => {
  const { watching, loaded } = watched(inMemory());
  const saver = new RewakeSaver({ stores: watching });
  const ids = Array.from({ length: 150 }, (_, step) => uuid6(step));
  for (const [thread, id] of ids.entries())
    await saver.put(at(`${thread}`), checkpointOf(id, {}, 1), metadata, {});
  for (let round = 0; round < 2; round++)
    for (const [thread, id] of ids.entries())
      expect((await saver.getTuple(at(`${thread}`)))?.checkpoint.id).toBe(id);
  expect(loaded).toHaveLength(300);
  // Those that were not read for the longest time go first.
  for (const thread of ['50', '0', '50']) await saver.getTuple(at(thread));
  for (let thread = 149; thread >= 52; thread--) await saver.getTuple(at(`${thread}`));
  expect(loaded).toHaveLength(301);
  expect((await all(saver.list({}))).map(({ checkpoint }) => checkpoint.id)).toEqual(ids.toReversed());
});

describe('a mistake', () => {
  const saver = new RewakeSaver({ stores: inMemory() });
  const checkpoint = emptyCheckpoint();

  test.each([
    ['a config without a thread', () => saver.put({}, checkpoint, metadata, {})],
    ['a thread_id that is a number', () => saver.getTuple({ configurable: { thread_id: 7 } })],
    ['an empty thread_id', () => saver.put(at(''), checkpoint, metadata, {})],
    [
      'a namespace that is no string',
      () => saver.getTuple({ configurable: { thread_id: 't', checkpoint_ns: 1 } }),
    ],
    ['a checkpoint without an id', () => saver.put(at('t'), { ...checkpoint, id: '' }, metadata, {})],
    ['writes without a task', () => saver.putWrites(at('t', 'c'), [], '')],
    ['no thread to delete', () => saver.deleteThread('')],
  ])('is invalid-argument: %s', async (_, call) => {
    expect(await code(call())).toBe('invalid-argument');
  });

  test('in the options throws when the saver is made', () => {
    const wrong = { stores: {} } as unknown as { stores: RunStores<unknown, unknown> };
    expect(() => new RewakeSaver(wrong)).toThrow('options.stores.snapshots must be an object');
  });

  test('a value that the serializer refuses is not-cloneable, and nothing is stored', async () => {
    const stores = inMemory();
    const serde = {
      dumpsTyped: async () => {
        throw new Error('not this one');
      },
      loadsTyped: async () => {},
    };
    const refusing = new RewakeSaver({ stores, serde });
    expect(await code(put(refusing, uuid6(1), { a: 1 }))).toBe('not-cloneable');
    expect(await code(refusing.putWrites(at('t', 'c'), [['a', 1]], 'task'))).toBe('not-cloneable');
    expect(await stores.events.runIds()).toEqual([]);
  });

  test('a value that the serializer cannot read is unreadable', async () => {
    const stores = inMemory();
    await put(new RewakeSaver({ stores }), uuid6(1), { a: 1 });
    const serde = {
      dumpsTyped: async (): Promise<[string, Uint8Array]> => ['other', new Uint8Array()],
      loadsTyped: async () => {
        throw new Error('another format');
      },
    };
    expect(await code(new RewakeSaver({ stores, serde }).getTuple(at('t')))).toBe('unreadable');
  });
});

test('what is put is as it was at the call', async () => {
  const saver = new RewakeSaver({ stores: inMemory() });
  const values = { list: [1] };
  const done = put(saver, uuid6(1), values);
  values.list.push(2);
  await done;
  expect((await saver.getTuple(at('t')))?.checkpoint.channel_values).toEqual({ list: [1] });
});

test('without IndexedDB, it says so, or rejects if that is wanted', async () => {
  const { indexedDB } = globalThis;
  Object.assign(globalThis, { indexedDB: undefined });
  try {
    const reports: string[] = [];
    const saver = new RewakeSaver({ onError: ({ code }) => reports.push(code) });
    await put(saver, uuid6(1), {});
    expect(await saver.getTuple(at('t'))).toBeDefined();
    expect(reports).toEqual(['unavailable']);
    expect(await code(put(new RewakeSaver({ requireDurable: true }), uuid6(1), {}))).toBe('unavailable');
  } finally {
    Object.assign(globalThis, { indexedDB });
  }
});

test('any sequence of calls, with reopenings at any point, gives what MemorySaver gives', async () => {
  const small = (max: number) => fc.integer({ min: 0, max });
  const place = fc.record({ thread: fc.constantFrom('t', 'u'), namespace: fc.constantFrom('', 'child') });
  const call = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        call: fc.constant('put' as const),
        place,
        parent: small(9),
        value: fc.jsonValue(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        call: fc.constant('putWrites' as const),
        place,
        checkpoint: small(9),
        task: fc.constantFrom('x', 'y'),
        path: fc.constantFrom('', 'p'),
        writes: fc.array(fc.tuple(fc.constantFrom('a', 'b', '__error__', '__interrupt__'), fc.jsonValue()), {
          maxLength: 3,
        }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ call: fc.constant('deleteThread' as const), place }) },
    { weight: 2, arbitrary: fc.record({ call: fc.constant('reopen' as const) }) },
    { weight: 2, arbitrary: fc.record({ call: fc.constant('read' as const), place, checkpoint: small(9) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 30 }), async (calls) => {
      const stores = inMemory();
      let saver = new RewakeSaver({ stores });
      const model = new MemorySaver();
      const ids: Record<string, string[]> = {};
      for (const [step, one] of calls.entries()) {
        if (one.call === 'reopen') {
          saver = new RewakeSaver({ stores });
          continue;
        }
        const { thread, namespace } = one.place;
        if (one.call === 'deleteThread') {
          await Promise.all([saver.deleteThread(thread), model.deleteThread(thread)]);
          continue;
        }
        const known = ids[thread + namespace] ?? [];
        ids[thread + namespace] = known;
        if (one.call === 'put') {
          const checkpoint = checkpointOf(uuid6(step), { a: one.value }, step + 1);
          const config = at(thread, known[one.parent], namespace);
          await saver.put(config, checkpoint, { ...metadata, step }, checkpoint.channel_versions);
          await model.put(config, checkpoint, { ...metadata, step });
          known.push(checkpoint.id);
        } else {
          const config = at(thread, known[one.checkpoint] ?? known[0] ?? uuid6(step), namespace);
          if (one.call === 'read') {
            expect(await saver.getTuple(config)).toEqual(await model.getTuple(config));
          } else {
            await saver.putWrites(config, one.writes, one.task, one.path);
            await model.putWrites(config, one.writes, one.task, one.path);
          }
        }
      }
      const byId = (a: CheckpointTuple, b: CheckpointTuple) => (a.checkpoint.id < b.checkpoint.id ? 1 : -1);
      expect(await all(saver.list({}))).toEqual((await all(model.list({}))).sort(byId));
    }),
    { numRuns: 200 },
  );
});
