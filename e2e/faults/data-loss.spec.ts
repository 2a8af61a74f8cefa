import { writeFile } from 'node:fs/promises';
import { type BrowserContext, expect, type Page } from '@playwright/test';
import { filesOf } from './profile-files.ts';
import { test } from './start-browser.ts';
import { type FaultWindow, tab } from './tab.ts';

// Chromium finds the site's databases damaged, throws them away, and says so once: to whoever opens one first.

declare const window: FaultWindow;

/** A page of a browser that has lost what was stored in it, and notes what the browser says of that. */
async function tabAfterLoss(profile: string, start: () => Promise<BrowserContext>): Promise<Page> {
  const before = await start();
  await (await tab(before)).evaluate(async () => {
    const run = await window.page.openRun();
    await run.appendAll(['lost 1', 'lost 2', 'lost 3']);
    await run.close();
  });
  await before.close();
  const files = (await filesOf(profile)).filter(({ size }) => size > 0);
  expect(files.length).toBeGreaterThan(0);
  for (const { path, size } of files) await writeFile(path, Buffer.alloc(size, 'garbage'));
  const after = await start();
  await after.addInitScript(() => {
    const { open } = IDBFactory.prototype;
    IDBFactory.prototype.open = function (...args) {
      const request = open.apply(this, args);
      request.addEventListener('upgradeneeded', (event) => {
        const [loss, message] = [Reflect.get(event, 'dataLoss'), Reflect.get(event, 'dataLossMessage')];
        if (loss === 'total') Object.assign(window, { message });
      });
      return request;
    };
  });
  return tab(after);
}

const browserSays = (page: Page) => page.evaluate(() => Reflect.get(window, 'message'));

/** An error with the browser's message in its own. */
const dataLost = (message: unknown) => ({
  code: 'data-lost',
  message: expect.stringContaining(String(message)),
});

test('databases lost: openStores says so, with the message of the browser, and the stores are empty and work', {
  tag: '@chromium',
}, async ({ profile, start }) => {
  const page = await tabAfterLoss(profile, start);
  const seen = await page.evaluate(async () => {
    const stores = await window.page.openStores();
    const { code, message } = Object(Reflect.get(stores, 'dataLoss'));
    return { backend: stores.backend, runIds: await stores.events.runIds(), dataLoss: { code, message } };
  });
  const message = await browserSays(page);
  expect(message).toMatch(/\w/);
  expect(seen).toEqual({ backend: 'indexeddb', runIds: [], dataLoss: dataLost(message) });
});

test('databases lost: openRun says so to onError and on the run, which begins anew', {
  tag: '@chromium',
}, async ({ profile, start }) => {
  const page = await tabAfterLoss(profile, start);
  const seen = await page.evaluate(async () => {
    const { list, rewake } = window.page;
    const reported: { code: string; message: string }[] = [];
    const onError = ({ code, message }: { code: string; message: string }) =>
      void reported.push({ code, message });
    const run = await rewake.openRun({ ...list, onError });
    const { code, message } = Object(Reflect.get(run, 'dataLoss'));
    return { state: run.state, seq: await run.append('new'), reported, dataLoss: { code, message } };
  });
  const lost = dataLost(await browserSays(page));
  expect(seen).toEqual({ state: [], seq: 1, reported: [lost], dataLoss: lost });
});

test('no database lost: neither openStores nor openRun says so, of an empty one and of a full one', async ({
  context,
}) => {
  for (const state of [[], ['event']]) {
    const page = await tab(context);
    const seen = await page.evaluate(async () => {
      const { openRun, openStores, reports } = window.page;
      const [stores, run] = [await openStores(), await openRun()];
      const { state } = run;
      await run.append('event');
      await run.close();
      return { state, reports, losses: [stores, run].map((told) => Reflect.get(told, 'dataLoss')) };
    });
    expect(seen).toEqual({ state, reports: [], losses: [undefined, undefined] });
  }
});
