import { expect } from '@playwright/test';
import { caseNames, suites } from './conformance.ts';
import type { RunWindow } from './run-page.ts';
import { blankUrl } from './servers.ts';
import type { WebKitSession, WebKitWindow } from './webkit-session.ts';
import { test } from './webkit-test.ts';

// The third engine. What the other specs ask of Chromium and Firefox in all detail, asked here in the main.

declare const window: RunWindow;

for (const { name, run, script, codec } of suites) {
  test(`IndexedDB conforms to the contracts in ${name}`, async ({ session }) => {
    await session.goto(blankUrl);
    const outcomes = await session.execute(run, { script, codec });
    expect(outcomes.filter(({ error }) => error)).toEqual([]);
    expect(outcomes.map(({ name }) => name)).toEqual(caseNames);
  });
}

async function showRunPage(window: WebKitWindow): Promise<void> {
  await window.goto(blankUrl);
  await window.execute(async (path) => {
    await import(path);
  }, '/e2e/pages/run.ts');
}

async function otherTab(session: WebKitSession): Promise<WebKitWindow> {
  const other = await session.openWindow();
  await showRunPage(other);
  return other;
}

const open = (page: WebKitWindow, ifOwned: 'wait' | 'fail' | 'steal' = 'wait') =>
  page.execute((ifOwned) => window.page.open(ifOwned), ifOwned);
const append = (page: WebKitWindow, event: number) =>
  page.execute((event) => window.page.append(event), event);
const owned = (page: WebKitWindow) => page.execute(() => window.page.owned?.state);

test('a run goes on after a reload', async ({ session }) => {
  await showRunPage(session);
  await open(session);
  for (const event of [1, 2, 3, 4, 5, 6]) expect(await append(session, event)).toBe(event);
  await showRunPage(session);
  await open(session);
  expect(await owned(session)).toEqual({ sum: 21, count: 6 });
  const recovery = await session.execute(() => window.page.owned?.recovery);
  expect([5, 6]).toContain(recovery?.snapshotSeq);
  expect(recovery).toMatchObject({ seq: 6, replayed: 6 - Number(recovery?.snapshotSeq) });
  expect(await append(session, 7)).toBe(7);
});

test('a tab that waits owns the run when the owner is closed', async ({ session }) => {
  await showRunPage(session);
  const owner = await otherTab(session);
  await open(owner);
  await expect(open(session, 'fail')).rejects.toThrow('another tab');
  // Not awaited in the page either: WebDriver would do nothing else meanwhile.
  await session.execute(() => void window.page.open());
  expect(await append(owner, 1)).toBe(1);
  expect(await owned(session)).toBeUndefined();
  await owner.close();
  await expect.poll(() => owned(session)).toEqual({ sum: 1, count: 1 });
  expect(await append(session, 2)).toBe(2);
});

test('a run that is stolen from a living tab closes itself, and has changed nothing', async ({ session }) => {
  await showRunPage(session);
  const thief = await otherTab(session);
  await open(session);
  await append(session, 1);
  await open(thief, 'steal');
  await expect.poll(() => session.execute(() => window.page.reports)).toEqual(['conflict']);
  expect(await append(session, 100)).toBe('conflict');
  expect(await append(thief, 2)).toBe(2);
  expect(await owned(thief)).toEqual({ sum: 3, count: 2 });
});

test('a follower in another tab sees every event', async ({ session }) => {
  await showRunPage(session);
  const follower = await otherTab(session);
  await open(session);
  await append(session, 1);
  await follower.execute(() => window.page.follow());
  const followed = () => follower.execute(() => window.page.followed?.state);
  expect(await followed()).toEqual({ sum: 1, count: 1 });
  await append(session, 2);
  await append(session, 3);
  await expect.poll(followed).toEqual({ sum: 6, count: 3 });
});
