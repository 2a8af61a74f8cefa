import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import {
  IndexedDbEventStore,
  IndexedDbSnapshotStore,
  InMemoryEventStore,
  InMemorySnapshotStore,
  openRun,
  openStores,
  type RunDefinition,
} from 'rewake';
import { expect, test } from 'vitest';

const counter: RunDefinition<number, number> = { initialState: 0, reduce: (sum, add) => sum + add };

/** What README.md says in *Testing your app*, for each environment of vitest. */
export function testingYourApp(): void {
  const pairs = {
    'a database of its own': () => openStores<number, number>({ databaseName: crypto.randomUUID() }),
    'a pair in memory': async () => ({
      snapshots: new InMemorySnapshotStore<number>(),
      events: new InMemoryEventStore<number>(),
    }),
  };

  test.each(Object.entries(pairs))('%s isolates a test, and a crashed run is stolen', async (_, open) => {
    const other = await openRun({ runId: 'a', ...counter, stores: await open() });
    await other.append(7);
    const stores = await open();
    const crashed = await openRun({ runId: 'a', ...counter, stores, onError: () => {} });
    expect(crashed.state).toBe(0);
    await crashed.append(2);
    const next = await openRun({ runId: 'a', ...counter, stores, ifOwned: 'steal' });
    expect([next.state, await next.append(3), (await crashed.closed)?.code]).toEqual([2, 2, 'conflict']);
    await Promise.all([next.close(), other.close()]);
  });

  test('a fresh pair on the same database takes nothing from a run that crashed, which is fenced', async () => {
    const databaseName = crypto.randomUUID();
    const pair = () => ({
      snapshots: new IndexedDbSnapshotStore<number>({ databaseName }),
      events: new IndexedDbEventStore<number>({ databaseName }),
    });
    const crashed = await openRun({ runId: 'a', ...counter, stores: pair(), onError: () => {} });
    await crashed.append(2);
    const next = await openRun({ runId: 'a', ...counter, stores: pair(), ifOwned: 'fail' });
    expect([next.state, await next.append(3), crashed.status]).toEqual([2, 2, 'open']);
    await expect(crashed.append(4)).rejects.toMatchObject({ code: 'conflict' });
    expect(crashed.status).toBe('closed');
    await next.close();
  });

  test('another indexedDB in its place does not isolate', async () => {
    const first = await openStores<number, number>();
    await first.events.append('left over', [1]);
    const before = globalThis.indexedDB;
    globalThis.indexedDB = new IDBFactory();
    const second = await openStores<number, number>();
    expect(await second.events.runIds()).toContain('left over');
    globalThis.indexedDB = before;
  });
}
