import { type BrowserContext, test as noisy, type Page } from '@playwright/test';
import { DemoPage, expect, SAMPLE_COUNT, test } from './demo-page.ts';
import { demoUrl } from './servers.ts';
import { builtDemo, serve } from './static-server.ts';

const MARKUP = '<img src=x onerror="ran = true"><script>ran = true</script>';
const ELSEWHERE = 'https://elsewhere.invalid/';

/** The page's policy, by directive. */
async function policyOf(page: Page): Promise<Map<string, string[]>> {
  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
  const directives = (policy ?? '').split(';').map((directive) => directive.trim().split(/\s+/));
  return new Map(directives.map(([name = '', ...values]) => [name, values]));
}

/** What the context asks for from now on, the Service Worker included. */
function noteRequests(context: BrowserContext): string[] {
  const urls: string[] = [];
  context.on('request', (request) => urls.push(request.url()));
  context.on('page', (page) => page.on('websocket', (socket) => urls.push(socket.url())));
  return urls;
}

/** Every violation is noise in the console, which the test does not tolerate. */
async function tellViolations(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sample }) => {
      console.error(`${effectiveDirective} has refused ${blockedURI} ${sample}`);
    });
  });
}

test('the policy begins with nothing and allows no more than this site', async ({ page }) => {
  const demo = new DemoPage(page);
  await demo.visit();
  const policy = await policyOf(page);
  for (const nothing of ['default-src', 'base-uri', 'form-action'])
    expect(policy.get(nothing)).toEqual(["'none'"]);
  expect(policy.get('script-src')).toEqual(["'self'"]);
  expect(policy.get('require-trusted-types-for')).toEqual(["'script'"]);
  // Pictures alone come from what the page itself has made.
  expect(policy.get('img-src')).toEqual(["'self'", 'blob:']);
  const sources = [...policy].filter(([name]) => name.endsWith('-src') && name !== 'img-src');
  for (const [name, values] of sources) expect(["'none'", "'self'"], name).toContain(values.join(' '));
  // What stands before the policy is not under it.
  expect(await page.locator('meta[http-equiv] ~ :is(script, link)').count()).toBe(
    await page.locator(':is(script, link)').count(),
  );
});

test('import, crash, recovery, a follower and a visit offline: no violation, and no request elsewhere', async ({
  page,
  context,
}) => {
  const server = await serve(await builtDemo());
  await tellViolations(context);
  const urls = noteRequests(context);
  const demo = new DemoPage(page);
  await page.goto(server.url);
  await demo.sample.click();
  await demo.waitForHead(14);
  await demo.crash.click();
  await demo.recover.click();
  await expect(demo.wakeUp).toContainText('0 lost, 0 done twice.');

  const follower = new DemoPage(await context.newPage());
  await follower.page.goto(server.url);
  await expect(follower.owner).toHaveText('another tab');
  await follower.takeOver.click();
  await expect(follower.wakeUp).toContainText('0 lost, 0 done twice.');
  await follower.page.close();

  await expect(demo.owner).toHaveText('this tab');
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await server.close();
  await page.reload();
  await expect(demo.wakeUp).toContainText('0 lost, 0 done twice.');
  await demo.finishFast();
  await demo.expectEachPictureOnce(SAMPLE_COUNT);
  expect(await demo.manifest()).toHaveLength(SAMPLE_COUNT);

  expect(urls.filter((url) => url.endsWith('.js')).length).toBeGreaterThan(2);
  const own = [server.url, `blob:${server.url}`];
  expect(urls.filter((url) => !own.some((prefix) => url.startsWith(prefix)))).toEqual([]);
});

const expectNothingRan = async (page: Page) =>
  expect(await page.evaluate(() => Reflect.get(window, 'ran'))).toBeUndefined();

/** What the policy has refused on this page so far, by directive. */
const refusals = (page: Page) => page.evaluate((): string[] => Reflect.get(window, 'refusals'));

