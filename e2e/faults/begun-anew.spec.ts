import { expect, type Page } from '@playwright/test';
import type { FaultWindow } from './tab.ts';
import { test } from './two-tabs.ts';

// A run is deleted and begun anew by another tab, so that its numbers come again (ABA).

declare const window: FaultWindow;

const OLD = ['old 1', 'old 2', 'old 3'];
const NEW = ['new 1', 'new 2', 'new 3'];

/** Owns the run, at seq 3. */
const openOld = (page: Page) =>
  page.evaluate(async (events) => {
    const run = await window.page.openRun();
    for (const event of events) await run.append(event);
  }, OLD);

/** By a run of its own, which it takes over: the former owner hears of it where there are locks. */
const takeOverAnew = (page: Page) =>
  page.evaluate(async (events) => {
    await window.page.deleteRun();
    const run = await window.page.openRun({ ifOwned: 'steal' });
    for (const event of events) await run.append(event);
    await run.close();
  }, NEW);

/** Through the stores alone: nobody hears of it. */
const appendAnew = (page: Page) =>
  page.evaluate(async (events) => {
    await window.page.deleteRun();
    const stores = await window.page.openStores();
    for (const event of events) await stores.events.append('list', [event]);
  }, NEW);

/** The run is that of the other tab alone, now and after two more events. */
async function expectAllNew(page: Page): Promise<void> {
  const seen = await page.evaluate(async () => {
    const { logOf, openStores, recovered } = window.page;
    const { events } = await openStores();
    const before = [await logOf(), await recovered()];
    for (const event of ['new 4', 'new 5']) await events.append('list', [event]);
    return [...before, await logOf(), await recovered()];
  });
  const later = [...NEW, 'new 4', 'new 5'];
  expect(seen).toEqual([NEW, NEW, later, later]);
}

const appendOld = (page: Page) =>
  page.evaluate(() => window.page.run && window.page.outcome(window.page.run.append('old 4')));

test('run taken over, deleted and begun anew during a long task of its owner: the append at its end rejects with conflict and changes nothing', async ({
  newTab,
}) => {
  const [former, other] = [await newTab(), await newTab()];
  await openOld(former);
  await former.route('**/long-task', async (route) => {
    await takeOverAnew(other);
    await route.fulfill({ body: '' });
  });
  const appended = await former.evaluate(() => {
    const { outcome, run } = window.page;
    // Nothing else happens in the page until it is answered.
    const request = new XMLHttpRequest();
    request.open('GET', '/long-task', false);
    request.send();
    return run && outcome(run.append('old 4'));
  });
  expect(appended).toEqual({ code: 'conflict' });
  await former.evaluate(() => window.page.run?.close());
  await expectAllNew(other);
});

test('run deleted and begun anew up to the same seq, of which its owner does not hear: its next append rejects with conflict and changes nothing', async ({
  newTab,
}) => {
  const [former, other] = [await newTab(), await newTab()];
  await openOld(former);
  await appendAnew(other);
  expect(await appendOld(former)).toEqual({ code: 'conflict' });
  expect(await appendOld(former)).toEqual({ code: 'conflict' });
  expect(await former.evaluate(() => window.page.reports)).toEqual(['conflict']);
  await former.evaluate(() => window.page.run?.close());
  await expectAllNew(other);
});

const ways: readonly [when: string, leave: () => Promise<unknown> | undefined][] = [
  ['closed', () => window.page.run?.close()],
  ['asked for a snapshot', () => window.page.run && window.page.outcome(window.page.run.snapshot())],
  [
    'hidden',
    () => {
      Object.defineProperty(document, 'hidden', { value: true });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
      // A reading after whatever that has begun to write.
      return window.page.recovered();
    },
  ],
];
for (const [when, leave] of ways) {
  test(`run deleted and begun anew, of which its owner does not hear, and then ${when}: no snapshot of the old log is left`, async ({
    newTab,
  }) => {
    const [former, other] = [await newTab(), await newTab()];
    await openOld(former);
    await appendAnew(other);
    await former.evaluate(leave);
    await expectAllNew(other);
  });
}

for (const [what, events] of [
  ['up to the same seq', NEW],
  ['beyond its seq', [...NEW, 'new 4']],
] as const) {
  test(`run deleted and begun anew, ${what}, before a follower has looked: it has the state of the new log`, async ({
    newTab,
  }) => {
    const [owner, follower] = [await newTab(), await newTab()];
    await openOld(owner);
    await follower.evaluate(() => window.page.followRun());
    const followed = () => follower.evaluate(() => window.page.followed?.state);
    expect(await followed()).toEqual(OLD);
    await owner.evaluate(async (events) => {
      await window.page.run?.close();
      await window.page.deleteRun();
      await (await window.page.openRun()).appendAll(events);
    }, events);
    await expect.poll(followed).toEqual(events);
  });
}

for (const [what, length] of [
  ['as long', 25_000],
  ['shorter', 12_000],
] as const) {
  test(`run of 25,000 events deleted and begun anew, ${what}, between two pages of a recovery: the state is of one log`, async ({
    newTab,
  }) => {
    const [reader, other] = [await newTab(), await newTab()];
    await reader.evaluate(async () => {
      const { hold, openStores, rewake } = window.page;
      const { events } = await openStores();
      await events.append('list', Array(25_000).fill('old'));
      const { held, reached, release } = hold(events, 'scan', 'after');
      window.page.release = release;
      type Counts = Readonly<Record<string, number>>;
      const recovery = rewake.recover<Counts, unknown>({
        runId: 'list',
        stores: { events: held, snapshots: { loadLatest: async () => undefined } },
        reduce: (counts, event) => ({ ...counts, [String(event)]: (counts[String(event)] ?? 0) + 1 }),
        initialState: {},
      });
      window.page.pending = recovery.then(({ state }) => state);
      await reached;
    });
    await other.evaluate(async (length) => {
      await window.page.deleteRun();
      await (await window.page.openRun()).appendAll(Array(length).fill('new'));
    }, length);
    const state = await reader.evaluate(async () => {
      window.page.release();
      return window.page.pending && window.page.outcome(window.page.pending);
    });
    expect([{ value: { old: 25_000 } }, { value: { new: length } }]).toContainEqual(state);
  });
}
