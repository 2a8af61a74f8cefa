import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type Frame, type Page } from '@playwright/test';
import { blankUrl } from '../servers.ts';
import { bundle } from './bundle.ts';
import { test } from './start-browser.ts';
import { type FaultWindow, load, tab } from './tab.ts';

// IndexedDB may not be used: the stores are in memory, say so, and everything works in them until the tab is closed.

declare const window: FaultWindow;

/** What `openStores` and `openRun` do there. */
const useStores = (frame: Frame | Page) =>
  frame.evaluate(async () => {
    const { outcome, openStores, openRun } = window.page;
    const stores = await openStores();
    const { backend, events, snapshots } = stores;
    const reason = stores.backend === 'memory' ? stores.reason : undefined;
    const { seq: atSeq } = await events.append('a', [1, 2]);
    await snapshots.save({ runId: 'a', atSeq, state: 3 });
    const loaded = await snapshots.loadLatest('a');
    const run = await outcome(openRun().then((run) => run.append('event')));
    return { backend, reason: reason?.code, loaded, run };
  });

const used = { loaded: { runId: 'a', atSeq: 2, state: 3 }, run: { value: 1 } };
const inMemory = { ...used, backend: 'memory', reason: 'unavailable' };
const inIndexedDb = { ...used, backend: 'indexeddb', reason: undefined };

test('a sandboxed frame without allow-same-origin: openStores takes memory and says unavailable, and runs work there', async ({
  page,
}) => {
  await page.goto(blankUrl);
  await page.setContent('<iframe sandbox="allow-scripts" srcdoc="A frame"></iframe>');
  const frame = page.frames()[1];
  if (!frame) throw new Error('There is no frame.');
  await frame.evaluate(await bundle());
  expect(await useStores(frame)).toEqual(inMemory);
});

test('a data: page: openStores takes memory and says unavailable, and runs work there', async ({ page }) => {
  await page.goto('data:text/html,A page');
  await page.evaluate(await bundle());
  expect(await useStores(page)).toEqual(inMemory);
});

test('a user who lets no site keep data: openStores takes memory and says unavailable, and runs work there', async ({
  profile,
  start,
}) => {
  // Chromium's setting, then Firefox's.
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
  await mkdir(join(profile, 'Default'));
  await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences));
  const page = await tab(await start({ 'network.cookie.cookieBehavior': 2 }));
  expect(await useStores(page)).toEqual(inMemory);
});

test('private browsing: IndexedDB is there, and lasts until the window is closed', async ({
  browserName,
  context,
  start,
}) => {
  // What Playwright calls a context is private in Chromium, and is not in Firefox.
  const isPrivate =
    browserName === 'chromium' ? context : await start({ 'browser.privatebrowsing.autostart': true });
  const page = await tab(isPrivate);
  expect(await useStores(page)).toEqual(inIndexedDb);
  await load(page);
  expect(
    await page.evaluate(async () => (await new window.page.rewake.IndexedDbEventStore().head('a')).seq),
  ).toBe(2);
});

test.describe('Firefox before 115', () => {
  test.skip(({ browserName }) => browserName !== 'firefox', 'Chromium never was so.');

  test('private browsing without IndexedDB: openStores takes memory and says unavailable, and runs work there', async ({
    start,
  }) => {
    const preferences = {
      'browser.privatebrowsing.autostart': true,
      'dom.indexedDB.privateBrowsing.enabled': false,
    };
    const page = await tab(await start(preferences));
    expect(await useStores(page)).toEqual(inMemory);
  });
});
