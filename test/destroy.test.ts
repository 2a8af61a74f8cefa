import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { destroy, IndexedDbEventStore, KernelError, openRun, openStores } from 'rewake';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

let factory: IDBFactory;

beforeEach(() => {
  factory = new IDBFactory();
});

afterEach(() => {
  vi.useRealTimers();
});

/** The same databases as another page has them, which shares no connection with this one. */
const otherPage = (): IDBFactory =>
  Object.assign(Object.create(factory), {
    open: (...args: [string]) => factory.open(...args),
    deleteDatabase: (name: string) => factory.deleteDatabase(name),
  });

const run = { id: 'a', reduce: (sum: number, event: number) => sum + event, initialState: 0 };

/** Opened by something that does not care who else wants the database. */
function holdOpen(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

test('every run of the database is gone, the other databases stay, and the next call begins anew', async () => {
  const [user, other] = ['user 1', 'user 2'].map(
    (databaseName) => new IndexedDbEventStore<number>({ databaseName, indexedDB: factory }),
  );
  await user?.append('a', [1]);
  await other?.append('a', [2]);
  await destroy({ databaseName: 'user 1', indexedDB: factory });
  expect((await factory.databases()).map(({ name }) => name)).toEqual(['user 2']);
  expect(await user?.runIds()).toEqual([]);
  expect(await user?.append('a', [3])).toMatchObject({ seq: 1 });
  expect((await other?.scan('a', 1))?.events).toEqual([{ seq: 1, event: 2 }]);
});

test('where there is no such database, that is how it stays', async () => {
  await destroy({ indexedDB: factory });
  expect(await factory.databases()).toEqual([]);
});

test('what is being written is committed before, here and in other tabs, which let go by themselves', async () => {
  const here = new IndexedDbEventStore<number>({ indexedDB: factory });
  const there = new IndexedDbEventStore<number>({ indexedDB: otherPage() });
  await there.append('b', [1]);
  await here.append('a', [1]);
  const writes = Promise.all([here.append('a', [2]), there.append('b', [2])]);
  await destroy({ indexedDB: factory });
  expect((await writes).map(({ seq }) => seq)).toEqual([2, 2]);
  expect(await there.runIds()).toEqual([]);
});

test('a run that is live in another tab closes itself with conflict, and writes nothing', async () => {
  const reports: unknown[] = [];
  const live = await openRun({
    ...run,
    stores: await openStores<number, number>({ indexedDB: otherPage() }),
    onReport: ({ code }) => reports.push(code),
  });
  await live.append(1);
  await destroy({ indexedDB: factory });
  await expect(live.append(2)).rejects.toMatchObject({ code: 'conflict', expected: 1, actual: 0 });
  expect(reports).toEqual(['conflict']);
  const { events, snapshots } = await openStores({ indexedDB: factory });
  expect(await events.runIds()).toEqual([]);
  expect(await snapshots.runIds()).toEqual([]);
});

test('something else holds it open: blocked, and it is deleted as soon as that lets go', async () => {
  const events = new IndexedDbEventStore<number>({ indexedDB: factory });
  await events.append('a', [1]);
  const held = await holdOpen('rewake');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const rejected = destroy({ indexedDB: factory }).catch((error: unknown) => error);
  await new Promise<void>((resolve) => {
    held.onversionchange = () => resolve();
  });
  // Its own event comes after that of the connection that is in the way.
  await new Promise(setImmediate);
  await vi.advanceTimersByTimeAsync(10_000);
  const error = await rejected;
  expect(error).toBeInstanceOf(KernelError);
  expect(error).toMatchObject({ code: 'blocked', operation: 'destroy' });
  vi.useRealTimers();
  held.close();
  expect(await events.runIds()).toEqual([]);
});

test('no IndexedDB: unavailable', async () => {
  vi.stubGlobal('indexedDB', undefined);
  await expect(destroy()).rejects.toMatchObject({ code: 'unavailable', operation: 'destroy' });
  vi.unstubAllGlobals();
});
