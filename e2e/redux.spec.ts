import { type BrowserContext, expect } from '@playwright/test';
import { test } from './faults/start-browser.ts';
import type { Calls, Cart } from './pages/redux.ts';
import { blankUrl } from './servers.ts';

declare const window: Window & { calls: Calls };

async function visit(context: BrowserContext) {
  const page = await context.newPage();
  await page.goto(blankUrl);
  await page.evaluate((path) => import(path), '/e2e/pages/redux.ts');
  return page;
}

const cartOf = (count: number): Cart => {
  const items = Array.from({ length: count }, (_, index) => index + 1);
  return { items, total: items.reduce((sum, item) => sum + item, 0) };
};

test('a store of Redux Toolkit goes on where the browser was killed', async ({ start, kill }) => {
  const before = await start();
  const page = await visit(before);
  expect(await page.evaluate(() => window.calls.add(1, 20))).toEqual(cartOf(20));
  await page.evaluate(() => void window.calls.addForEver(21));
  const durable = () => page.evaluate(() => window.calls.durable());
  await expect.poll(durable).toBeGreaterThan(40);
  const acknowledged = await durable();
  await kill(before);

  const next = await visit(await start());
  // Dispatched before the run is open, it comes after what is recovered.
  const recovered = await next.evaluate(() => window.calls.add(0, 0));
  const count = recovered.items.length - 1;
  expect(count).toBeGreaterThanOrEqual(acknowledged);
  expect(recovered).toEqual({ ...cartOf(count), items: [...cartOf(count).items, 0] });
});

test('a tab that is closed in the middle leaves its store to the next one', async ({ context }) => {
  const page = await visit(context);
  await page.evaluate(() => void window.calls.addForEver(1));
  const durable = () => page.evaluate(() => window.calls.durable());
  await expect.poll(durable).toBeGreaterThan(10);
  const acknowledged = await durable();
  const next = await visit(context);
  await page.close();
  const { items, total } = await next.evaluate(() => window.calls.add(0, 0));
  expect(items.length - 1).toBeGreaterThanOrEqual(acknowledged);
  expect({ items: items.slice(0, -1), total }).toEqual(cartOf(items.length - 1));
});
