import { expect } from '@playwright/test';
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
    await (await window.page.openRun({ owner: 'fail' })).append('first');
  });
  const stands = await second.evaluate(async () => {
    const run = await window.page.openRun({ owner: 'fail' });
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