async function noteRefusals(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const refusals: string[] = [];
    Object.assign(window, { refusals });
    addEventListener('securitypolicyviolation', (event) => refusals.push(event.effectiveDirective));
  });
}

// What is refused is noise in the console.
noisy('markup in the page that it has not written does not run', async ({ page }) => {
  const site = new Map(await builtDemo());
  const html = String(site.get('index.html'));
  site.set('index.html', Buffer.from(html.replace('<main', `${MARKUP}<main`)));
  const server = await serve(site);
  await noteRefusals(page);
  await page.goto(server.url);
  await expect(new DemoPage(page).sample).toBeVisible();
  await expect
    .poll(async () => (await refusals(page)).sort())
    .toEqual(['script-src-attr', 'script-src-elem']);
  await expectNothingRan(page);
  await server.close();
});

noisy(
  'a script in the page can neither make scripts of strings nor send anything elsewhere',
  async ({ page }) => {
    await noteRefusals(page);
    await page.goto(demoUrl);
    await expect(new DemoPage(page).sample).toBeVisible();
    await page.evaluate(
      async ([markup = '', elsewhere = '']) => {
        // Tools for developers may evaluate strings, but only as long as their own call lasts.
        await new Promise((resolve) => setTimeout(resolve));
        const make = (name: string, properties: object) =>
          Object.assign(document.createElement(name), properties);
        const attempts: (() => unknown)[] = [
          () => document.body.insertAdjacentHTML('beforeend', markup),
          () => document.body.append(make('div', { innerHTML: markup })),
          () => document.body.append(make('script', { textContent: 'ran = true' })),
          () => document.body.setAttribute('onclick', 'ran = true'),
          () => new Function('ran = true')(),
          () => new Worker(`${elsewhere}worker.js`),
          () => fetch(elsewhere),
          () => new WebSocket(elsewhere.replace('https', 'wss')),
          () => navigator.sendBeacon(elsewhere, 'state'),
          () => document.body.append(make('img', { src: elsewhere })),
          () => document.body.append(make('iframe', { src: elsewhere })),
          () => document.head.append(make('base', { href: elsewhere })),
          () => document.body.append(make('style', { textContent: 'body { background: red }' })),
          () => {
            const form = make('form', { action: elsewhere });
            document.body.append(form);
            if (form instanceof HTMLFormElement) form.submit();
          },
        ];
        for (const attempt of attempts) {
          try {
            await attempt();
          } catch {
            // Most are refused with an error.
          }
        }
        document.body.click();
      },
      [MARKUP, ELSEWHERE],
    );
    await expectNothingRan(page);
    // In any order: an image and a frame are refused when they are to be loaded.
    await expect
      .poll(async () => (await refusals(page)).sort())
      .toEqual([
        'base-uri',
        ...Array(3).fill('connect-src'),
        'form-action',
        'frame-src',
        'img-src',
        ...Array(6).fill('require-trusted-types-for'),
        'style-src-elem',
      ]);
  },
);

test('an error message is text, whatever is in it', async ({ page }) => {
  await page.addInitScript(() => {
    const { Worker } = window;
    window.Worker = class extends Worker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        Object.assign(window, { worker: this });
      }
    };
  });
  const demo = new DemoPage(page);
  await demo.visit();
  await expect(demo.sample).toBeVisible();
  await page.evaluate((message) => {
    const worker: Worker = Reflect.get(window, 'worker');
    worker.dispatchEvent(new MessageEvent('message', { data: { type: 'failed', code: 'unknown', message } }));
  }, MARKUP);
  await expect(page.locator('#details')).toHaveText(MARKUP);
  await expectNothingRan(page);
});

interface Stored {
  readonly names: readonly string[];
  readonly events: readonly object[];
  /** Up to which event there is a snapshot; 0 for none. */
  readonly snapshotSeq: number;
}

