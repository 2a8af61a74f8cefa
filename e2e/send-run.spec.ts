import { test as noisy } from '@playwright/test';
import { nodeListener } from '../examples/server/node-listener.ts';
import { handle } from '../src/http/index.ts';
import { InMemoryEventStore, InMemorySnapshotStore } from '../src/index.ts';
import { expectGood, noteJumps } from './accessible.ts';
import { test as base, DemoPage, expect } from './demo-page.ts';
import { startExample } from './example-server.ts';
import { png } from './png.ts';
import { placeOf } from './records.ts';
import { builtDemo, serve } from './static-server.ts';

// The demo on a server that keeps runs: it sends its run to another browser.

interface Site {
  /** The demo on the server, with its token. */
  readonly url: string;
  /** How many events of the run are there. */
  head(): Promise<number>;
}

/** The built demo on a server that keeps runs for whoever knows the token. */
async function serveRuns() {
  const stores = { snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() };
  const authorize = ({ headers }: Request) => headers.get('Authorization') === `Bearer ${TOKEN}`;
  const runs = nodeListener((request) => handle(request, stores, { authorize }));
  const server = await serve(await builtDemo(), runs);
  return { server, head: async () => (await stores.events.head('import')).seq };
}

const test = base.extend<{
  site: Site;
  /** The page in another browser: it has nothing in common with the first. */
  other: DemoPage;
}>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright wants a pattern.
  site: async ({}, use) => {
    const { server, head } = await serveRuns();
    await use({ url: `${server.url}#${TOKEN}`, head });
    await server.close();
  },
  other: async ({ browser }, use) => {
    const context = await browser.newContext();
    await use(new DemoPage(await context.newPage()));
    await context.close();
  },
});

const TOKEN = '1b4e28ba-2fa1-11d2-883f-0016d3cca427';
const COUNT = 30;
/** Small ones: drawing the samples takes longer than all else here. */
const pictures = (red: number) =>
  Array.from({ length: COUNT }, (_, index) => ({
    name: `picture-${index}.png`,
    mimeType: 'image/png',
    buffer: png(30, 20, [red, 40, 4 * index]),
  }));

const send = (demo: DemoPage) => demo.page.getByRole('button', { name: 'Send this run to another browser' });
const take = (demo: DemoPage) => demo.page.getByRole('button', { name: 'Go on here' });
const notice = (demo: DemoPage) => demo.page.locator('#memory-notice');
const link = (demo: DemoPage) => demo.page.getByRole('link', { name: /take/ });
const SENT =
  'This import is on the server, and in no browser: whichever opens this link takes it over, and goes on.';

// Several visits in two browsers each.
test.describe.configure({ timeout: 120_000 });

/** Sends the run; resolves with the link. */
async function sendFrom(demo: DemoPage): Promise<string> {
  await send(demo).click();
  await expect(demo.sentence).toHaveText(SENT);
  expect(await placeOf(demo.page)).toEqual({ head: 0 });
  return String(await link(demo).getAttribute('href'));
}

/** It goes on with the picture after these events: they are all there, and nothing else is done. */
const expectTaken = (demo: DemoPage, head: number) =>
  expect(demo.wakeUp).toHaveText(
    new RegExp(
      `^Woke up at picture ${head} of ${COUNT}: no snapshot yet, ${head} events replayed in .*\\. 0 lost, 0 done twice\\.$`,
    ),
  );

/** The import, as far as `head`. */
async function importAt(demo: DemoPage, url: string, head = 4, red = 200): Promise<void> {
  await demo.page.goto(url);
  await demo.choose(pictures(red));
  await demo.waitForHead(head);
}

