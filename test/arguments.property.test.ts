import fc from 'fast-check';
import {
  deleteDatabase,
  deleteRun,
  type EventStore,
  followRun,
  IndexedDbEventStore,
  IndexedDbSnapshotStore,
  InMemoryEventStore,
  InMemorySnapshotStore,
  KernelError,
  openRun,
  openStores,
  ownerOf,
  recover,
  type SnapshotStore,
} from 'rewake';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  against,
  badOptions,
  has,
  isInteger,
  isMethod,
  isObject,
  isOneOf,
  isRunId,
  optional,
  type Rules,
} from './bad-arguments.ts';
import { FaultyFactory } from './faulty-factory.ts';

// Whatever is passed that the contract doesn't allow: `invalid-argument`, and nothing has been touched.

let factory: FaultyFactory;
let touched: string[];

beforeEach(() => {
  factory = new FaultyFactory();
  touched = [];
  vi.stubGlobal('indexedDB', factory);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Stores that are not to be asked anything. */
function untouchable() {
  const method = (name: string) => () => {
    touched.push(name);
    return Promise.reject(new Error(`${name} was called`));
  };
  const methods = (...names: string[]) => Object.fromEntries(names.map((name) => [name, method(name)]));
  return {
    snapshots: methods('loadLatest', 'save', 'delete', 'runIds') as unknown as SnapshotStore<unknown>,
    events: methods(
      'append',
      'scan',
      'head',
      'compact',
      'base',
      'begin',
      'delete',
      'runIds',
    ) as unknown as EventStore<unknown>,
  };
}

/** Refuses whatever is generated, at once, and by the book. */
async function expectRefused(
  bad: fc.Arbitrary<unknown> | readonly fc.Arbitrary<unknown>[],
  call: (bad: unknown) => Promise<unknown> | undefined,
  expected: (bad: unknown) => { readonly operation?: string; readonly runId?: unknown },
): Promise<void> {
  const { connections, transactions } = factory;
  const before = [connections.length, transactions.length];
  const refuses = async (value: unknown) => {
    // Outside of the promise, so that what is thrown here fails the test.
    const error = await (call(value) ?? expect.fail('there is no such function')).then(
      (result) => expect.fail(`it was accepted, with ${String(result)}`),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(KernelError);
    const { operation = expect.any(String), runId } = expected(value);
    const named = typeof runId === 'string' ? runId : undefined;
    expect(error).toMatchObject({ code: 'invalid-argument', operation, runId: named });
    expect(touched).toEqual([]);
    expect([connections.length, transactions.length]).toEqual(before);
  };
  for (const one of [bad].flat()) {
    await fc.assert(fc.asyncProperty(one, refuses), { numRuns: 100, timeout: 2_000 });
  }
}

const field = (options: unknown, name: string): unknown => Object(options)[name];

// What is to be refused is, of necessity, not of the right type.
type Untyped = Record<string, (...args: unknown[]) => Promise<unknown>>;
const untyped = (functions: object) => functions as Untyped;
const kernel = untyped({ deleteDatabase, deleteRun, followRun, openRun, openStores, ownerOf, recover });

describe.each([
  ['IndexedDbEventStore', () => new IndexedDbEventStore({ indexedDB: factory })],
  ['InMemoryEventStore', () => new InMemoryEventStore()],
] as const)('%s', (_, create) => {
  let store: EventStore<unknown>;

  beforeEach(async () => {
    store = create();
    await store.append('a', ['good']);
  });

  afterEach(async () => {
    expect(await store.runIds()).toEqual(['a']);
    expect((await store.scan('a', 1)).events).toMatchObject([{ seq: 1, event: 'good' }]);
  });

  test.each(['append', 'scan', 'head', 'compact', 'base', 'begin', 'delete'])(
    '%s: bad run ids',
    (operation) =>
      expectRefused(
        against(isRunId),
        (runId) => untyped(store)[operation]?.(runId, operation === 'append' ? [1] : 1),
        (runId) => ({ operation, runId }),
      ),
  );

  const writer = {
    expectedHead: optional(isInteger(0)),
    writer: optional(isRunId),
    version: optional(isInteger(1)),
    immutable: optional((value) => typeof value === 'boolean'),
  };

  test.each([
    ['append', 'events', against(Array.isArray), (bad: unknown) => [bad]],
    [
      'append',
      'options',
      badOptions({ expectedHead: 1, writer: 'w' }, writer, optional(isObject)),
      (bad: unknown) => [[1], bad],
    ],
    [
      'compact',
      'base',
      badOptions(
        { atSeq: 1, logId: null, version: 1, state: 1 },
        {
          atSeq: isInteger(1),
          logId: (value) => value === null || isRunId(value),
          version: isInteger(1),
        },
      ),
      (bad: unknown) => [bad],
    ],
    [
      'begin',
      'base',
      badOptions({ atSeq: 1, version: 1, state: 1 }, { atSeq: isInteger(1), version: isInteger(1) }),
      (bad: unknown) => [bad],
    ],
    [
      'begin',
      'head',
      badOptions(
        { seq: 1, logId: 'l' },
        { seq: isInteger(0), logId: (value) => value === null || isRunId(value) },
        optional(isObject),
      ),
      (bad: unknown) => [{ atSeq: 2, version: 1, state: 1 }, bad],
    ],
    ['scan', 'from', against(isInteger(1)), (bad: unknown) => [bad]],
    ['scan', 'limit', against(optional(isInteger(1))), (bad: unknown) => [1, bad]],
  ] as const)('%s: bad %s', (operation, _, bad, args) =>
    expectRefused(
      bad,
      (value) => untyped(store)[operation]?.('a', ...args(value)),
      () => ({ operation, runId: 'a' }),
    ),
  );
});

describe.each([
  ['IndexedDbSnapshotStore', () => new IndexedDbSnapshotStore({ indexedDB: factory })],
  ['InMemorySnapshotStore', () => new InMemorySnapshotStore()],
] as const)('%s', (_, create) => {
  const good = { runId: 'a', atSeq: 1, state: 'good' };
  let store: SnapshotStore<unknown>;

  beforeEach(async () => {
    store = create();
    await store.save(good);
  });

  afterEach(async () => {
    expect(await store.runIds()).toEqual(['a']);
    expect(await store.loadLatest('a')).toEqual(good);
  });

  test.each(['loadLatest', 'delete'])('%s: bad run ids', (operation) =>
    expectRefused(
      against(isRunId),
      (runId) => untyped(store)[operation]?.(runId),
      (runId) => ({ operation, runId }),
    ),
  );

  test('save: bad snapshots', () =>
    expectRefused(
      badOptions({ ...good, atSeq: 2 }, { runId: isRunId, atSeq: isInteger(0) }),
      (snapshot) => untyped(store).save?.(snapshot),
      (snapshot) => ({ operation: 'save', runId: field(snapshot, 'runId') }),
    ));
});

describe('options of a database', () => {
  const rules = {
    databaseName: optional((value) => typeof value === 'string'),
    indexedDB: optional((value) => has(value, 'open')),
    durability: optional(isOneOf('default', 'strict', 'relaxed')),
  };
  const { durability, ...ofDeletion } = rules;

  test.each([
    ['openStores', rules],
    ['deleteDatabase', ofDeletion],
  ])('%s', (operation, rules) =>
    expectRefused(
      badOptions({ databaseName: 'd', indexedDB: factory }, rules, optional(isObject)),
      (options) => kernel[operation]?.(options),
      () => ({}),
    ),
  );

  // A constructor cannot reject: whoever calls it in an async function hears of it all the same.
  test.each([
    ['IndexedDbSnapshotStore', IndexedDbSnapshotStore],
    ['IndexedDbEventStore', IndexedDbEventStore],
  ])('new %s', (_, Store) =>
    expectRefused(
      badOptions({ databaseName: 'd', indexedDB: factory }, rules, optional(isObject)),
      async (options) => Reflect.construct(Store, [options]).runIds(),
      () => ({}),
    ),
  );
});

const reduce = () => 0;

/** Stores of which one cannot do what is asked of it. */
function lacking(methods: { snapshots: string[]; events: string[] }): fc.Arbitrary<object> {
  const good = untouchable();
  const without = (['snapshots', 'events'] as const).flatMap((store) =>
    methods[store].map((method) => ({ ...good, [store]: { ...good[store], [method]: 'no method' } })),
  );
  return fc.constantFrom(...without);
}

/** What every function that knows the definition of a run is given. */
const ofDefinition: Rules = {
  runId: isRunId,
  reduce: isMethod,
  version: optional(isInteger(1)),
  upcast: optional(isMethod),
  migrate: optional(isMethod),
};

test('recover', () => {
  const good = { runId: 'a', reduce, initialState: 0 };
  const bad = [
    ...badOptions(untouchable(), {
      snapshots: (value) => has(value, 'loadLatest'),
      events: (value) => has(value, 'head', 'scan', 'base'),
    }),
    lacking({ snapshots: ['loadLatest'], events: ['head', 'scan', 'base'] }),
  ].map((one) => one.map((stores) => ({ ...good, stores })));
  return expectRefused(
    [...bad, ...badOptions({ ...good, stores: untouchable() }, ofDefinition)],
    (options) => kernel.recover?.(options),
    (options) => ({ operation: 'recover', runId: field(options, 'runId') }),
  );
});

const storesOfRun: Rules = {
  snapshots: (value) => has(value, 'loadLatest', 'save', 'delete'),
  events: (value) => has(value, 'head', 'scan', 'append', 'compact', 'base'),
  databaseName: optional((value) => typeof value === 'string'),
};
const ofBoth: Rules = { ...ofDefinition, onError: optional(isMethod) };

test.each([
  ['followRun', ofBoth],
  [
    'openRun',
    {
      ...ofBoth,
      snapshotEvery: optional(isInteger(1)),
      keepEvents: optional(isInteger(1)),
      ifOwned: optional(isOneOf('wait', 'fail', 'steal')),
      onWait: optional(isMethod),
      requireDurable: optional((value) => typeof value === 'boolean'),
      freeze: optional((value) => typeof value === 'boolean'),
      signal: optional((value) => value instanceof AbortSignal),
    },
  ],
])('%s', (operation, rules) => {
  const good = { runId: 'a', reduce, initialState: 0, stores: untouchable() };
  const badStores = [
    ...badOptions(untouchable(), storesOfRun, optional(isObject)),
    lacking({
      snapshots: ['loadLatest', 'save', 'delete'],
      events: ['head', 'scan', 'append', 'compact', 'base'],
    }),
  ];
  const bad = badStores.map((one) => one.map((stores) => ({ ...good, stores })));
  return expectRefused(
    [...bad, ...badOptions(good, rules)],
    (options) => kernel[operation]?.(options),
    (options) => ({ operation, runId: field(options, 'runId') }),
  );
});

test.each([
  ['openRun', openRun],
  ['followRun', followRun],
] as const)('subscribe and onEvent of %s: bad listeners', async (_, open) => {
  const stores = { snapshots: new InMemorySnapshotStore<number>(), events: new InMemoryEventStore<number>() };
  await using run = await open({ runId: 'a', reduce, initialState: 0, stores });
  for (const operation of ['subscribe', 'onEvent']) {
    await expectRefused(
      against(isMethod),
      async (listener) => untyped(run)[operation]?.(listener),
      () => ({ operation, runId: 'a' }),
    );
  }
});

test.each(['deleteRun', 'ownerOf'])('%s', (operation) =>
  expectRefused(
    badOptions({ runId: 'a', stores: untouchable() }, { runId: isRunId }),
    (options) => kernel[operation]?.(options),
    (options) => ({ operation, runId: field(options, 'runId') }),
  ),
);
