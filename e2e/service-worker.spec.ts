import type { BrowserContext } from '@playwright/test';
import { DemoPage, expect, SAMPLE_COUNT, test } from './demo-page.ts';
import { png } from './png.ts';
import { notePlaces, type Place, placeAtVisit, placeOf, readPlace } from './records.ts';
import {
  type ServiceWorkerTools,
  serviceWorkerOf,
  serviceWorkerTools,
  syncTags,
} from './service-worker-tools.ts';

// `page` is of another origin: no tab of the demo is open when it is not said so.

/** Where the run stands, seen from the Service Worker. */
const placeIn = async (context: BrowserContext): Promise<Place | undefined> =>
  serviceWorkerOf(context)?.evaluate(readPlace, 'import');

test('without a tab the Service Worker finishes the import', { tag: '@chromium' }, async ({
  page,
  context,
}) => {
  const tools = await serviceWorkerTools(page);
  const demo = new DemoPage(await context.newPage());
  await demo.visit();
  await demo.sample.click();
  await demo.waitForHead(14);
  expect(await syncTags(demo.page)).toEqual(['finish-import']);
  // As long as there is a tab, the run is left to it, even where nobody owns it.
  await demo.crash.click();
  const place = await placeOf(demo.page);
  await tools.sync();
  await demo.recover.click();
  await demo.expectWokenUp(place, SAMPLE_COUNT);
  await tools.sync();
  await demo.waitForHead(place.head + 4);
  await expect(demo.owner).toHaveText('this tab');
  await demo.page.close();

  await expect
    .poll(async () => {
      // Right after a tab is gone, the browser still counts it.
      await tools.sync();
      return placeIn(context);
    })
    .toEqual({ head: SAMPLE_COUNT + 1, snapshotSeq: SAMPLE_COUNT + 1 });

  const next = new DemoPage(await context.newPage());
  await next.visit();
  await expect(next.wakeUp).toHaveText(/^Woke up with all 60 pictures done: .* 0 lost, 0 done twice\.$/);
  await next.expectEachPictureOnce(SAMPLE_COUNT);
  await expect(next.tiles.locator('img')).toHaveCount(SAMPLE_COUNT);
});

/** Big enough that there is a middle of their import. */
const bigPictures = Array.from({ length: 30 }, (_, index) => ({
  name: `big-${index}.png`,
  mimeType: 'image/png',
  buffer: png(3000 + index, 2000, [8 * index, 100, 150]),
}));

/** Leaves the import of big pictures to the Service Worker, and returns in the middle of it. */
async function leaveToServiceWorker(context: BrowserContext, tools: ServiceWorkerTools): Promise<void> {
  const demo = new DemoPage(await context.newPage());
  await demo.visit();
  await demo.choose(bigPictures);
  await demo.waitForHead(3);
  await demo.page.close();
  await expect
    .poll(
      async () => {
        await tools.sync();
        return (await placeIn(context))?.head;
      },
      { intervals: [20] },
    )
    .toBeGreaterThan(11);
}

test('where the Service Worker is stopped, the next visit goes on', { tag: '@chromium' }, async ({
  page,
  context,
}) => {
  const tools = await serviceWorkerTools(page);
  await leaveToServiceWorker(context, tools);
  await tools.stop();

  await notePlaces(context);
  const next = new DemoPage(await context.newPage());
  await next.visit();
  const place = await placeAtVisit(next.page);
  expect(place.head).toBeGreaterThan(11);
  expect(place.head).toBeLessThan(bigPictures.length);
  await next.expectWokenUp(place, bigPictures.length);
  await next.finishFast();
  await next.expectEachPictureOnce(bigPictures.length);
});

test('a visit follows the Service Worker, and takes over where it is stopped', { tag: '@chromium' }, async ({
  page,
  context,
}) => {
  const tools = await serviceWorkerTools(page);
  await leaveToServiceWorker(context, tools);
  const next = new DemoPage(await context.newPage());
  await next.visit();
  await expect(next.owner).toHaveText('Service Worker');
  await expect(next.sentence).toHaveText('The Service Worker owns this run. This tab follows it.');

  await tools.stop();
  await expect(next.owner).toHaveText('this tab');
  await expect(next.wakeUp).toHaveText(/^Woke up at picture \d+ of 30: .* 0 lost, 0 done twice\.$/);
  await next.finishFast();
  await next.expectEachPictureOnce(bigPictures.length);
});
