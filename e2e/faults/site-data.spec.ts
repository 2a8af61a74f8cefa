import { type BrowserContext, test as base, expect, type Page } from '@playwright/test';
import { expectEachOnce, expectOnly } from './checks.ts';
import { type OriginServer, serveOrigin } from './origin-server.ts';
import { type FaultWindow, tab } from './tab.ts';

// The database goes away, or the connection to it does, while a page works with it.

declare const window: FaultWindow;

const test = base.extend<{ origin: OriginServer }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright wants a pattern.
  origin: async ({}, use) => {
    const server = await serveOrigin();
    await use(server);
    server.close();
  },
});

/** The site's data is deleted, as when the user tells the browser to. */
async function clearSiteData(context: BrowserContext, { clearUrl }: OriginServer): Promise<void> {
  const page = await context.newPage();
  await page.goto(clearUrl);
  await page.close();
}

/** Another tab deletes the database. Whether it had to wait for anybody to let go of it. */
async function deleteDatabase(context: BrowserContext, url: string): Promise<boolean> {
  const other = await tab(context, url);
  return other.evaluate(async () => {
    let blocked = false;
    const request = indexedDB.deleteDatabase('rewake');
    request.onblocked = () => {
      blocked = true;
    };
    await window.page.settled(request);
    return blocked;
  });
}

/** Closes every connection and deletes nothing, as the browser does when the storage under it fails. */
async function forceClose(context: BrowserContext): Promise<void> {
  const internals = await context.newPage();
  await internals.goto('chrome://indexeddb-internals');
  await internals.getByText('Force close').dispatchEvent('click');
  await internals.close();
}

for (const [what, destroy] of [
  ['site data cleared', clearSiteData],
  [
    'database deleted underneath by another tab',
    async (context: BrowserContext, { url }: OriginServer) =>
      expect(await deleteDatabase(context, url)).toBe(false),
  ],
] as const) {
  test(`${what}: the stores find nothing at their next call, and work on`, async ({ context, origin }) => {
    const page = await tab(context, origin.url);
    await page.evaluate(async () => {
      const { events, snapshots } = await window.page.openStores();
      await events.append('a', [1, 2]);
      await snapshots.save({ runId: 'a', atSeq: 2, state: 3 });
    });
    await destroy(context, origin);
    const seen = await page.evaluate(async () => {
      const { stores } = window.page;
      const snapshot = await stores?.snapshots.loadLatest('a');
      return [snapshot, await stores?.events.runIds(), (await stores?.events.append('a', ['new']))?.seq];
    });
    expect(seen).toEqual([undefined, [], 1]);
  });

  test(`${what} under an open run: its next append rejects with conflict and closes it, and opened again it begins anew`, async ({
    context,
    origin,
  }) => {
    const page = await tab(context, origin.url);
    await page.evaluate(async () => {
      await (await window.page.openRun()).appendAll([1, 2]);
    });
    await destroy(context, origin);
    const seen = await page.evaluate(async () => {
      const { outcome, run, openRun, reports, rewake } = window.page;
      const appended = [];
      for (const event of [3, 4]) appended.push(run && (await outcome(run.append(event))));
      const { seq: head } = await new rewake.IndexedDbEventStore().head('list');
      const again = await openRun();
      return { appended, reports, head, state: again.state, seq: await again.append('new') };
    });
    const conflict = { code: 'conflict' };
    expect(seen).toEqual({
      appended: [conflict, conflict],
      reports: ['conflict'],
      head: 0,
      state: [],
      seq: 1,
    });
  });
}

test('site data cleared in a stream of appends: those after it are numbered from 1, none of them lost or doubled', async ({
  context,
  origin,
}) => {
  const page = await tab(context, origin.url);
  await page.evaluate(async () => {
    const { events } = await window.page.openStores();
    window.page.appends = window.page.stream(async (n) => (await events.append('a', [n])).seq);
  });
  await appendsGoOn(page);
  await clearSiteData(context, origin);
  const cleared = await appendsGoOn(page);
  const { log, appended } = await stopAppends(page);
  const first = Number(log[0]?.event);
  expect(first).toBeLessThanOrEqual(cleared + 1);
  const later = appended.filter(({ n }) => n >= first);
  expectEachOnce(log, later);
  expectOnly('connection-lost', appended);
});

test('site data cleared under an open run in a stream of appends: it closes with conflict, and leaves nothing behind', async ({
  context,
  origin,
}) => {
  const page = await tab(context, origin.url);
  await page.evaluate(async () => {
    await window.page.openStores();
    const run = await window.page.openRun({ runId: 'a' });
    window.page.appends = window.page.stream((n) => run.append(n));
  });
  await appendsGoOn(page);
  await clearSiteData(context, origin);
  // A run tells that it tries again if that takes more than two tries.
  await expect
    .poll(() => page.evaluate(() => window.page.reports.filter((code) => code !== 'connection-lost')))
    .toEqual(['conflict']);
  const { log, appended } = await stopAppends(page);
  expect(log).toEqual([]);
  expectOnly('conflict', appended);
});

test('connection force-closed in a stream of appends: each that resolved is there, once; the others reject with connection-lost, as reads do', {
  tag: '@chromium',
}, async ({ context, origin }) => {
  const page = await tab(context, origin.url);
  await page.evaluate(async () => {
    const { stream, openStores } = window.page;
    const { events, snapshots } = await openStores();
    await snapshots.save({ runId: 'a', atSeq: 1, state: 1 });
    window.page.appends = stream(async (n) => (await events.append('a', [n])).seq);
    window.page.reads = stream(async () =>
      Number((await snapshots.loadLatest('a'))?.atSeq) > (await events.head('a')).seq ? 0 : 1,
    );
  });
  for (let round = 0; round < 3; round++) {
    await appendsGoOn(page);
    await forceClose(context);
  }
  await appendsGoOn(page);
  const reads = await page.evaluate(() => window.page.reads?.stop());
  const { log, appended } = await stopAppends(page);
  expectEachOnce(log, appended);
  expectOnly('connection-lost', [...appended, ...(reads ?? [])]);
});

test('connection force-closed under an open run in a stream of appends: all of them resolve, each is there once, and nobody notices', {
  tag: '@chromium',
}, async ({ context, origin }) => {
  const page = await tab(context, origin.url);
  await page.evaluate(async () => {
    await window.page.openStores();
    const run = await window.page.openRun({ runId: 'a' });
    window.page.appends = window.page.stream((n) => run.append(n));
  });
  for (let round = 0; round < 3; round++) {
    await appendsGoOn(page);
    await forceClose(context);
  }
  await appendsGoOn(page);
  const { log, appended } = await stopAppends(page);
  expectEachOnce(log, appended);
  expect(log.length).toBe(appended.length);
  expect(await page.evaluate(() => window.page.reports)).toEqual([]);
});

/** Waits for so many more appends, and tells how many there were before. */
async function appendsGoOn(page: Page): Promise<number> {
  const last = () => page.evaluate(() => Number(window.page.appends?.last()));
  const before = await last();
  await expect.poll(last).toBeGreaterThan(before + 40);
  return before;
}

/** What became of the appends, and the log after them. */
const stopAppends = (page: Page) =>
  page.evaluate(async () => {
    const appended = (await window.page.appends?.stop()) ?? [];
    return { appended, log: (await window.page.stores?.events.scan('a', 1))?.events ?? [] };
  });
