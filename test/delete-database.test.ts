import { deleteDatabase, IndexedDbEventStore, KernelError, openRun, openStores } from 'rewake';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeLocks } from './fake-locks.ts';
import { storesOf } from './fault-cases/scene.ts';
import { FaultyFactory, settled } from './faulty-factory.ts';
import { turn } from './turn.ts';

let factory: FaultyFactory;

beforeEach(() => {
  factory = new FaultyFactory();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const run = { runId: 'a', reduce: (sum: number, event: number) => sum + event, initialState: 0 };

test('every run of the database is gone, the other databases stay, and the next call begins anew', async () => {
  const [user, other] = ['user 1', 'user 2'].map(
    (databaseName) => new IndexedDbEventStore<number>({ databaseName, indexedDB: factory }),
  );
  await user?.append('a', [1]);
  await other?.append('a', [2]);
  await deleteDatabase({ databaseName: 'user 1', indexedDB: factory });
  expect((await factory.databases()).map(({ name }) => name)).toEqual(['user 2']);
  expect(await user?.runIds()).toEqual([]);
  expect(await user?.append('a', [3])).toMatchObject({ seq: 1 });
  expect((await other?.scan('a', 1))?.events).toMatchObject([{ seq: 1, event: 2 }]);
});

test('where there is no such database, that is how it stays', async () => {
  await deleteDatabase({ indexedDB: factory });
  expect(await factory.databases()).toEqual([]);
});

test('what is being written is committed before, here and in other tabs, which let go by themselves', async () => {
  const here = new IndexedDbEventStore<number>({ indexedDB: factory });
  const there = new IndexedDbEventStore<number>({ indexedDB: factory.otherPage() });
  await there.append('b', [1]);
  await here.append('a', [1]);
  const writes = Promise.all([here.append('a', [2]), there.append('b', [2])]);
  await deleteDatabase({ indexedDB: factory });
  expect((await writes).map(({ seq }) => seq)).toEqual([2, 2]);
  expect(await there.runIds()).toEqual([]);
});

test('a run that is live in another tab closes itself with conflict, and writes nothing', async () => {
  // Node 24 and later have Web Locks.
  vi.stubGlobal('navigator', {});
  const reports: unknown[] = [];
  const live = await openRun({
    ...run,
    stores: await openStores<number, number>({ indexedDB: factory.otherPage() }),
    onError: ({ code }) => reports.push(code),
  });
  await live.append(1);
  await deleteDatabase({ indexedDB: factory });
  await expect(live.append(2)).rejects.toMatchObject({ code: 'conflict', expected: 1, actual: 0 });
  expect(reports).toEqual(['conflict']);
  const { events, snapshots } = await openStores({ indexedDB: factory });
  expect(await events.runIds()).toEqual([]);
  expect(await snapshots.runIds()).toEqual([]);
});

test('something else holds it open: blocked, and it is deleted as soon as that lets go', async () => {
  const events = new IndexedDbEventStore<number>({ indexedDB: factory });
  await events.append('a', [1]);
  const held = await settled(factory.otherPage().open('rewake'));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const rejected = deleteDatabase({ indexedDB: factory }).catch((error: unknown) => error);
  await new Promise<void>((resolve) => {
    held.onversionchange = () => resolve();
  });
  // Its own event comes after that of the connection that is in the way.
  await turn();
  await vi.advanceTimersByTimeAsync(10_000);
  const error = await rejected;
  expect(error).toBeInstanceOf(KernelError);
  expect(error).toMatchObject({ code: 'blocked', operation: 'deleteDatabase' });
  vi.useRealTimers();
  held.close();
  expect(await events.runIds()).toEqual([]);
});

describe('what was called before does not bring data back', () => {
  const names = async () => (await factory.databases()).map(({ name }) => name);

  test('saves and appends that wait in another tab reject with connection-lost', async () => {
    const there = await openStores<string, number>({ indexedDB: factory.otherPage() });
    const { logId } = await there.events.append('a', [1]);
    const writes = [
      there.snapshots.save({ runId: 'a', atSeq: 1, logId, state: 'in flight' }),
      there.snapshots.save({ runId: 'b', atSeq: 1, state: 'secret' }),
      there.snapshots.delete('c'),
      there.snapshots.save({ runId: 'a', atSeq: 1, logId, state: 'secret' }),
      there.events.append('a', [2]),
      there.events.append('b', [3]),
      there.events.append('a', [4], { expectedHead: 2 }),
      there.events.delete('c'),
      there.events.append('c', [5]),
    ];
    const settled = Promise.allSettled(writes);
    await deleteDatabase({ indexedDB: factory });
    const codes = (await settled).map((outcome) =>
      outcome.status === 'fulfilled' ? 'written' : outcome.reason.code,
    );
    const lost = 'connection-lost';
    expect(codes).toEqual(['written', lost, lost, lost, 'written', lost, lost, lost, lost]);
    expect(await names()).toEqual([]);
    // What is called now begins a new one.
    await there.events.append('d', [1]);
    expect(await there.events.runIds()).toEqual(['d']);
  });

  test('nor do writes that wait for the database to open', async () => {
    const { snapshots, events } = storesOf(factory);
    const writes = [
      snapshots.save({ runId: 'a', atSeq: 1, state: 'secret' }),
      snapshots.delete('a'),
      events.append('a', [1]),
      events.append('b', [1], { expectedHead: 0 }),
      events.delete('a'),
    ];
    const refused = writes.map((write) => expect(write).rejects.toMatchObject({ code: 'connection-lost' }));
    await deleteDatabase({ indexedDB: factory });
    await Promise.all(refused);
    expect(await names()).toEqual([]);
  });

  test('a snapshot of a log that is gone is refused: conflict', async () => {
    const there = await openStores<string, number>({ indexedDB: factory.otherPage() });
    const { logId } = await there.events.append('a', [1]);
    await deleteDatabase({ indexedDB: factory });
    const save = there.snapshots.save({ runId: 'a', atSeq: 1, logId, state: 'secret' });
    await expect(save).rejects.toMatchObject({ code: 'conflict', name: 'SnapshotStoreError' });
    expect(await there.snapshots.runIds()).toEqual([]);
  });
});

describe('with Web Locks', () => {
  beforeEach(() => {
    vi.stubGlobal('navigator', { locks: new FakeLocks() });
  });

  test('live runs close at once, and say why', async () => {
    const reports: KernelError[] = [];
    const stores = await openStores<number, number>({ indexedDB: factory.otherPage() });
    const runs = await Promise.all(
      ['a', 'b'].map((runId) => openRun({ ...run, runId, stores, onError: (error) => reports.push(error) })),
    );
    const other = {
      ...run,
      stores: await openStores<number, number>({ databaseName: 'other', indexedDB: factory }),
    };
    const apart = await openRun(other);
    await deleteDatabase({ indexedDB: factory });
    expect(reports.map(({ code, runId }) => [code, runId])).toEqual([
      ['conflict', 'a'],
      ['conflict', 'b'],
    ]);
    expect(reports[0]?.message).toContain('being deleted');
    for (const ended of runs) {
      await expect(ended.append(1)).rejects.toMatchObject({ code: 'conflict' });
      await ended.close();
    }
    expect(await apart.append(1)).toBe(1);
    await apart.close();
    expect((await factory.databases()).map(({ name }) => name)).toEqual(['other']);
  });

  test('a run that is opened meanwhile waits, and begins anew', async () => {
    const stores = await openStores<number, number>({ indexedDB: factory.otherPage() });
    const former = await openRun({ ...run, stores });
    await former.append(1);
    await former.close();
    const held = await settled(factory.otherPage().open('rewake'));
    const destroyed = deleteDatabase({ indexedDB: factory });
    const opening = openRun({ ...run, stores });
    const first = await Promise.race([opening, new Promise((resolve) => setTimeout(resolve, 0, 'waits'))]);
    expect(first).toBe('waits');
    held.close();
    await destroyed;
    const again = await opening;
    expect(again.seq).toBe(0);
    expect(await again.append(2)).toBe(1);
    await again.close();
  });

  test('twice at once: both resolve, and nobody is kept out afterwards', async () => {
    const stores = await openStores<number, number>({ indexedDB: factory.otherPage() });
    await stores.events.append('a', [1]);
    await Promise.all([
      deleteDatabase({ indexedDB: factory }),
      deleteDatabase({ indexedDB: factory.otherPage() }),
    ]);
    expect(await factory.databases()).toEqual([]);
    await (await openRun({ ...run, stores })).close();
  });

  test('a platform that refuses the lock is no reason to keep the data', async () => {
    await new IndexedDbEventStore<number>({ indexedDB: factory }).append('a', [1]);
    const request = () => Promise.reject(new DOMException('injected', 'SecurityError'));
    vi.stubGlobal('navigator', { locks: { request } });
    await deleteDatabase({ indexedDB: factory });
    expect(await factory.databases()).toEqual([]);
  });
});

test('without IndexedDB, what is kept in memory in its place is deleted', async () => {
  vi.stubGlobal('indexedDB', undefined);
  const databaseName = 'in memory';
  const open = async () => (await openStores<number, number>({ databaseName })).events;
  await (await open()).append('a', [1]);
  expect(await (await open()).runIds()).toEqual(['a']);
  await deleteDatabase({ databaseName });
  expect(await (await open()).runIds()).toEqual([]);
});
