import { assert, assertEqual, assertRejects } from '../../src/conformance/assert.ts';
import { openRun, openStores } from '../../src/index.ts';
import { type FaultyFactory, fire, injected, openRequest, settled } from './faulty-factory.ts';
import {
  assertNothingElse,
  assertRefused,
  assertWorks,
  type FaultCase,
  faultCase,
  runOf,
  storesOf,
  turn,
  withProperty,
  withTimers,
  writeSomething,
} from './scene.ts';

const failures = [
  ['SecurityError', 'injected', 'unavailable'],
  // What private windows of some browsers say.
  [
    'InvalidStateError',
    'A mutation operation was attempted on a database that did not allow mutations.',
    'unavailable',
  ],
  ['UnknownError', 'Internal error opening backing store for indexedDB.open.', 'unavailable'],
  ['QuotaExceededError', 'injected', 'quota'],
  ['AbortError', 'injected', 'connection-lost'],
  ['VersionError', 'injected', 'newer-version'],
] as const;

export const openingCases: readonly FaultCase[] = [
  ...failures.map(([name, message, code]) =>
    faultCase(`open fails with ${name}: ${code}, and the next call opens again`, async (factory) => {
      const stores = storesOf(factory);
      factory.instead = () => openRequest(injected(name, message));
      await assertRefused(stores, code);
      factory.instead = undefined;
      await assertWorks(stores);
    }),
  ),

  ...['SecurityError', 'InvalidStateError'].map((name) =>
    faultCase(`open throws a ${name}: unavailable, and the next call opens again`, async (factory) => {
      const stores = storesOf(factory);
      factory.instead = () => {
        throw injected(name);
      };
      await assertRefused(stores, 'unavailable');
      factory.instead = undefined;
      await assertWorks(stores);
    }),
  ),

  faultCase('open never settles: timeout, and the next call opens again', (factory) =>
    withTimers(async (runOut) => {
      const stores = storesOf(factory);
      factory.instead = () => openRequest();
      const refused = assertRefused(stores, 'timeout');
      await runOut();
      await refused;
      factory.instead = undefined;
      await assertWorks(stores);
    }),
  ),

  faultCase('open settles too late: the next call uses its connection', (factory) =>
    withTimers(async (runOut) => {
      const stores = storesOf(factory);
      const late = await tooLate(factory, stores, runOut);
      await late.settle();
      factory.instead = () => {
        throw injected('it was opened once more');
      };
      await assertWorks(stores);
    }),
  ),

  faultCase('open settles too late, when it was opened again: its connection is closed', (factory) =>
    withTimers(async (runOut) => {
      const stores = storesOf(factory);
      const late = await tooLate(factory, stores, runOut);
      await assertWorks(stores);
      const [used] = factory.connections;
      const connection = await late.settle();
      await stores.events.head('a');
      assertEqual(await thrownBy(() => connection.transaction('events')), 'InvalidStateError', 'its state');
      assert(used?.transaction('events') !== undefined, 'the one in use is open');
    }),
  ),

  faultCase('open is blocked by an old tab: blocked, and the next call opens again', (factory) =>
    withTimers(async (runOut) => {
      const stores = storesOf(factory);
      const requests: IDBOpenDBRequest[] = [];
      factory.instead = () => {
        const request = openRequest();
        requests.push(request);
        return request;
      };
      const refused = assertRefused(stores, 'blocked');
      while (requests.length === 0) await turn();
      for (const request of requests) fire(request, 'blocked');
      await runOut();
      await refused;
      factory.instead = undefined;
      await assertWorks(stores);
    }),
  ),

  faultCase(
    'open waits for a deletion that an old tab blocks: it opens once that tab is gone',
    async (factory) => {
      const oldTab = await settled(factory.otherPage().open('rewake', 1));
      const deletion = settled(factory.otherPage().deleteDatabase('rewake'));
      const works = assertWorks(storesOf(factory));
      oldTab.close();
      await deletion;
      await works;
    },
  ),

  faultCase(
    'a database of a newer version: newer-version, never memory, and it is left as it is',
    async (factory) => {
      const newer = await settled(factory.open('rewake', 2));
      newer.close();
      await assertRefused(storesOf(factory), 'newer-version');
      await assertRejects(() => openStores({ indexedDB: factory }), {
        name: 'KernelError',
        code: 'newer-version',
      });
      assertEqual(await factory.databases(), [{ name: 'rewake', version: 2 }], 'the database');
    },
  ),

  faultCase('a database of somebody else: unreadable, and it is left as it is', async (factory) => {
    const request = factory.open('rewake', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('theirs');
    (await settled(request)).close();
    await assertRefused(storesOf(factory), 'unreadable');
    const theirs = await settled(factory.open('rewake'));
    assertEqual([...theirs.objectStoreNames], ['theirs'], 'the object stores');
    theirs.close();
  }),

  ...(
    [
      ['is missing', { value: undefined }],
      [
        'throws when it is looked up',
        {
          get() {
            throw injected('SecurityError');
          },
        },
      ],
    ] as const
  ).map(([what, property]) =>
    faultCase(`the platform's indexedDB ${what}: unavailable, and openStores falls back to memory`, () =>
      withProperty(globalThis, 'indexedDB', property, async () => {
        const databaseName = crypto.randomUUID();
        await assertFallsBack({ databaseName });
      }),
    ),
  ),

  ...failures.slice(0, 3).map(([name, message]) =>
    faultCase(
      `open fails with ${name}: openStores falls back to memory, says why, and stays there`,
      async (factory) => {
        factory.instead = () => openRequest(injected(name, message));
        const stores = await assertFallsBack({ indexedDB: factory });
        factory.instead = undefined;
        await assertWorks(stores);
        assertEqual(await factory.databases(), [], 'the databases');
      },
    ),
  ),

  faultCase('open never settles: openStores rejects with timeout, and never takes memory', (factory) =>
    withTimers(async (runOut) => {
      const late = openRequest();
      factory.instead = () => late;
      const opening = openStores({ indexedDB: factory });
      opening.catch(() => {});
      await runOut();
      await assertRejects(() => opening, { name: 'KernelError', code: 'timeout' });
      factory.instead = undefined;
      await settleLate(factory, late);
      const stores = await openStores<unknown, unknown>({ indexedDB: factory });
      assertEqual(stores.backend, 'indexeddb', 'the backend');
      await assertWorks(stores);
    }),
  ),

  faultCase(
    'the browser has lost the database: data-lost, with what it says, once and for all who open it',
    async (factory) => {
      factory.lossMessage = 'Corruption: injected';
      await storesOf(factory).events.runIds();
      factory.lossMessage = undefined;
      const stores = await openStores<unknown, unknown>({ indexedDB: factory });
      const dataLoss = stores.backend === 'indexeddb' ? stores.dataLoss : undefined;
      assertEqual([stores.backend, dataLoss?.code], ['indexeddb', 'data-lost'], 'the stores');
      assert(
        dataLoss?.message.includes('Corruption: injected') ?? false,
        `«${dataLoss}» has the browser's words`,
      );
      const run = await openRun({
        ...runOf(stores),
        stores: { ...runOf(stores).stores, ...(dataLoss && { dataLoss }) },
        runId: 'a',
        ifOwned: 'fail',
      });
      assertEqual(run.dataLoss, dataLoss, 'of the run');
      await run.append('one');
      await run.close();
      const next = await openStores({ indexedDB: factory.otherPage() });
      assert(!('dataLoss' in next), 'the next page hears nothing');
    },
  ),

  faultCase('what falls ill after openStores found it well never falls back to memory', async (factory) => {
    const stores = await openStores<unknown, unknown>({ indexedDB: factory });
    await writeSomething(stores);
    factory.instead = () => openRequest(injected('UnknownError', 'Internal error opening backing store.'));
    factory.dropConnections();
    await assertRefused(stores, 'unavailable');
    factory.instead = undefined;
    await assertNothingElse(stores);
    await assertNothingElse(storesOf(factory.otherPage()));
  }),
];

/** Opens stores in memory, which say why. */
async function assertFallsBack(options: Parameters<typeof openStores>[0]) {
  const stores = await openStores<unknown, unknown>(options);
  assert(stores.backend === 'memory', 'the backend is memory');
  assertEqual([stores.reason.name, stores.reason.code], ['KernelError', 'unavailable'], 'the reason');
  await assertWorks(stores);
  return stores;
}

/** The stores have given up on a request to open that can still be settled. */
async function tooLate(
  factory: FaultyFactory,
  stores: ReturnType<typeof storesOf>,
  runOut: () => Promise<void>,
) {
  const late = openRequest();
  factory.instead = () => late;
  const refused = assertRefused(stores, 'timeout');
  await runOut();
  await refused;
  factory.instead = undefined;
  return { settle: () => settleLate(factory, late) };
}

async function settleLate(factory: FaultyFactory, late: IDBOpenDBRequest): Promise<IDBDatabase> {
  const request = factory.otherPage().open('rewake', 1);
  request.onupgradeneeded = () => {
    Object.assign(late, { result: request.result });
    fire(late, 'upgradeneeded');
  };
  const connection = await settled(request);
  Object.assign(late, { readyState: 'done', result: connection });
  fire(late, 'success');
  await turn();
  return connection;
}

async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return Object(error).name;
  }
}
