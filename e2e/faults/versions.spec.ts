import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { type FaultWindow, load, tab } from './tab.ts';

// Other tabs upgrade the database, or keep it from opening.

declare const window: FaultWindow;

/** A newer release, as its own tabs would, makes the database version 2. Whether it had to wait for anybody. */
async function upgrade(page: Page): Promise<boolean> {
  return page.evaluate(async () => {
    let blocked = false;
    const request = indexedDB.open('rewake', 2);
    request.onblocked = () => {
      blocked = true;
    };
    (await window.page.settled(request)).close();
    return blocked;
  });
}

/** What is in the database, whatever its version is. */
async function contents(page: Page) {
  return page.evaluate(async () => {
    const { settled } = window.page;
    const database = await settled(indexedDB.open('rewake'));
    const stores = [...database.objectStoreNames];
    const transaction = database.transaction(stores);
    const keys = await Promise.all(
      stores.map((store) => settled(transaction.objectStore(store).getAllKeys())),
    );
    database.close();
    return { version: database.version, stores, keys };
  });
}

async function oldTab(context: BrowserContext): Promise<Page> {
  const page = await tab(context);
  await page.evaluate(async () => {
    const { events, snapshots } = await window.page.openStores();
    const { logId } = await events.append('list', [1]);
    await snapshots.save({ runId: 'list', atSeq: 1, logId, state: [1] });
    await window.page.openRun();
  });
  return page;
}

const upgraded = {
  version: 2,
  stores: ['events', 'guards', 'snapshots'],
  keys: [
    [
      ['list', 1],
      ['list', [expect.any(String)]],
    ],
    ['list'],
    ['list'],
  ],
};

test('upgraded by a newer release in another tab, which need not wait: every later call and the open run reject with newer-version, and nothing is changed', async ({
  context,
}) => {
  const [old, newer] = [await oldTab(context), await tab(context)];
  expect(await upgrade(newer)).toBe(false);
  const outcomes = await old.evaluate(async () => {
    const { outcome, run, stores } = window.page;
    if (!run || !stores) throw new Error('There is nothing open.');
    const { events, snapshots } = stores;
    const calls: (() => Promise<unknown>)[] = [
      () => events.append('list', [2]),
      () => events.head('list'),
      () => events.scan('list', 1),
      () => events.delete('list'),
      () => events.runIds(),
      () => snapshots.save({ runId: 'list', atSeq: 2, state: [] }),
      () => snapshots.loadLatest('list'),
      () => snapshots.delete('list'),
      () => snapshots.runIds(),
      () => run.append(2),
      () => run.append(3),
    ];
    const outcomes = [];
    for (const call of calls) outcomes.push(await outcome(call()));
    return outcomes;
  });
  expect(outcomes).toEqual(outcomes.map(() => ({ code: 'newer-version' })));
  expect(await old.evaluate(() => window.page.reports)).toEqual(['newer-version']);
  expect(await contents(newer)).toEqual(upgraded);
});

test('database of a newer release at the start: openStores and openRun reject with newer-version, take no memory instead, and leave it as it is', async ({
  context,
}) => {
  await (await oldTab(context)).close();
  const page = await tab(context);
  await upgrade(page);
  const outcomes = await page.evaluate(async () => {
    const { outcome, openStores, openRun } = window.page;
    return [await outcome(openStores()), await outcome(openRun())];
  });
  expect(outcomes).toEqual([{ code: 'newer-version' }, { code: 'newer-version' }]);
  expect(await contents(page)).toEqual(upgraded);
});

// At version 1 nothing else can stand in the way: an open that upgrades nothing is never blocked itself.
test('kept from opening by a deletion that waits for an old tab: timeout, never memory, and it works once that tab is closed', async ({
  context,
}) => {
  const [stuck, other, page] = [await tab(context), await tab(context), await context.newPage()];
  // It does not listen to versionchange.
  await stuck.evaluate(async () => {
    Object.assign(window, { database: await window.page.settled(indexedDB.open('rewake', 1)) });
  });
  await other.evaluate(
    () =>
      new Promise((blocked) => {
        indexedDB.deleteDatabase('rewake').onblocked = blocked;
      }),
  );
  await page.clock.install();
  await load(page);
  const refused = page.evaluate(async () => {
    const { rewake, outcome, openStores } = window.page;
    const events = new rewake.IndexedDbEventStore();
    return Promise.all([
      outcome(events.head('a').then(({ seq }) => seq)),
      outcome(openStores().then(({ backend }) => backend)),
    ]);
  });
  await page.clock.fastForward(10_000);
  expect(await refused).toEqual([{ code: 'timeout' }, { code: 'timeout' }]);
  await stuck.close();
  const works = page.evaluate(() => new window.page.rewake.IndexedDbEventStore().append('a', [1]));
  expect(await works).toMatchObject({ seq: 1 });
});
