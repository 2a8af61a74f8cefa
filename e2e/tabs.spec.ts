import type { Page } from '@playwright/test';
import { crashTab } from './crash-tab.ts';
import { DemoPage, expect, SAMPLE_COUNT, test } from './demo-page.ts';
import { type Place, placeOf, readPlace } from './records.ts';

const RUN_LOCK = 'rewake ["rewake","import"]';

test('a second tab follows, and takes over when the owner is closed', async ({ page, context }) => {
  const owner = new DemoPage(page);
  await owner.visit();
  await owner.sample.click();
  await owner.waitForHead(4);
  await expect(owner.owner).toHaveText('this tab');

  const follower = new DemoPage(await context.newPage());
  await follower.visit();
  await expect(follower.sentence).toHaveText('Another tab owns this run. This tab follows it.');
  await expect(follower.owner).toHaveText('another tab');
  const before = await follower.shownHead();
  await follower.waitForHead(before + 5);
  expect(await follower.tiles.locator('img').count()).toBeGreaterThanOrEqual(before + 4);

  const acknowledged = await owner.shownHead();
  await owner.page.close();
  await expect(follower.wakeUp).toContainText('0 lost, 0 done twice.');
  await expect(follower.owner).toHaveText('this tab');
  await follower.waitForHead(acknowledged);
  await follower.finishFast();
  await follower.expectEachPictureOnce(SAMPLE_COUNT);
  await expect(follower.owner).toHaveText('nobody');
});

/**
 * Has the page stand in the queue for the run from its visit on, before its Worker does, and note where the run
 * stands when it is free.
 */
async function placeWhenFree(page: Page): Promise<() => Promise<Place>> {
  const [name, runId] = [RUN_LOCK, 'import'].map((text) => JSON.stringify(text));
  await page.addInitScript({
    content: `window.placeWhenFree = navigator.locks.request(${name}, () => (${readPlace})(${runId}));`,
  });
  return () => page.evaluate(() => Reflect.get(window, 'placeWhenFree') as Promise<Place>);
}

test('a second tab takes over when the owner crashes', { tag: '@chromium' }, async ({ page, context }) => {
  const owner = new DemoPage(page);
  await owner.visit();
  await owner.sample.click();
  await owner.waitForHead(14);
  const follower = new DemoPage(await context.newPage());
  const placeNoted = await placeWhenFree(follower.page);
  await follower.visit();
  await expect(follower.sentence).toHaveText('Another tab owns this run. This tab follows it.');

  const acknowledged = await owner.shownHead();
  await crashTab(owner.page);
  await expect(follower.wakeUp).not.toBeEmpty({ timeout: 2_000 });
  const place = await placeNoted();
  expect(place.head).toBeGreaterThanOrEqual(acknowledged);
  expect(place.head).toBeLessThan(SAMPLE_COUNT);
  await follower.expectWokenUp(place, SAMPLE_COUNT);
  await follower.finishFast();
  await follower.expectWokenUp(place, SAMPLE_COUNT);
  await follower.expectEachPictureOnce(SAMPLE_COUNT);
});

test('a tab whose run is stolen says so, follows it, and goes on when it is free', {
  tag: '@chromium',
}, async ({ page }) => {
  const demo = new DemoPage(page);
  await demo.visit();
  await demo.sample.click();
  await demo.waitForHead(14);
  // Held by the page itself: its Worker is somebody else.
  await page.evaluate(
    (name) =>
      new Promise<void>((held) => {
        void navigator.locks.request(name, { steal: true }, () => {
          held();
          return new Promise((release) => Object.assign(window, { release }));
        });
      }),
    RUN_LOCK,
  );
  await expect(demo.sentence).toHaveText('Another tab has taken over this run. This tab follows it.');
  await expect(demo.owner).toHaveText('another tab');
  const place = await placeOf(page);

  await page.evaluate(() => Reflect.get(window, 'release')());
  await demo.expectWokenUp(place, SAMPLE_COUNT);
  await expect(demo.owner).toHaveText('this tab');
  await demo.finishFast();
  await demo.expectEachPictureOnce(SAMPLE_COUNT);
});

test('two tabs take a run from each other, and each picture is done once', async ({ page, context }) => {
  const first = new DemoPage(page);
  await first.visit();
  await first.sample.click();
  await first.waitForHead(4);
  const second = new DemoPage(await context.newPage());
  await second.visit();

  await second.takeOver.click();
  await expect(second.wakeUp).toContainText('0 lost, 0 done twice.');
  await expect(first.sentence).toHaveText('Another tab has taken over this run. This tab follows it.');
  await expect(first.owner).toHaveText('another tab');
  await first.takeOver.click();
  await expect(first.wakeUp).toContainText('0 lost, 0 done twice.');
  await expect(second.sentence).toHaveText('Another tab has taken over this run. This tab follows it.');

  await first.finishFast();
  await expect(second.sentence).toHaveText('All 60 pictures are imported.');
  await expect(second.tiles.locator('img')).toHaveCount(SAMPLE_COUNT);
  await first.expectEachPictureOnce(SAMPLE_COUNT);
});

test('a tab that follows can start again for all', async ({ page, context }) => {
  const owner = new DemoPage(page);
  await owner.visit();
  await owner.sample.click();
  await owner.waitForHead(12);
  const follower = new DemoPage(await context.newPage());
  await follower.visit();
  await expect(follower.takeOver).toBeVisible();

  await follower.deleteAndStartAgain();
  await expect(owner.sample).toBeVisible();
  await expect(follower.sample).toBeVisible();
  expect(await placeOf(page)).toEqual({ head: 0 });

  await follower.slowly.uncheck();
  await follower.sample.click();
  await expect(follower.sentence).toHaveText('All 60 pictures are imported.');
  await expect(owner.sentence).toHaveText('All 60 pictures are imported.');
  await owner.expectEachPictureOnce(SAMPLE_COUNT);

  // Nobody owns it now, nor waits for it.
  await follower.deleteAndStartAgain();
  await expect(owner.sample).toBeVisible();
});
