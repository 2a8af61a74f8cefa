import { expect, type Page, test } from '@playwright/test';
import { append, followed, open, owned, type RunWindow, reports, tab } from './run-page.ts';
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

test('a run that was deleted and begun anew elsewhere, up to the same seq, closes itself when the page returns', {
  tag: '@chromium',
}, async ({ context }) => {
  const page = await tab(context);
  const other = await tab(context);
  await open(page);
  for (const event of [1, 2, 3]) await append(page, event);
  await leaveAndReturn(page, async () => {
    await other.evaluate(() => window.page.deleteRun());
    await open(other, 'fail');
    for (const event of [10, 20, 30]) await append(other, event);
    await other.evaluate(() => window.page.owned?.close());
  });
  expect(await append(page, 4)).toBe('conflict');
  expect(await reports(page)).toEqual(['conflict']);
  await page.evaluate(() => window.page.owned?.close());
  await open(other, 'fail');
  expect(await owned(other)).toEqual({ sum: 60, count: 3 });
});

for (const registered of ['before', 'after'] as const) {
  for (const [what, meanwhile] of [
    ['closes', 'nothing happened'],
    ['appends', 'the run went on elsewhere'],
  ] as const) {
    test(`a page that ${what} in a pageshow listener registered ${registered} openRun, when ${meanwhile} meanwhile, does not keep its lock`, {
      tag: '@chromium',
    }, async ({ context }) => {
      const page = await tab(context);
      const other = await tab(context);
      const listen = () =>
        page.evaluate((what) => {
          addEventListener('pageshow', ({ persisted }) => {
            const { owned } = window.page;
            if (!persisted || !owned) return;
            const done = what === 'closes' ? owned.close() : window.page.appendBeforeLock(4);
            Object.assign(window, { done });
          });
        }, what);
      if (registered === 'before') await listen();
      await open(page);
      if (registered === 'after') await listen();
      await append(page, 1);
      // So that closing has nothing to wait for.
      await page.evaluate(() => window.page.owned?.snapshot());
      await leaveAndReturn(page, async () => {
        if (meanwhile === 'nothing happened') return;
        await open(other, 'fail');
        await append(other, 2);
        await other.evaluate(() => window.page.owned?.close());
      });
      await page.evaluate(async () => {
        await Reflect.get(window, 'done');
        await window.page.owned?.close();
      });
      // Otherwise it never settles.
      await other.evaluate(() => window.page.open('wait', AbortSignal.timeout(5_000)));
      expect(await append(other, 5)).toEqual(expect.any(Number));
    });
  }
}

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
