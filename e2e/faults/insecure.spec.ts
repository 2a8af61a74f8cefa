import { expect } from '@playwright/test';
import { expectOnly } from './checks.ts';
import type { FaultWindow } from './tab.ts';
import { test } from './two-tabs.ts';

// A page over plain http that is not on `localhost`: an insecure context, without Web Locks. Here and in the other
// specs of this project, the fence alone keeps two tabs apart.

declare const window: FaultWindow;

test('an insecure context: it has IndexedDB and BroadcastChannel, and no Web Locks', async ({ newTab }) => {
  const seen = await (await newTab()).evaluate(() => [
    isSecureContext,
    'locks' in navigator,
    'indexedDB' in window,
    'BroadcastChannel' in window,
  ]);
  expect(seen).toEqual([false, false, true, true]);
});

test('an insecure context, and a run that another tab owns: a second tab gets it with fail, too, and the slower one closes with conflict', async ({
  newTab,
}) => {
  const [first, second] = [await newTab(), await newTab()];
  await first.evaluate(async () => {
    await (await window.page.openRun({ ifOwned: 'fail' })).append('first');
  });
  const stands = await second.evaluate(async () => {
    const run = await window.page.openRun({ ifOwned: 'fail' });
    return [run.state, await run.append('second')];
  });
  expect(stands).toEqual([['first'], 2]);
  const appends = await first.evaluate(async () => {
    const { outcome, run } = window.page;
    return run && [await outcome(run.append('late')), await outcome(run.append('later'))];
  });
  expect(appends).toEqual([{ code: 'conflict' }, { code: 'conflict' }]);
  expect(await first.evaluate(() => window.page.reports)).toEqual(['conflict']);
  expect(await second.evaluate(() => window.page.run?.append('third'))).toBe(3);
  expect(await second.evaluate(() => window.page.logOf())).toEqual(['first', 'second', 'third']);
});

test('an insecure context, and a run that is stolen while appends are in flight: one of the two closes with conflict, and each append that resolved is there once', async ({
  newTab,
}) => {
  const tabs = [await newTab(), await newTab()];
  for (const [index, page] of tabs.entries()) {
    await page.evaluate(async (index) => {
      const run = await window.page.openRun({ ifOwned: 'steal' });
      window.page.appends = window.page.stream((n) => run.append(n * 2 + index));
    }, index);
  }
  const reports = () => Promise.all(tabs.map((page) => page.evaluate(() => window.page.reports)));
  await expect.poll(async () => (await reports()).flat()).toEqual(['conflict']);
  const called = await Promise.all(
    tabs.map((page) => page.evaluate(async () => (await window.page.appends?.stop()) ?? [])),
  );
  const log = (await tabs[0]?.evaluate(() => window.page.logOf())) ?? [];
  expect(new Set(log).size).toBe(log.length);
  for (const [index, appended] of called.entries()) {
    expectOnly('conflict', appended);
    const resolved = appended.flatMap(({ n, outcome }) => ('value' in outcome ? [[outcome.value, n]] : []));
    expect(resolved.map(([seq = 0]) => log[seq - 1])).toEqual(resolved.map(([, n = 0]) => n * 2 + index));
  }
  expect((await reports()).flat()).toEqual(['conflict']);
});

test('an insecure context, and a run that another tab follows: it sees every event', async ({ newTab }) => {
  const [owner, follower] = [await newTab(), await newTab()];
  const append = (event: string) => owner.evaluate((event) => window.page.run?.append(event), event);
  const followed = () => follower.evaluate(() => window.page.followed?.state);
  await owner.evaluate(async () => void (await window.page.openRun()));
  await append('first');
  await follower.evaluate(() => window.page.followRun());
  expect(await followed()).toEqual(['first']);
  await append('second');
  await append('third');
  await expect.poll(followed).toEqual(['first', 'second', 'third']);
});