test('npm run example:server: an import goes to another browser, and back', async ({ page, other }) => {
  const example = await startExample(TOKEN);
  try {
    const demo = new DemoPage(page);
    await importAt(demo, example.demoUrl, 14);
    const url = await sendFrom(demo);
    expect(url).toBe(example.demoUrl.replace('#', '?take#'));

    await other.page.goto(url);
    await expect(other.wakeUp).toContainText('0 lost, 0 done twice.');
    const [, taken] = /, (\d+) events replayed/.exec((await other.wakeUp.textContent()) ?? '') ?? [];
    expect(Number(taken)).toBeGreaterThanOrEqual(14);
    await expectTaken(other, Number(taken));
    // A reload goes on with it, and takes over nothing.
    expect(other.page.url()).toBe(example.demoUrl);
    await other.waitForHead(Number(taken) + 5);
    await sendFrom(other);

    await take(demo).click();
    await expect(demo.wakeUp).toContainText('0 lost, 0 done twice.');
    await demo.finishFast();
    await demo.expectEachPictureOnce(COUNT);
    const manifest = await demo.manifest();
    expect(new Set(manifest.map(({ sha256 }) => sha256)).size).toBe(COUNT);
  } finally {
    await example.stop();
  }
});

test('what was sent is on the server alone, whole, and is deleted there when a browser has it', async ({
  page,
  other,
  site,
}) => {
  const demo = new DemoPage(page);
  await importAt(demo, site.url);
  const url = await sendFrom(demo);
  const head = await site.head();
  expect(head).toBeGreaterThanOrEqual(4);

  // It waits as long as it takes.
  await page.evaluate(() => localStorage.setItem('rewake-demo-acknowledged-head', '9'));
  await page.reload();
  await expect(demo.sentence).toHaveText(SENT);
  await other.page.goto(url);
  await expectTaken(other, head);
  expect(await site.head()).toBe(0);
  await other.finishFast();
  await other.expectEachPictureOnce(COUNT);

  await take(demo).click();
  await expect(notice(demo)).toHaveText(
    'There is no import on the server any more: another browser has it, or has deleted it.',
  );
  await demo.choose(pictures(200));
  await expect(notice(demo)).toBeHidden();
});

test('a tab that follows sends the run of all, and none of them goes on', async ({ page, context, site }) => {
  const owner = new DemoPage(page);
  await importAt(owner, site.url);
  const follower = new DemoPage(await context.newPage());
  await follower.page.goto(site.url);
  await expect(follower.takeOver).toBeVisible();
  await sendFrom(follower);
  const head = await site.head();
  await expect(owner.sentence).toHaveText(SENT);
  expect(await placeOf(page)).toEqual({ head: 0 });

  await take(owner).click();
  await expectTaken(owner, head);
  await owner.finishFast();
  await owner.expectEachPictureOnce(COUNT);
  await expect(follower.sentence).toHaveText(`All ${COUNT} pictures are imported.`);
});

