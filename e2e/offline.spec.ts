import type { Page } from '@playwright/test';
import { DemoPage, expect, SAMPLE_COUNT, test } from './demo-page.ts';
import { builtDemo, nextDeploy, serve } from './static-server.ts';

/** The Service Worker is in charge, and has what it needs. */
const ready = (page: Page) =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });

test('after one visit the page works offline', async ({ page }) => {
  const server = await serve(await builtDemo());
  const demo = new DemoPage(page);
  await page.goto(server.url);
  await ready(page);
  await server.close();

  await page.goto(server.url);
  await demo.sample.click();
  await demo.waitForHead(3);
  await page.reload();
  await expect(demo.wakeUp).toContainText('0 lost, 0 done twice.');
  await demo.finishFast();
  await demo.expectEachPictureOnce(SAMPLE_COUNT);
});

test('the visit after a deploy shows the new page, and then offline, too', async ({ page }) => {
  const site = await builtDemo();
  const server = await serve(site);
  const demo = new DemoPage(page);
  await page.goto(server.url);
  await expect(demo.sample).toBeVisible();
  await ready(page);
  const cachedScripts = () =>
    page.evaluate(async () => {
      const names = await caches.keys();
      const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return requests
        .flat()
        .map(({ url }) => url.replace(/.*\//, ''))
        .filter((name) => /^index.*js$/.test(name));
    });
  expect(await cachedScripts()).toEqual([expect.not.stringContaining('ofNextDeploy')]);

  server.deploy(nextDeploy(site));
  await page.goto(server.url);
  await expect(page).toHaveTitle(/^The next deploy of/);
  await expect(demo.sample).toBeVisible();
  // Nothing of the old one is kept.
  await expect.poll(cachedScripts).toEqual(['index-ofNextDeploy.js']);

  await server.close();
  await page.goto(server.url);
  await expect(page).toHaveTitle(/^The next deploy of/);
  await expect(demo.sample).toBeVisible();
});
