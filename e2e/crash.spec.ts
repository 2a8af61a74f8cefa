import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crashTab } from './crash-tab.ts';
import { DemoPage, expect, SAMPLE_COUNT, test } from './demo-page.ts';
import { killBrowser } from './kill-browser.ts';
import { notePlaces, placeAtVisit } from './records.ts';
import { demoUrl } from './servers.ts';

test('a new tab recovers from a crashed tab', { tag: '@chromium' }, async ({ page, context }) => {
  await notePlaces(context);
  const demo = new DemoPage(page);
  await demo.visit();
  await demo.sample.click();
  await demo.waitForHead(14);
  const acknowledged = await demo.shownHead();
  await crashTab(page);

  const next = new DemoPage(await context.newPage());
  await next.visit();
  const place = await placeAtVisit(next.page);
  expect(place.head).toBeGreaterThanOrEqual(acknowledged);
  await next.expectWokenUp(place, SAMPLE_COUNT);
  await next.finishFast();
  await next.expectEachPictureOnce(SAMPLE_COUNT);
});

test('the browser is killed and started again', { tag: '@chromium' }, async ({
  playwright,
  launchOptions,
}) => {
  const profile = await mkdtemp(join(tmpdir(), 'rewake-'));
  const launch = () =>
    playwright.chromium.launchPersistentContext(profile, { ...launchOptions, baseURL: demoUrl });
  try {
    const before = await launch();
    const demo = new DemoPage(await before.newPage());
    await demo.visit();
    await demo.sample.click();
    await demo.waitForHead(14);
    const acknowledged = await demo.shownHead();
    await killBrowser(before);

    const after = await launch();
    await notePlaces(after);
    const next = new DemoPage(await after.newPage());
    await next.visit();
    const place = await placeAtVisit(next.page);
    expect(place.head).toBeGreaterThanOrEqual(acknowledged);
    await next.expectWokenUp(place, SAMPLE_COUNT);
    await next.finishFast();
    await next.expectEachPictureOnce(SAMPLE_COUNT);
    await after.close();
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