test('two imports are never mixed: each browser says what to do', async ({ page, other, site }) => {
  const demo = new DemoPage(page);
  await importAt(demo, site.url);
  const url = await sendFrom(demo);
  const head = await site.head();

  // Of the same pictures it would be the same.
  await importAt(other, site.url.replace(/#.*/, ''), 4, 100);
  const before = (await placeOf(other.page)).head;
  await other.page.goto(url);
  await expect(notice(other)).toHaveText(
    'This browser has an import of its own. To go on with the one on the server, start again here.',
  );
  await expect(other.wakeUp).toContainText('0 lost, 0 done twice.');
  await send(other).click();
  await expect(other.sentence).toContainText('The server has another import already');
  await expect(other.page.locator('#details')).toContainText('differ after event 0');
  expect((await placeOf(other.page)).head).toBeGreaterThanOrEqual(before);
  expect(await site.head()).toBe(head);
  await other.recover.click();
  await expect(other.wakeUp).toContainText('0 lost, 0 done twice.');

  await other.deleteAndStartAgain();
  await expect(other.sentence).toHaveText(SENT);
  await expect(notice(other)).toBeHidden();
  await take(other).click();
  await expectTaken(other, head);
});

test('what waits on the server can be deleted', async ({ page, site }) => {
  const demo = new DemoPage(page);
  await importAt(demo, site.url);
  await sendFrom(demo);
  await demo.startAgain.click();
  await expect(demo.question).toContainText('It is deleted on the server.');
  await demo.question.getByRole('button', { name: 'Delete it' }).click();
  await expect(demo.sample).toBeVisible();
  expect(await site.head()).toBe(0);
});

test('without the token, there is nothing to press, and nothing is asked of a server', async ({
  page,
  site,
}) => {
  const urls: string[] = [];
  page.on('request', (request) => urls.push(request.url()));
  const demo = new DemoPage(page);
  await importAt(demo, site.url.replace(/#.*/, ''));
  await expect(demo.crash).toBeVisible();
  await expect(send(demo)).toBeHidden();
  expect(urls.filter((url) => /rewake\/|run-server/.test(url))).toEqual([]);
});

// What is refused, or not there, is noise in the console.
noisy('where no server answers to the token, there is nothing to press', async ({ page }) => {
  const demo = new DemoPage(page);
  const refusing = nodeListener(async () => new Response('', { status: 403 }));
  for (const runs of [undefined, refusing]) {
    const server = await serve(await builtDemo(), runs);
    await importAt(demo, `${server.url}#${TOKEN}`);
    await expect(demo.crash).toBeVisible();
    await expect(send(demo)).toBeHidden();
    await server.close();
  }
});

noisy('without a network the import is still here, and so is the page', async ({ page }) => {
  const { server, head } = await serveRuns();
  const demo = new DemoPage(page);
  await page.goto(`${server.url}#${TOKEN}`);
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  // In the charge of the Service Worker, which keeps the site and leaves the server's runs alone.
  await page.reload();
  await demo.choose(pictures(200));
  await demo.waitForHead(4);
  await expect(send(demo)).toBeVisible();
  await server.close();
  await send(demo).click();
  await expect(demo.sentence).toHaveText('The server cannot be reached. The import is still here.');
  expect(await head()).toBe(0);
  await demo.recover.click();
  await expect(demo.wakeUp).toContainText('0 lost, 0 done twice.');

  await page.reload();
  await expect(demo.wakeUp).toContainText('0 lost, 0 done twice.');
  await expect(send(demo)).toBeHidden();
  await demo.finishFast();
  await demo.expectEachPictureOnce(COUNT);
});

test('the keyboard is enough to send a run, and to take it over', { tag: '@chromium' }, async ({
  page,
  other,
  site,
}) => {
  const demo = new DemoPage(page);
  await importAt(demo, site.url);
  await page.getByRole('button', { name: 'Download this run' }).focus();
  await page.keyboard.press('Tab');
  await expect(send(demo)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(take(demo)).toBeFocused();
  await expect(demo.sentence).toHaveText(SENT);
  await page.keyboard.press('Shift+Tab');
  await expect(link(demo)).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(demo.crash).toBeFocused();
  await expect(demo.wakeUp).toContainText('0 lost, 0 done twice.');

  const url = await sendFrom(demo);
  await other.page.goto(url);
  await expect(other.wakeUp).toContainText('0 lost, 0 done twice.');
  // The other page of the demo has the token, too, and brings it back.
  await other.page.getByRole('link', { name: 'Agent' }).press('Enter');
  await other.page.getByRole('link', { name: 'Import' }).press('Enter');
  await expect(send(other)).toBeVisible();
});

for (const width of [360, 1280])
  test(
    `sending is good to look at, light and dark, ${width} px`,
    { tag: '@chromium' },
    async ({ page, other, site }, testInfo) => {
      const demo = new DemoPage(page);
      await importAt(demo, site.url);
      for (const { page } of [demo, other]) {
        await page.setViewportSize({ width, height: 900 });
        await noteJumps(page);
      }
      await page.reload();
      await expect(demo.wakeUp).toContainText('0 lost, 0 done twice.');
      const check = ({ page }: DemoPage, name: string) =>
        expectGood(page, (file) => testInfo.outputPath(file), name);
      await demo.crash.click();
      await check(demo, 'crashed');
      const url = await sendFrom(demo);
      await check(demo, 'sent');
      await other.page.goto(url);
      await expect(other.wakeUp).toContainText('0 lost, 0 done twice.');
      await other.crash.click();
      await check(other, 'taken over');
      await page.goto(url);
      await expect(notice(demo)).toBeVisible();
      await check(demo, 'nothing to take');
    },
  );
