import type { Page, TestInfo } from '@playwright/test';
import { SERVICE_WORKER_LOCK } from '../demo/import-run.ts';
import { expectAccessible, expectGood, noteJumps } from './accessible.ts';
import { DemoPage, expect, SAMPLE_COUNT, test } from './demo-page.ts';
import { png } from './png.ts';
import { placeOf } from './records.ts';
import { syncTags } from './service-worker-tools.ts';

test('without IndexedDB it works in memory and says so', { tag: '@chromium' }, async ({ page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(window, 'indexedDB', {
      get() {
        throw new DOMException('Not here.', 'SecurityError');
      },
    });
  });
  const demo = new DemoPage(page);
  await demo.visit();
  await expect(page.getByText('A crash will lose this import')).toBeVisible();
  await expect(page.locator('#fact-backend')).toHaveText('memory');
  await expect(page.locator('#fact-backend-reason')).toContainText('unavailable');

  await demo.sample.click();
  await demo.waitForHead(3);
  await demo.crash.click();
  const acknowledged = await demo.shownHead();
  await demo.recover.click();
  await expect(demo.sentence).toHaveText(
    'Nothing to recover: the run was in the memory of the Worker, and died with it. ' +
      `${acknowledged} events lost.`,
  );

  await demo.deleteAndStartAgain();
  await demo.sample.click();
  await demo.waitForHead(3);
  await expect(demo.owner).toHaveText('this tab');
  await demo.slowly.uncheck();
  await expect(demo.sentence).toHaveText('All 60 pictures are imported.');
  // The Service Worker has no part in it: memory is the tab's own.
  expect(await syncTags(page)).toEqual([]);
  expect(await demo.manifest()).toHaveLength(SAMPLE_COUNT);
});

test('what this is can be read before the first action', { tag: '@chromium' }, async ({ page }) => {
  const height = 844;
  await page.setViewportSize({ width: 390, height });
  const demo = new DemoPage(page);
  await demo.visit();
  await expect(demo.sample).toBeInViewport({ ratio: 1 });
  const header = await page.getByRole('banner').boundingBox();
  expect(header && header.y + header.height).toBeLessThanOrEqual(height / 4);

  const code = await page.locator('.code').innerText();
  expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(10);
  await expect(page.getByText('npm install rewake')).toBeVisible();
  await expect(page.getByRole('link', { name: 'README and docs' })).toHaveAttribute('href', /\/rewake$/);
});

test('the names of the sample pictures are not cut off', { tag: '@chromium' }, async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 900 });
  const demo = new DemoPage(page);
  await demo.visit();
  await demo.sample.click();
  await expect(demo.tiles.last()).toContainText('.jpg');
  const widths = await page
    .locator('.tile-name')
    .evaluateAll((names) => names.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth));
  expect(widths).toEqual(Array(SAMPLE_COUNT).fill(0));
});

for (const width of [360, 1280]) {
  const look = async (page: Page, testInfo: TestInfo) => {
    await page.setViewportSize({ width, height: 900 });
    await noteJumps(page);
    return (name: string) => expectGood(page, (file) => testInfo.outputPath(file), name);
  };

  test(`good to look at, light and dark, ${width} px`, { tag: '@chromium' }, async ({ page }, testInfo) => {
    const check = await look(page, testInfo);
    const demo = new DemoPage(page);
    await demo.visit();
    await expect(demo.sample).toBeVisible();
    await check('empty');
    await demo.sample.click();
    await demo.waitForHead(14);
    await demo.crash.click();
    await check('crashed');
    await page.reload();
    await expect(demo.wakeUp).toContainText('0 lost, 0 done twice.');
    await check('recovered');
    // On a busy machine, it may have finished during that look.
    await expect(demo.download).toBeVisible({ timeout: 60_000 });
    await check('finished');
  });

  const follow = async (owner: DemoPage, testInfo: TestInfo) => {
    await owner.visit();
    await owner.choose(largePictures);
    await owner.waitForHead(4);
    const follower = new DemoPage(await owner.page.context().newPage());
    const check = await look(follower.page, testInfo);
    await follower.visit();
    await expect(follower.owner).toHaveText('another tab');
    return { follower, check };
  };

  test(
    `a follower, and a tab that was taken over from, are good to look at, ${width} px`,
    {
      tag: '@chromium',
    },
    async ({ page }, testInfo) => {
      const owner = new DemoPage(page);
      const { follower, check } = await follow(owner, testInfo);
      await check('following');
      await follower.takeOver.click();
      // What it shows now, a tab that has recovered shows, too: no look at it, or the import might end meanwhile.
      await expect(follower.wakeUp).toContainText('0 lost, 0 done twice.');
      await owner.takeOver.click();
      await expect(follower.sentence).toContainText('has taken over this run');
      await check('lost');
    },
  );

  test(
    `a follower of the Service Worker is good to look at, ${width} px`,
    {
      tag: '@chromium',
    },
    async ({ page }, testInfo) => {
      const { follower, check } = await follow(new DemoPage(page), testInfo);
      await page.evaluate((name) => {
        void navigator.locks.request(name, () => new Promise(() => {}));
      }, SERVICE_WORKER_LOCK);
      await expect(follower.owner).toHaveText('Service Worker');
      await check('following the Service Worker');
    },
  );
}

