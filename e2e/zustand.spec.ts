import { type BrowserContext, expect } from '@playwright/test';
import { test } from './faults/start-browser.ts';
import type { Calls } from './pages/zustand.ts';
import { blankUrl } from './servers.ts';

declare const window: Window & { calls: Calls };

async function tab(context: BrowserContext) {
  const page = await context.newPage();
  await page.goto(blankUrl);
  await page.evaluate((path) => import(path), '/e2e/pages/zustand.ts');
  return {
    page,
    rehydrate: () => page.evaluate(() => window.calls.rehydrate()),
    subscribe: () => page.evaluate(() => window.calls.subscribe()),
    set: (size: number, tour: string) =>
      page.evaluate(([size, tour]) => window.calls.set(size, tour), [size, tour] as const),
    settings: () => page.evaluate(() => window.calls.settings()),
    stored: () => page.evaluate(() => window.calls.stored()),
    reports: () => page.evaluate(() => window.calls.reports()),
    openCart: () => page.evaluate(() => window.calls.openCart()),
    put: (item: string) => page.evaluate((item) => window.calls.put(item), item),
    flush: () => page.evaluate(() => window.calls.flush()),
    cart: () => page.evaluate(() => window.calls.cart()),
  };
}

test('a tab rehydrates when another one has written', async ({ context }) => {
  const [one, other] = [await tab(context), await tab(context)];
  for (const { rehydrate, subscribe } of [one, other]) {
    await rehydrate();
    await subscribe();
  }
  expect(await one.set(1, 'start')).toBe('written');
  await expect.poll(other.settings).toEqual({ size: 1, seen: ['start 1'] });
  expect(await other.set(2, 'end')).toBe('written');
  await expect.poll(one.settings).toEqual({ size: 2, seen: ['start 1', 'end 2'] });
  expect([...(await one.reports()), ...(await other.reports())]).toEqual([]);
});

test("a stale tab's write is refused, and it rehydrates", async ({ context }) => {
  const [stale, other] = [await tab(context), await tab(context)];
  for (const { rehydrate } of [stale, other]) await rehydrate();
  expect(await other.set(1, 'theirs')).toBe('written');
  expect(await stale.set(2, 'mine')).toBe('conflict');
  expect(await stale.reports()).toEqual(['conflict']);
  expect(await other.stored()).toBe(1);

  // It listens only now, so that only the next refusal can tell it.
  await stale.subscribe();
  expect(await stale.set(3, 'mine')).toBe('conflict');
  await expect.poll(stale.settings).toEqual({ size: 1, seen: ['theirs 1'] });
  expect(await stale.set(4, 'mine')).toBe('written');
  expect(await other.set(5, 'theirs')).toBe('conflict');
  expect(await other.stored()).toBe(4);
});

test('what was set survives the browser', async ({ start, kill }) => {
  const before = await start();
  const first = await tab(before);
  await first.rehydrate();
  await first.openCart();
  await first.put('tea');
  await first.flush();
  for (let size = 1; size <= 20; size++) expect(await first.set(size, 'start')).toBe('written');
  await kill(before);

  const next = await tab(await start());
  await next.rehydrate();
  expect(await next.settings()).toEqual({ size: 20, seen: ['start 20'] });
  await next.openCart();
  await next.flush();
  await next.put('cake');
  expect(await next.cart()).toEqual({ status: 'open', items: ['tea', 'cake'] });
});

test('a store that is a run waits for the tab that owns it, and has all of it then', async ({ context }) => {
  const [owner, next] = [await tab(context), await tab(context)];
  await owner.openCart();
  await owner.put('tea');
  await owner.flush();
  await next.openCart();
  await expect.poll(next.cart).toEqual({ status: 'waiting', items: [] });
  await owner.put('milk');
  await owner.flush();
  await owner.page.close();
  await next.flush();
  await next.put('cake');
  expect(await next.cart()).toEqual({ status: 'open', items: ['tea', 'milk', 'cake'] });
});
