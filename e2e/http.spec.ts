import { expect, test } from '@playwright/test';
import { caseNames } from './conformance.ts';
import { type Example, startExample } from './example-server.ts';
import { blankUrl } from './servers.ts';

test('the stores over HTTP conform to the contracts in a page', async ({ page }) => {
  await page.goto(blankUrl);
  const outcomes = await page.evaluate(async () => {
    const script = '/e2e/pages/conformance.ts';
    const { runCasesOverHttp }: typeof import('./pages/conformance.ts') = await import(script);
    return runCasesOverHttp();
  });
  expect(outcomes.filter(({ error }) => error)).toEqual([]);
  expect(outcomes.map(({ name }) => name)).toEqual(caseNames);
});

test('a follower in another browser hears of each commit by Server-Sent Events', async ({
  page,
  browser,
}) => {
  const url = `/rewake/${crypto.randomUUID()}`;
  const other = await (await browser.newContext()).newPage();
  await Promise.all([page.goto(blankUrl), other.goto(blankUrl)]);
  await other.evaluate(async (url) => {
    const [core, http] = ['/src/index.ts', '/src/http/index.ts'];
    const { followRun }: typeof import('../src/index.ts') = await import(core);
    const { HttpEventStore, HttpSnapshotStore }: typeof import('../src/http/index.ts') = await import(http);
    const run = await followRun<number, number>({
      runId: 'a',
      initialState: 0,
      reduce: (sum, add) => sum + add,
      stores: { snapshots: new HttpSnapshotStore({ url }), events: new HttpEventStore({ url }) },
    });
    const show = () => {
      document.title = String(run.state);
    };
    run.subscribe(show);
    show();
  }, url);
  await expect(other).toHaveTitle('0');
  const append = (event: number) =>
    page.evaluate(
      async ([url, event]) => {
        const http = '/src/http/index.ts';
        const { HttpEventStore }: typeof import('../src/http/index.ts') = await import(http);
        await new HttpEventStore<number>({ url }).append('a', [event]);
      },
      [url, event] as const,
    );
  for (const [event, sum] of [
    [1, '1'],
    [2, '3'],
    [4, '7'],
  ] as const) {
    await append(event);
    await expect(other).toHaveTitle(sum);
  }
  await other.context().close();
});

test('without a network it is unavailable or connection-lost, soon, and goes on afterwards', async ({
  page,
  context,
}) => {
  await page.goto(blankUrl);
  const url = `/rewake/${crypto.randomUUID()}`;
  const call = () =>
    page.evaluate(async (url) => {
      const http = '/src/http/index.ts';
      const { HttpEventStore }: typeof import('../src/http/index.ts') = await import(http);
      const events = new HttpEventStore({ url });
      const codeOf = (error: { code: string }) => error.code;
      return Promise.all([
        events.append('a', [1], { expectedHead: 0, writer: 'w' }).then(({ seq }) => seq, codeOf),
        events.head('a').then(() => 'read', codeOf),
      ]);
    }, url);
  await call();
  await context.setOffline(true);
  const began = Date.now();
  const [write, read] = await call();
  expect(['unavailable', 'connection-lost']).toContain(write);
  expect(read).toBe('unavailable');
  expect(Date.now() - began).toBeLessThan(5_000);
  await context.setOffline(false);
  expect(await call()).toEqual([1, 'read']);
});

test.describe('the example', () => {
  let example: Example;

  test.beforeAll(async () => {
    test.setTimeout(120_000);
    example = await startExample('secret');
  });
  test.afterAll(() => example?.stop());

  test('a run goes from one browser over HTTP and PostgreSQL to another, and back', async ({
    page,
    browser,
  }) => {
    const add = async (tab: typeof page, note: string) => {
      await tab.getByLabel('Note').fill(note);
      await tab.getByRole('button', { name: 'Add' }).click();
      await expect(tab.locator('#here li').last()).toHaveText(note);
    };
    await page.goto(example.notesUrl);
    await add(page, 'milk');
    await add(page, 'bread');
    await page.getByRole('button', { name: 'Send to the server' }).click();
    await expect(page.locator('#there li')).toHaveText(['milk', 'bread']);

    const other = await (await browser.newContext()).newPage();
    await other.goto(example.notesUrl);
    await expect(other.locator('#here li')).toHaveText(['milk', 'bread']);
    await add(other, 'tea');
    // As if the user looked elsewhere.
    await other.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await expect(page.locator('#there li')).toHaveText(['milk', 'bread', 'tea']);
    await other.context().close();

    await add(page, 'coffee');
    await page.getByRole('button', { name: 'Send to the server' }).click();
    await expect(page.getByRole('alert')).toContainText('differ after event 2');
  });
});
