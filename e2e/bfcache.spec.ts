import { expect, type Page, test } from '@playwright/test';
import { append, followed, open, type RunWindow, reports, tab } from './run-page.ts';
import { blankUrl } from './servers.ts';

// A page that is left goes into the back/forward cache, where it stands still, and may come back out of it.

declare const window: RunWindow;

test.use({
  // Playwright switches the cache off.
  launchOptions: async ({ launchOptions }, use) =>
    use({ ...launchOptions, ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
});

/** Leaves the page, does something, and comes back to it. */
async function leaveAndReturn(page: Page, meanwhile: () => Promise<void>): Promise<void> {
  await page.evaluate(() => {
    addEventListener('pageshow', ({ persisted }) => Object.assign(window, { persisted }));
  });
  await page.goto(`${blankUrl}?elsewhere`);
  await meanwhile();
  await page.goBack({ waitUntil: 'commit' });
  expect(await page.evaluate(() => Reflect.get(window, 'persisted'))).toBe(true);
}

test('a run goes on when the page returns', { tag: '@chromium' }, async ({ context }) => {
  const page = await tab(context);
  const other = await tab(context);
  await open(page);
  await append(page, 1);
  await leaveAndReturn(page, async () => {
    // Nobody owns it meanwhile.
    await open(other, 'fail');
    await other.evaluate(() => window.page.owned?.close());
  });
  expect(await append(page, 2)).toBe(2);
  expect(await reports(page)).toEqual([]);
  await expect(open(other, 'fail')).rejects.toThrow('another tab');
});

test('a run that went on elsewhere closes itself when the page returns', { tag: '@chromium' }, async ({
  context,
}) => {
  const page = await tab(context);
  const other = await tab(context);
  await open(page);
  await append(page, 1);
  await leaveAndReturn(page, async () => {
    await open(other, 'fail');
    await append(other, 2);
    await other.evaluate(() => window.page.owned?.close());
  });
  await expect.poll(() => reports(page)).toEqual(['conflict']);
  expect(await append(page, 3)).toBe('conflict');
});

test('a follower catches up when the page returns', { tag: '@chromium' }, async ({ context }) => {
  const page = await tab(context);
  const other = await tab(context);
  await open(other);
  await page.evaluate(() => window.page.follow());
  await leaveAndReturn(page, async () => {
    await append(other, 5);
  });
  await expect.poll(() => followed(page)).toEqual({ sum: 5, count: 1 });
  await append(other, 6);
  await expect.poll(() => followed(page)).toEqual({ sum: 11, count: 2 });
});
