import { InMemoryEventStore, InMemorySnapshotStore, openRun, openStores } from 'rewake';
import { type StorageOptions, storageReport } from 'rewake/storage';
import { afterEach, expect, test, vi } from 'vitest';
import { FaultyFactory } from './faulty-factory.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A browser that answers this; a function throws or rejects. */
function browser(storage: Partial<StorageManager> | undefined): void {
  vi.stubGlobal('navigator', storage && { storage });
}

const estimate =
  (usage: number | undefined, quota: number | undefined) => async (): Promise<StorageEstimate> => ({
    ...(usage !== undefined && { usage }),
    ...(quota !== undefined && { quota }),
  });

test('tells what is used, what there is, and that the browser may take it back', async () => {
  browser({ estimate: estimate(12_345_678, 2_000_000_000), persisted: async () => false });
  expect(await storageReport()).toEqual({
    ...{ usage: 12_345_678, quota: 2_000_000_000, persisted: false },
    message:
      'This site uses 12.3 MB of the 2.0 GB that the browser gives it. ' +
      'The browser may delete it if the disk is full, or if you do not come back for a long time.',
  });
});

test('tells that it stays', async () => {
  browser({ estimate: estimate(0, 1_000), persisted: async () => true });
  expect(await storageReport()).toEqual({
    ...{ usage: 0, quota: 1_000, persisted: true },
    message: 'This site uses 0.0 kB of the 1.0 kB that the browser gives it. It stays until you delete it.',
  });
});

test.each([
  [1, '0.0 kB'],
  [50, '0.1 kB'],
  [1_000, '1.0 kB'],
  [999_940, '999.9 kB'],
  [999_950, '1.0 MB'],
  [5e12, '5.0 TB'],
  [5e15, '5000.0 TB'],
])('%d bytes are %s', async (usage, text) => {
  browser({ estimate: estimate(usage, 1) });
  expect((await storageReport()).message).toContain(`uses ${text} of`);
});

const silent = { message: 'The browser does not say how much room there is.' };
const refuses = () => Promise.reject(new DOMException('', 'SecurityError'));
const throws = () => {
  throw new TypeError('opaque origin');
};
test.each<[string, Partial<StorageManager> | undefined, object]>([
  ['has no navigator', undefined, silent],
  ['has no such thing', {}, silent],
  ['refuses it', { estimate: refuses, persisted: refuses }, silent],
  ['throws', { estimate: throws, persisted: throws }, silent],
  ['tells no quota', { estimate: estimate(5, undefined) }, { ...silent, usage: 5 }],
  ['tells no usage', { estimate: estimate(undefined, 5) }, { ...silent, quota: 5 }],
  [
    'tells whether it stays, and no more',
    { persisted: async () => true },
    { persisted: true, message: `${silent.message} It stays until you delete it.` },
  ],
])('what a browser that %s does not tell is missing', async (_, storage, expected) => {
  browser(storage);
  expect(await storageReport()).toEqual(expected);
});

test('of stores in memory, it tells that', async () => {
  vi.stubGlobal('indexedDB', undefined);
  browser({ estimate: estimate(1, 2), persisted: async () => true });
  const stores = await openStores({ databaseName: crypto.randomUUID() });
  expect(await storageReport({ stores })).toMatchObject({
    usage: 1,
    message: 'This page keeps everything in memory: it is lost when the page is closed or reloaded.',
  });
});

test('takes a run, and tells that the browser has lost its database', async () => {
  browser({ estimate: estimate(1, 2) });
  const dataLoss = new Error('corrupt');
  expect((await storageReport({ stores: { backend: 'indexeddb', dataLoss } })).message).toMatch(
    /^The browser has lost what was stored here before\. This site uses 0\.0 kB/,
  );
  const stores = {
    snapshots: new InMemorySnapshotStore<number>(),
    events: new InMemoryEventStore<number>(),
    backend: 'memory',
  };
  const run = await openRun({ runId: 'a', initialState: 0, reduce: (n: number) => n, stores });
  expect((await storageReport({ stores: run })).message).toContain('in memory');
  await run.close();
  const durable = await openStores({ indexedDB: new FaultyFactory() });
  expect((await storageReport({ stores: durable })).message).toMatch(/^This site uses/);
});

test.each([null, 1, 'text', { stores: 1 }, { stores: null }])('refuses %o', async (options) => {
  await expect(storageReport(options as StorageOptions)).rejects.toMatchObject({
    ...{ code: 'invalid-argument', operation: 'storageReport' },
  });
});
