import { expect, test } from '@playwright/test';
import type * as rewake from '../src/index.ts';
import { blankUrl } from './servers.ts';

// What a real browser answers, and what is left after its databases were deleted.

type Rewake = typeof rewake;
type HandOver = typeof import('../src/hand-over/index.ts');
type Storage = typeof import('../src/storage/index.ts');

test('the browser tells how much room there is', async ({ page }) => {
  await page.goto(blankUrl);
  const report = await page.evaluate(async (source) => {
    const { openStores }: Rewake = await import(`${source}/index.ts`);
    const { storageReport }: Storage = await import(`${source}/storage/index.ts`);
    const stores = await openStores<number, Uint8Array>();
    await stores.events.append('a', [crypto.getRandomValues(new Uint8Array(60_000))]);
    return storageReport({ stores });
  }, '/src');
  expect(report).toMatchObject({
    usage: expect.any(Number),
    quota: expect.any(Number),
    persisted: false,
  });
  expect(report.quota).toBeGreaterThan(1_000_000);
  expect(report.usage).toBeGreaterThan(0);
  expect(report.message).toMatch(
    /^This site uses \d+\.\d \w+ of the \d+\.\d \w+ that the browser gives it\./,
  );
});

test('a run that was mirrored comes back after the database was deleted', async ({ page }) => {
  await page.goto(blankUrl);
  const outcome = await page.evaluate(async (source) => {
    const { openRun, openStores }: Rewake = await import(`${source}/index.ts`);
    const { mirrorRun, restoreRun }: HandOver = await import(`${source}/hand-over/index.ts`);
    const definition = { initialState: 0, reduce: (sum: number, add: number) => sum + add, onError() {} };
    const open = (databaseName: string) => openStores<number, number>({ databaseName });
    const [stores, mirrored] = [await open('primary'), await open('mirror')];
    const run = await openRun({ runId: 'a', ...definition, stores });
    const mirror = mirrorRun({ run, from: stores, to: mirrored, marks: stores.snapshots });
    for (let n = 1; n <= 50; n++) await run.append(n);
    await run.compact();
    for (let n = 51; n <= 100; n++) await run.append(n);
    await mirror.flush();
    mirror.close();
    await run.appendAll([1_000, 1_001]);
    const unmirrored = run.seq - mirror.seq;
    // As somebody else does it who knows nothing of rewake.
    await new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase('primary');
      request.onsuccess = resolve;
      request.onerror = reject;
    });
    await run.close().catch(() => {});
    const anew = await open('primary');
    const restored = await restoreRun({ runId: 'a', from: mirrored, to: anew, marks: anew.snapshots });
    const back = await openRun({ runId: 'a', ...definition, stores: anew });
    const { state, seq } = back;
    await back.close();
    return { unmirrored, restored, state, seq };
  }, '/src');
  expect(outcome).toEqual({
    unmirrored: 2,
    restored: { runId: 'a', seq: 100, appended: 100, ahead: 0 },
    state: 5_050,
    seq: 100,
  });
});
