import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { DemoPage, expect, SAMPLE_COUNT, test } from './demo-page.ts';
import { png } from './png.ts';
import { placeOf } from './records.ts';

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

  await demo.startAgain.click();
  await demo.slowly.uncheck();
  await demo.sample.click();
  await expect(demo.sentence).toHaveText('All 60 pictures are imported.');
  expect(await demo.manifest()).toHaveLength(SAMPLE_COUNT);
});

for (const width of [360, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`good to look at, ${width} px, ${colorScheme}`, { tag: '@chromium' }, async ({ page }, testInfo) => {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      await page.addInitScript(() => {
        new PerformanceObserver((list) => {
          const jumps: unknown[] = (Reflect.get(window, 'jumps') ?? []).concat(
            list.getEntries().filter((entry) => !Reflect.get(entry, 'hadRecentInput')),
          );
          Reflect.set(window, 'jumps', jumps);
        }).observe({ type: 'layout-shift', buffered: true });
      });
      const check = async (name: string) => {
        await page.screenshot({
          path: testInfo.outputPath(`${name}.png`),
          animations: 'disabled',
          fullPage: true,
        });
        await expectAccessible(page);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow).toBeLessThanOrEqual(0);
        expect(await page.evaluate(() => JSON.stringify(Reflect.get(window, 'jumps') ?? []))).toBe('[]');
      };

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
      await demo.finishFast();
      await check('finished');
    });
  }
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  expect(bad.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`)).toEqual([]);
}

test('the keyboard is enough', { tag: '@chromium' }, async ({ page }) => {
  const demo = new DemoPage(page);
  await demo.visit();
  await expect(demo.sample).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(demo.sample).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('Choose files…')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(demo.slowly).toBeFocused();
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
  await page.keyboard.press('Tab');
  await expect(demo.slowly).toBeFocused();
  await page.keyboard.press('Space');
  await expect(demo.download).toBeFocused();
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

test('of two tabs one goes on with the run, and the other says so', { tag: '@chromium' }, async ({
  page,
  context,
}) => {
  const first = new DemoPage(page);
  await first.visit();
  await first.sample.click();
  await first.waitForHead(14);
  const second = new DemoPage(await context.newPage());
  await second.visit();
  const stopped = async () => {
    const sentences = await Promise.all([first, second].map(({ sentence }) => sentence.textContent()));
    return sentences.map((sentence) => sentence?.startsWith('Another tab runs this import'));
  };
  await expect.poll(async () => (await stopped()).filter(Boolean)).toEqual([true]);
  const [stoppedTab, runningTab] = (await stopped())[0] ? [first, second] : [second, first];
  await runningTab.finishFast();
  await runningTab.expectEachPictureOnce(SAMPLE_COUNT);

  await stoppedTab.recover.click();
  await expect(stoppedTab.wakeUp).toContainText('Woke up with all 60 pictures done');
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
