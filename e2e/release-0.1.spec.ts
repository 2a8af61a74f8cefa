import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { readDump } from '../test/fixtures/load.ts';
import { ORIGIN } from '../test/fixtures/profile-0.1.ts';
import { expectedAfterwards, expectedAtFirst, type page as releasePage } from './pages/release-0.1.ts';
import { blankUrl } from './servers.ts';

declare const window: Window & { page: typeof releasePage };

/** Chromium's own files of the databases; see test/fixtures/make-0.1.js. */
const kept = fileURLToPath(new URL('../test/fixtures/0.1/chromium-profile', import.meta.url));

test('the files of a Chromium in which 0.1 ran: every run recovers, goes on, and is there in the next browser', {
  tag: '@chromium',
}, async ({ playwright, launchOptions }) => {
  const profile = await mkdtemp(join(tmpdir(), 'rewake-0.1-'));
  await cp(kept, join(profile, 'Default', 'IndexedDB'), { recursive: true });
  const use = async (work: (page: Page) => Promise<void>) => {
    const context = await playwright.chromium.launchPersistentContext(profile, launchOptions);
    await work(await visit(context));
    await context.close();
  };
  try {
    await use(async (page) => {
      expect(await page.evaluate(() => window.page.dump())).toEqual(readDump('chromium'));
      expect(await page.evaluate(() => window.page.recoverAll())).toEqual(expectedAtFirst);
      await page.evaluate(() => window.page.goOn());
      expect(await page.evaluate(() => window.page.recoverAll())).toEqual(expectedAfterwards);
    });
    await use(async (page) => {
      expect(await page.evaluate(() => window.page.recoverAll())).toEqual(expectedAfterwards);
    });
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});

/** Opens a page of the origin whose databases they are; the server of the sources answers for it. */
async function visit(context: BrowserContext): Promise<Page> {
  await context.route(`${ORIGIN}/**`, async (route) => {
    const { pathname, search } = new URL(route.request().url());
    await route.fulfill({ response: await route.fetch({ url: new URL(pathname + search, blankUrl).href }) });
  });
  const page = await context.newPage();
  await page.goto(`${ORIGIN}${new URL(blankUrl).pathname}`);
  await page.evaluate(async (path) => {
    Object.assign(window, await import(path));
  }, '/e2e/pages/release-0.1.ts');
  return page;
}