/** Writes a log past the library and past the demo, and visits it. */
async function visitLog(page: Page, stored: Stored): Promise<void> {
  const demo = new DemoPage(page);
  await demo.visit();
  await expect(demo.sample).toBeVisible();
  await page.evaluate(async ({ names, events, snapshotSeq }) => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('rewake');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const transaction = database.transaction(['events', 'snapshots'], 'readwrite');
    const files = names.map((name) => new File(['no picture'], name));
    const log = [{ type: 'chosen', files }, ...events];
    transaction.objectStore('events').put({ format: 1, events: log }, ['import', log.length]);
    if (snapshotSeq > 0) {
      const state = { files: files.map(({ name, size }) => ({ name, size })), results: [] };
      transaction.objectStore('snapshots').put({ format: 1, atSeq: snapshotSeq, state }, 'import');
    }
    await new Promise((resolve) => {
      transaction.oncomplete = resolve;
    });
    database.close();
  }, stored);
  await page.reload();
}

test('what is read from a log is text, whatever is in it', async ({ page }) => {
  await visitLog(page, {
    names: [MARKUP, `${MARKUP}.png`],
    events: [{ type: 'refused', picture: 0, reason: MARKUP }],
    snapshotSeq: 0,
  });
  const demo = new DemoPage(page);
  await expect(demo.sentence).toHaveText(
    'All 2 files are done: 0 pictures imported, 2 refused with a reason.',
  );
  await expect(demo.tiles).toHaveText([MARKUP + MARKUP, `not a picture${MARKUP}.png`]);
  const manifest = await demo.manifest();
  expect(manifest.map(({ name, reason }) => [name, reason])).toEqual([
    [MARKUP, MARKUP],
    [`${MARKUP}.png`, 'not a picture'],
  ]);
  await expectNothingRan(page);
});

const imported = {
  type: 'imported',
  picture: 0,
  sha256: '0'.repeat(64),
  width: 1,
  height: 1,
  colour: '#123456',
  thumbnail: new Uint8Array(),
};
const impossible = [
  { ...imported, type: MARKUP },
  { ...imported, picture: 1 },
  { ...imported, colour: `url(${ELSEWHERE})` },
  { ...imported, thumbnail: ELSEWHERE },
];

test('an event that the demo cannot have written is shown nowhere', async ({ page, context }) => {
  await tellViolations(context);
  const demo = new DemoPage(page);
  for (const event of impossible) {
    // With a snapshot, the Worker has no need to look at the event.
    for (const snapshotSeq of [0, 2]) {
      await visitLog(page, { names: ['picture.png'], events: [event], snapshotSeq });
      await expect(demo.sentence).toHaveText(
        'The event log of this run is damaged, and no state can be trusted. Start again deletes it.',
      );
      await expect(page.locator('#details')).toContainText('This is no event of an import.');
      await demo.deleteAndStartAgain();
      await expect(demo.sample).toBeVisible();
    }
  }
});

// The policy in the page is not that of its Workers: theirs comes with their scripts, as a header.
noisy.describe(() => {
  noisy.use({ serviceWorkers: 'block' });

  // Playwright tells in the console what it blocks.
  noisy('sent as a header, the policy holds for the Worker, too', { tag: '@chromium' }, async ({ page }) => {
    const demo = new DemoPage(page);
    await demo.visit();
    const policy = [...(await policyOf(page))]
      .map(([name, values]) => [name, ...values].join(' '))
      .join('; ');
    await page.route(`${demoUrl}**`, async (route) => {
      const response = await route.fetch();
      const headers = { ...response.headers(), 'Content-Security-Policy': policy };
      await route.fulfill({ response, headers });
    });
    await page.reload();
    await demo.slowly.uncheck();
    await demo.sample.click();
    await expect(demo.sentence).toHaveText('All 60 pictures are imported.');

    await page.route(ELSEWHERE, (route) =>
      route.fulfill({ headers: { 'Access-Control-Allow-Origin': '*' } }),
    );
    const connects = await page
      .workers()[0]
      ?.evaluate((url) => fetch(url).then(Boolean, () => false), ELSEWHERE);
    expect(connects).toBe(false);
  });
});
