import { expect, type Page } from '@playwright/test';
import type { FaultWindow } from './tab.ts';
import { test } from './two-tabs.ts';

// One tab destroys the database, as at a sign-out, while another one works with it: nothing may come back.

declare const window: FaultWindow;

const ROUNDS = 30;

/** The keys or the records that the database holds, read without the library; nothing if there is none. */
const contents = (page: Page, what: 'getAllKeys' | 'getAll' = 'getAllKeys') =>
  page.evaluate(async (what) => {
    const { settled } = window.page;
    const request = indexedDB.open('rewake');
    // If there is no database, none is to come into being.
    request.onupgradeneeded = () => request.transaction?.abort();
    const database = await settled(request).catch(() => undefined);
    if (!database) return [];
    const names = [...database.objectStoreNames];
    const transaction = database.transaction(names);
    const found = await Promise.all(
      names.map((name) => settled(transaction.objectStore(name)[what]() as IDBRequest<unknown[]>)),
    );
    database.close();
    return found.flatMap((all, index) => all.map((one) => `${names[index]}: ${JSON.stringify(one)}`));
  }, what);

const destroy = (page: Page) => page.evaluate(() => window.page.rewake.deleteDatabase());

/** A run at seq 3, without a snapshot, that nobody owns. */
const storeRun = (page: Page) =>
  page.evaluate(async () => {
    const { events } = await window.page.openStores();
    await events.append('list', ['secret 1', 'secret 2', 'secret 3']);
  });

/** What {@link page.pending} has come to. */
const settle = (page: Page) => page.evaluate(() => window.page.pending);

test('destroyed while a large snapshot is saved and a second one waits behind it: neither comes back', async ({
  newTab,
  browserName,
}) => {
  const [live, leaving] = [await newTab(), await newTab()];
  for (let round = 0; round < 3; round++) {
    await live.evaluate(
      async (size) => {
        const { bytes, outcome, rewake } = window.page;
        const secret = bytes(size);
        const run = await rewake.openRun<{ secret: Uint8Array; count: number }, number>({
          runId: 'secret',
          reduce: ({ count }) => ({ secret, count: count + 1 }),
          initialState: { secret, count: 0 },
        });
        await run.append(1);
        const saved = outcome(run.snapshot());
        window.page.pending = Promise.all([saved, run.close()]);
      },
      browserName === 'chromium' ? 30_000_000 : 5_000_000,
    );
    await destroy(leaving);
    await settle(live);
    expect(await contents(leaving)).toEqual([]);
  }
});

test('destroyed while a snapshot waits to be saved by a run that closes: it does not come back', async ({
  newTab,
}) => {
  const [live, leaving] = [await newTab(), await newTab()];
  await storeRun(live);
  await live.evaluate(async () => {
    const stores = await window.page.heldStores('snapshots', 'save', 'before');
    const run = await window.page.openRun({ stores });
    window.page.pending = run.close();
    await window.page.reached;
  });
  await destroy(leaving);
  await live.evaluate(async () => {
    window.page.release();
    await window.page.pending;
  });
  expect(await contents(leaving)).toEqual([]);
});

test('destroyed while a run is recovered: openRun never takes what is gone for damage, and nothing comes back', async ({
  newTab,
}) => {
  const [opening, leaving] = [await newTab(), await newTab()];
  await storeRun(opening);
  await opening.evaluate(async () => {
    const { heldStores, openRun, outcome } = window.page;
    const stores = await heldStores('events', 'scan', 'before');
    window.page.pending = outcome(openRun({ stores }).then(({ state }) => state));
    await window.page.reached;
  });
  await destroy(leaving);
  const opened = await opening.evaluate(() => {
    window.page.release();
    return window.page.pending;
  });
  expect(opened).not.toEqual({ code: 'unreadable' });
  await opening.evaluate(() => window.page.run?.close());
  expect(await contents(leaving)).toEqual([]);
});

test('destroyed by a tab that has looked at the locks before a run is opened: nothing comes back when that closes', {
  tag: '@secure',
}, async ({ newTab }) => {
  const [opening, leaving] = [await newTab(), await newTab()];
  await storeRun(opening);
  await leaving.evaluate(async () => {
    const { hold, rewake } = window.page;
    const { held, reached, release } = hold(navigator.locks, 'query', 'after');
    Object.defineProperty(navigator, 'locks', { value: held });
    const destroyed = rewake.deleteDatabase();
    Object.assign(window.page, { pending: destroyed, release });
    // It need not look at them.
    await Promise.race([reached, destroyed]);
  });
  // It is opened, or waits for the end of the deletion.
  await opening.evaluate(() => {
    window.page.pending = window.page.outcome(window.page.openRun());
  });
  const underWay = () =>
    opening.evaluate(async () => !!window.page.run || (await navigator.locks.query()).pending?.length !== 0);
  await expect.poll(underWay).toBe(true);
  await leaving.evaluate(async () => {
    window.page.release();
    await window.page.pending;
  });
  await opening.evaluate(async () => {
    await window.page.pending;
    await window.page.run?.close();
  });
  expect(await contents(leaving)).toEqual([]);
});

test(`destroyed ${ROUNDS} times while runs are opened, appended to and closed all the time: nothing from before comes back, and none is unreadable`, async ({
  newTab,
}) => {
  const [live, leaving] = [await newTab(), await newTab()];
  const codes = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    await live.evaluate(async () => {
      const { openRun, outcome } = window.page;
      const work = { when: 'before', stopped: false };
      Object.assign(window, { work });
      const once = async (id: string) => {
        const run = await openRun({ runId: id });
        await run.append(work.when).finally(() => run.close());
      };
      const ids = ['a', 'b', 'c'];
      await Promise.all(ids.map((id) => once(id)));
      const codes: string[] = [];
      const lane = async (id: string) => {
        while (!work.stopped) {
          const done = await outcome(once(id));
          if ('code' in done) codes.push(done.code);
        }
        return codes;
      };
      window.page.pending = Promise.all(ids.map(lane));
    });
    await live.evaluate(() => void Object.assign(Reflect.get(window, 'work'), { when: 'after' }));
    await destroy(leaving);
    const rejected = await live.evaluate(async () => {
      Object.assign(Reflect.get(window, 'work'), { stopped: true });
      return ((await window.page.pending) as string[][]).flat();
    });
    for (const code of rejected) codes.add(code);
    const records = await contents(leaving, 'getAll');
    expect(records.filter((record) => record.includes('before'))).toEqual([]);
    await destroy(leaving);
  }
  expect([...codes]).not.toContain('unreadable');
});