/** So large that importing them takes longer than looking at it. */
const buffer = png(6000, 4000, [200, 80, 160]);
const largePictures = Array.from({ length: SAMPLE_COUNT }, (_, index) => ({
  name: `picture-${index}.png`,
  mimeType: 'image/png',
  buffer,
}));

test('the inspector is loaded when somebody opens it, and shows the import', async ({ page }) => {
  const demo = new DemoPage(page);
  await demo.visit();
  await demo.sample.click();
  await demo.waitForHead(3);
  expect(await page.evaluate(() => customElements.get('rewake-inspector'))).toBeUndefined();
  await page.getByText('Inspect it').click();
  await expect(page.getByRole('listbox', { name: 'Runs' }).getByRole('option')).toContainText('import');
  const inspector = page.locator('rewake-inspector');
  await inspector.getByRole('radio', { name: 'Changes' }).check();
  await expect(inspector.getByRole('listitem').first()).toContainText('.results[');
});

test('the keyboard is enough', { tag: '@chromium' }, async ({ page }) => {
  const demo = new DemoPage(page);
  await demo.visit();
  await expect(demo.sample).toBeVisible();
  for (const name of ['Import', 'Agent']) {
    await page.keyboard.press('Tab');
    await expect(page.getByRole('link', { name, exact: true })).toBeFocused();
  }
  await page.keyboard.press('Tab');
  await expect(demo.sample).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('Choose files…')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('Open a run…')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(demo.slowly).toBeFocused();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');

  await expect(demo.crash).toBeFocused();
  await demo.waitForHead(14);
  await page.keyboard.press('Enter');
  await expect(demo.recover).toBeFocused();
  const place = await placeOf(page);
  await page.keyboard.press('Enter');
  await demo.expectWokenUp(place, SAMPLE_COUNT);
  await expect(demo.crash).toBeFocused();

  await page.keyboard.press('Tab');
  await expect(demo.startAgain).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(demo.question.getByRole('button', { name: 'Keep it' })).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await expect(demo.question).toBeHidden();
  await expect(demo.startAgain).toBeFocused();
  expect((await placeOf(page)).head).toBeGreaterThanOrEqual(place.head);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Download this run' })).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(demo.slowly).toBeFocused();
  await page.keyboard.press('Space');
  await expect(demo.download).toBeFocused();

  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(demo.sample).toBeFocused();
  expect(await placeOf(page)).toEqual({ head: 0 });
});

test("a file's name is text, whatever is in it", { tag: '@chromium' }, async ({ page }) => {
  const name = '<img src=x onerror="document.title=1"><b>bold.png';
  const demo = new DemoPage(page);
  await demo.visit();
  const title = await page.title();
  await demo.choose([
    { name, mimeType: 'image/png', buffer: png(30, 20, [200, 40, 40]) },
    { name: `${name}.txt`, mimeType: 'text/plain', buffer: Buffer.from('Not a picture.') },
  ]);
  await expect(demo.sentence).toHaveText(
    'All 2 files are done: 1 picture imported, 1 refused with a reason.',
  );
  await expect(demo.tiles.first()).toHaveText(name);
  await expect(demo.tiles.last()).toHaveText(`not a picture${name}.txt`);
  expect(await page.locator('b, img[src=x]').count()).toBe(0);
  expect(await page.title()).toBe(title);
});

test('a full disk is a sentence, and no silence', { tag: '@chromium' }, async ({ page, context }) => {
  const demo = new DemoPage(page);
  await demo.visit();
  const devTools = await context.newCDPSession(page);
  await devTools.send('Storage.overrideQuotaForOrigin', {
    origin: new URL(page.url()).origin,
    quotaSize: 100_000,
  });
  await demo.sample.click();
  await expect(demo.sentence).toHaveText(
    'The browser has no room for these pictures. Start again with fewer of them.',
  );
  await expect(demo.startAgain).toBeVisible();
});
