import { expect, test } from '@playwright/test';
import { crashTab } from './crash-tab.ts';
import { placeOf } from './records.ts';
import { append, followed, open, owned, type RunWindow, reports, tab } from './run-page.ts';

// Live runs in tabs of a real browser: Web Locks and BroadcastChannel are real here.

declare const window: RunWindow;

test('a tab that waits owns the run when the owner is closed, recovered to the last durable event', async ({
  context,
}) => {
  const [owner, next] = [await tab(context), await tab(context)];
  await open(owner);
  await expect(open(next, 'fail')).rejects.toThrow('another tab');
  const waiting = open(next);
  for (const event of [1, 2, 3, 4, 5, 6]) await append(owner, event);
  const closedAt = Date.now();
  await owner.close();
  await waiting;
  const openedAt = await next.evaluate(() => window.page.openedAt);
  expect(openedAt - closedAt).toBeLessThan(1_000);
  expect(await owned(next)).toEqual({ sum: 21, count: 6 });
  // A browser that tells the page that it is hidden as it closes has saved a last snapshot.
  const recovery = await next.evaluate(() => window.page.owned?.recovery);
  expect([5, 6]).toContain(recovery?.snapshotSeq);
  expect(recovery).toMatchObject({ seq: 6, replayed: 6 - Number(recovery?.snapshotSeq) });
  expect(await append(next, 7)).toBe(7);
});

test('a tab that waits owns the run when the owner crashes', { tag: '@chromium' }, async ({ context }) => {
  const [owner, next] = [await tab(context), await tab(context)];
  await open(owner);
  const waiting = open(next);
  expect(await append(owner, 1)).toBe(1);
  await crashTab(owner);
  await waiting;
  expect(await owned(next)).toEqual({ sum: 1, count: 1 });
});

test('a run that is stolen from a living tab closes itself, and has changed nothing', async ({ context }) => {
  const [former, thief] = [await tab(context), await tab(context)];
  await open(former);
  await append(former, 1);
  await open(thief, 'steal');
  await expect.poll(() => reports(former)).toEqual(['conflict']);
  expect(await append(former, 100)).toBe('conflict');
  expect(await append(thief, 2)).toBe(2);
  expect(await owned(thief)).toEqual({ sum: 3, count: 2 });
});

test('followers in other tabs see every event', async ({ context }) => {
  const [owner, one, two] = [await tab(context), await tab(context), await tab(context)];
  await open(owner);
  await append(owner, 1);
  for (const page of [one, two]) {
    await page.evaluate(() => window.page.follow());
    expect(await followed(page)).toEqual({ sum: 1, count: 1 });
  }
  await append(owner, 2);
  await append(owner, 3);
  for (const page of [one, two]) await expect.poll(() => followed(page)).toEqual({ sum: 6, count: 3 });
});

test('destroy ends what is live in other tabs, and nothing of it comes back', async ({ context }) => {
  const [live, waiting, leaving] = [await tab(context), await tab(context), await tab(context)];
  await open(live);
  await append(live, 1);
  const opened = open(waiting);
  await leaving.evaluate(() => window.page.deleteDatabase());
  await expect.poll(() => reports(live)).toEqual(['conflict']);
  await live.evaluate(() => window.page.owned?.close());
  expect(await append(live, 2)).toBe('conflict');
  // The tab that waited for the run has it now, without anything in it.
  await opened;
  expect(await owned(waiting)).toEqual({ sum: 0, count: 0 });
  expect(await placeOf(leaving, 'sum')).toEqual({ head: 0 });
});
