import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import { test } from './start-browser.ts';
import { type FaultWindow, load, tab } from './tab.ts';

// A machine that is suspended, as far as the browser can tell: all of its processes are stopped for a while.

declare const window: FaultWindow;

/** Longer than the ten seconds in which a database has to open. Nothing in a stopped browser can shorten it. */
const SUSPENDED_MS = 13_000;

/** The whole browser stands still meanwhile. */
async function suspend(profile: string, browserName: string): Promise<void> {
  const lock = await readlink(join(profile, browserName === 'chromium' ? 'SingletonLock' : 'lock'));
  // Playwright starts it as the leader of a process group.
  const group = -Number(/\d+$/.exec(lock)?.[0]);
  process.kill(group, 'SIGSTOP');
  try {
    await new Promise((resolve) => setTimeout(resolve, SUSPENDED_MS));
  } finally {
    process.kill(group, 'SIGCONT');
  }
}

test(`suspended for ${SUSPENDED_MS / 1_000} s while a run is opened: it is at its last event or rejects with timeout, and no event is lost`, async ({
  profile,
  start,
  browserName,
}) => {
  test.setTimeout(60_000 + SUSPENDED_MS * 3);
  const context = await start();
  const [other, page] = [await tab(context), await tab(context)];
  const stored = ['event 1', 'event 2', 'event 3'];
  await other.evaluate(async (stored) => {
    const run = await window.page.openRun();
    await run.appendAll(stored);
    await run.close();
    // Keeps everybody from opening the database, until it notices that it has stood still: then it leaves all as it was.
    const request = indexedDB.open('rewake', 2);
    await new Promise<void>((upgrading) => {
      request.onupgradeneeded = () => {
        const { transaction } = request;
        if (!transaction) throw new Error('There is no upgrade.');
        let before = performance.now();
        const wait = () => {
          const now = performance.now();
          if (now - before > 5_000) return transaction.abort();
          before = now;
          transaction.objectStore('events').count().onsuccess = wait;
        };
        wait();
        upgrading();
      };
    });
  }, stored);
  await page.evaluate(() => {
    const { openRun, outcome } = window.page;
    window.page.pending = outcome(openRun().then(({ state, seq }) => ({ state, seq })));
  });
  await suspend(profile, browserName);
  const opened = await page.evaluate(() => window.page.pending);
  expect([{ value: { state: stored, seq: 3 } }, { code: 'timeout' }]).toContainEqual(opened);
  const appended = await page.evaluate(async () => {
    const { openRun, run } = window.page;
    return (run ?? (await openRun())).append('event 4');
  });
  expect(appended).toBe(4);
  await load(page);
  const again = await page.evaluate(async () => (await window.page.openRun()).state);
  expect(again).toEqual([...stored, 'event 4']);
});
