import { expect, test } from '@playwright/test';
import { note } from './checks.ts';
import { type FaultWindow, tab } from './tab.ts';

// More and larger than usual.

declare const window: FaultWindow;

test('10,000 runs in one database: each is listed, found and recovered', async ({ context }) => {
  const page = await tab(context);
  const seen = await page.evaluate(async () => {
    const { rewake } = window.page;
    const databases = [];
    for (const count of [10, 10_000]) {
      const databaseName = `${count} runs`;
      const events = new rewake.IndexedDbEventStore<number>({ databaseName, durability: 'relaxed' });
      const snapshots = new rewake.IndexedDbSnapshotStore<number>({ databaseName });
      const runIds = Array.from({ length: count }, (_, index) => `run ${index}`);
      const writing = performance.now();
      await Promise.all(
        runIds.map(async (runId, index) => {
          const { logId } = await events.append(runId, [index, 1, 1]);
          await snapshots.save({ runId, atSeq: 2, logId, state: index + 1 });
        }),
      );
      const written = performance.now() - writing;
      /** The median of 50 calls, each on another run. */
      const median = async (call: (runId: string) => Promise<unknown>) => {
        const times = [];
        for (let n = 0; n < 50; n++) {
          const start = performance.now();
          await call(`run ${(n * 211) % count}`);
          times.push(performance.now() - start);
        }
        return times.sort((a, b) => a - b)[25];
      };
      const same = (listed: string[]) => listed.sort().join() === [...runIds].sort().join();
      const listing = performance.now();
      const listed = same(await events.runIds()) && same(await snapshots.runIds());
      const reduce = (state: number, event: number) => state + event;
      const recover = (runId: string) =>
        rewake.recover({ runId, stores: { snapshots, events }, reduce, initialState: 0 });
      const { state, seq, snapshotSeq } = await recover(`run ${count - 3}`);
      databases.push({
        listed,
        recovered: [state, seq, snapshotSeq],
        times: {
          written,
          listed: performance.now() - listing,
          head: await median((runId) => events.head(runId)),
          loadLatest: await median((runId) => snapshots.loadLatest(runId)),
          recover: await median(recover),
        },
      });
    }
    return databases;
  });
  note(`of 10 and of 10,000, in ms: ${JSON.stringify(seen.map(({ times }) => times))}`);
  expect(seen).toMatchObject([
    { listed: true, recovered: [9, 3, 2] },
    { listed: true, recovered: [9_999, 3, 2] },
  ]);
});

test('a state of 50 MB: it is saved and loaded, every byte of it', async ({ context }) => {
  const page = await tab(context);
  const seen = await page.evaluate(async () => {
    const { bytes, openStores } = window.page;
    const { snapshots } = await openStores();
    const digest = async (data: BufferSource) =>
      String(new Uint8Array(await crypto.subtle.digest('SHA-256', data)));
    const state = { bytes: bytes(30_000_000), text: 'text, '.repeat(4_000_000) };
    const before = await digest(state.bytes);
    const saving = performance.now();
    await snapshots.save({ runId: 'a', atSeq: 1, state });
    const loading = performance.now();
    const loaded = Object((await snapshots.loadLatest('a'))?.state);
    const loadedIn = performance.now() - loading;
    return {
      same: [before === (await digest(loaded.bytes)), state.text === loaded.text],
      times: [loading - saving, loadedIn],
    };
  });
  note(`saved and loaded, in ms: ${seen.times.join(' and ')}`);
  expect(seen.same).toEqual([true, true]);
});

test('a batch of 200,000 events: it is one batch, scanned in pages and recovered', async ({ context }) => {
  const page = await tab(context);
  const seen = await page.evaluate(async () => {
    const { rewake, openStores } = window.page;
    const { events, snapshots } = await openStores();
    const batch = Array.from({ length: 200_000 }, (_, index) => ({ at: index, text: `event ${index + 1}` }));
    const started = performance.now();
    const { seq: head } = await events.append('a', batch);
    const appended = performance.now();
    let scanned = 0;
    let right = true;
    for (let from = 1; from <= head; from += 20_000) {
      for (const { seq, event } of (await events.scan('a', from, 20_000)).events) {
        right &&= seq === ++scanned && Object(event).at === seq - 1;
      }
    }
    const paged = performance.now();
    const reduce = (sum: unknown, event: unknown) => Number(sum) + Object(event).at;
    const { state, seq } = await rewake.recover({
      runId: 'a',
      stores: { snapshots, events },
      reduce,
      initialState: 0,
    });
    const times = {
      append: appended - started,
      tenPages: paged - appended,
      recover: performance.now() - paged,
    };
    return { head, scanned, right, recovered: [seq, state], times };
  });
  note(`in ms: ${JSON.stringify(seen.times)}`);
  expect(seen).toMatchObject({
    head: 200_000,
    scanned: 200_000,
    right: true,
    recovered: [200_000, (200_000 * 199_999) / 2],
  });
});
