import { assert, assertEqual, assertRejects } from '../../src/conformance/assert.ts';
import { openStores } from '../../src/index.ts';
import { type FaultyFactory, fire, lostServer, openRequest, settled, silence } from './faulty-factory.ts';
import {
  assertNothingElse,
  assertRefused,
  assertWorks,
  type FaultCase,
  faultCase,
  type Stores,
  storesOf,
  writeSomething,
} from './scene.ts';

const name = 'EventStoreError';

async function opened(factory: FaultyFactory): Promise<{ stores: Stores; connection: IDBDatabase }> {
  const stores = storesOf(factory);
  await writeSomething(stores);
  const [connection] = factory.connections;
  assert(connection !== undefined && factory.connections.length === 1, 'there is one connection for both');
  return { stores, connection };
}

export const connectionCases: readonly FaultCase[] = [
  faultCase(
    'the connection turns out to be closing: it is opened again, once, and nobody notices',
    async (factory) => {
      const { stores, connection } = await opened(factory);
      connection.close();
      const state = { captured: 'at the call' };
      const save = stores.snapshots.save({ runId: 'a', atSeq: 2, state });
      state.captured = 'later';
      await save;
      assertEqual((await stores.events.append('a', ['three'])).seq, 3, 'the head');
      const saved = await stores.snapshots.loadLatest('a');
      assertEqual(saved?.state, { captured: 'at the call' }, 'the state');
      assertEqual(factory.connections.length, 2, 'the connections');
    },
  ),

  faultCase('the connection is closing as soon as it is open: it is opened once more', async (factory) => {
    const { stores, connection } = await opened(factory);
    connection.close();
    let closing = 2;
    factory.beforeTransaction = (next) => {
      if (closing-- > 0) next.close();
    };
    assertEqual((await stores.events.append('a', ['three'])).seq, 3, 'the head');
    assertEqual(factory.connections.length, 3, 'the connections');
  }),

  faultCase('the connection is always closing: connection-lost, and the next call works', async (factory) => {
    const { stores } = await opened(factory);
    factory.beforeTransaction = (connection) => connection.close();
    await assertRefused(stores, 'connection-lost');
    factory.beforeTransaction = undefined;
    assertEqual(factory.connections.length, 3, 'the connections, of which two were tried in vain');
    await assertNothingElse(stores);
    await assertWorks(stores);
  }),

  faultCase(
    'the browser closes the connection between calls: nothing is tried on it any more',
    async (factory) => {
      const { stores, connection } = await opened(factory);
      factory.dropConnections();
      const tried: IDBDatabase[] = [];
      factory.beforeTransaction = (next) => tried.push(next);
      assertEqual((await stores.events.append('a', ['three'])).seq, 3, 'the head');
      assert(tried.length > 0 && !tried.includes(connection), 'only the new one is tried');
    },
  ),

  faultCase(
    'the browser closes the connection during a write: connection-lost, nothing half written',
    async (factory) => {
      const { stores } = await opened(factory);
      // One at a time. A page that aborts a transaction that waits for another, and then closes the connection, never
      // hears of its end in WebKit (2.50). Only this disguise does that: if nothing is aborted, each gets its end.
      const writes = [
        [name, () => stores.events.append('a', ['new'])],
        ['SnapshotStoreError', () => stores.snapshots.save({ runId: 'a', atSeq: 9, state: 9 })],
      ] as const;
      for (const [name, write] of writes) {
        const writing = write();
        factory.dropConnections();
        await assertRejects(() => writing, { name, code: 'connection-lost' });
        await assertNothingElse(stores);
      }
      await assertWorks(stores);
      assertEqual(factory.connections.length, 1, 'the connections');
    },
  ),

  faultCase(
    'the browser closes the connection during a read: connection-lost, and the next read works',
    async (factory) => {
      const { stores } = await opened(factory);
      const scan = stores.events.scan('a', 1);
      factory.dropConnections();
      await assertRejects(() => scan, { name, code: 'connection-lost' });
      await assertNothingElse(stores);
    },
  ),

  faultCase(
    'the browser closes the connection during a burst: what waited is written by the next',
    async (factory) => {
      const { stores } = await opened(factory);
      const lost = stores.events.append('a', ['lost']);
      factory.dropConnections();
      const waiting = [stores.events.append('a', ['three']), stores.events.append('a', ['four'])];
      await assertRejects(() => lost, { name, code: 'connection-lost' });
      const heads = await Promise.all(waiting);
      assertEqual(
        heads.map(({ seq }) => seq),
        [3, 4],
        'the heads',
      );
    },
  ),

  faultCase(
    'the browser closes the connection and never says what became of its transactions: connection-lost',
    async (factory) => {
      const { stores, connection } = await opened(factory);
      factory.onTransaction = silence;
      const lost = stores.events.append('a', ['lost']);
      const waiting = [stores.events.append('a', ['three']), stores.events.append('a', ['four'])];
      const scan = stores.events.scan('a', 1);
      const load = stores.snapshots.loadLatest('a');
      factory.onTransaction = undefined;
      const refused = [lost, scan].map((call) =>
        assertRejects(() => call, { name, code: 'connection-lost' }),
      );
      refused.push(assertRejects(() => load, { name: 'SnapshotStoreError', code: 'connection-lost' }));
      for (const transaction of factory.transactions.slice(-3)) transaction.abort();
      connection.close();
      fire(connection, 'close');
      await Promise.all(refused);
      const heads = await Promise.all(waiting);
      assertEqual(
        heads.map(({ seq }) => seq),
        [3, 4],
        'the heads',
      );
    },
  ),

  faultCase('the database is deleted underneath: it lets go, and begins an empty one', async (factory) => {
    const { stores } = await opened(factory);
    await settled(factory.deleteDatabase('rewake'));
    assertEqual((await stores.events.head('a')).seq, 0, 'the head');
    const append = () => stores.events.append('a', ['three'], { expectedHead: 2 });
    await assertRejects(append, { name, code: 'conflict' });
    assertEqual(await stores.snapshots.loadLatest('a'), undefined, 'the snapshot');
    await assertWorks(stores);
  }),

  faultCase(
    'the database is deleted during an append, and a save that waits for it: both are committed before, and gone after',
    async (factory) => {
      const { stores } = await opened(factory);
      const append = stores.events.append('a', ['three']);
      const save = stores.snapshots.save({ runId: 'a', atSeq: 2, state: 2 });
      const deletion = settled(factory.otherPage().deleteDatabase('rewake'));
      assertEqual((await append).seq, 3, 'the head');
      await save;
      await deletion;
      assertEqual(await stores.events.runIds(), [], 'the runs');
      await assertWorks(stores);
    },
  ),

  faultCase('a newer release upgrades the database from another tab: newer-version', async (factory) => {
    const { stores } = await opened(factory);
    const newer = await settled(factory.otherPage().open('rewake', 2));
    await assertRefused(stores, 'newer-version');
    newer.close();
  }),

  faultCase(
    'a newer release upgrades the database during an append: that one is committed',
    async (factory) => {
      const { stores } = await opened(factory);
      const append = stores.events.append('a', ['three']);
      const upgrade = settled(factory.otherPage().open('rewake', 2));
      const { seq, logId } = await append;
      assertEqual(seq, 3, 'the head');
      const newer = await upgrade;
      await assertRefused(stores, 'newer-version');
      const log = newer.transaction('events').objectStore('events');
      const keys = await settled(log.getAllKeys());
      assertEqual(
        keys.slice(-2),
        [
          ['a', 3],
          ['a', [logId]],
        ],
        'the last keys',
      );
      newer.close();
    },
  ),

  faultCase(
    'an upgrade from another tab is given up: it lets go, and goes on with all it had',
    async (factory) => {
      const { stores } = await opened(factory);
      const upgrade = factory.otherPage().open('rewake', 2);
      upgrade.onupgradeneeded = () => upgrade.transaction?.abort();
      assertEqual(await settled(upgrade).catch(({ name }) => name), 'AbortError', 'the upgrade');
      await assertNothingElse(stores);
      await assertWorks(stores);
      assertEqual(factory.connections.length, 2, 'the connections');
    },
  ),

  faultCase(
    'WebKit lost its server: connection-lost, never memory, and the next call opens again',
    async (factory) => {
      const { stores } = await opened(factory);
      factory.instead = () => openRequest(lostServer);
      factory.dropConnections();
      await assertRefused(stores, 'connection-lost');
      const refused = { name: 'KernelError', code: 'connection-lost' } as const;
      await assertRejects(() => openStores({ indexedDB: factory }), refused);
      factory.instead = undefined;
      await assertNothingElse(stores);
      await assertWorks(stores);
    },
  ),
];
