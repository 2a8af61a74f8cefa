import { rm, truncate, writeFile } from 'node:fs/promises';
import { expect } from '@playwright/test';
import { filesOf } from './profile-files.ts';
import { test } from './start-browser.ts';
import { type FaultWindow, tab } from './tab.ts';

// The browser's files are damaged while it does not run.

declare const window: FaultWindow;

/** A state or event of so many bytes, which a browser keeps in a file of its own, found by its size. */
const SIZES = { deleted: 2_000_000, truncated: 2_100_000, overwritten: 2_200_000, intact: 2_300_000 };

async function damageValues(profile: string): Promise<void> {
  const files = await filesOf(profile);
  const pathOf = (least: number) => {
    const found = files.filter(({ size }) => size >= least && size < least + 50_000);
    expect(found.length).toBe(1);
    return String(found[0]?.path);
  };
  await rm(pathOf(SIZES.deleted));
  await truncate(pathOf(SIZES.truncated), 100_000);
  await writeFile(pathOf(SIZES.overwritten), Buffer.alloc(SIZES.overwritten, 'garbage'));
}

test('files of large snapshots deleted, truncated, overwritten: recover reports unreadable and replays the log, and the next snapshot is good again', async ({
  profile,
  start,
}) => {
  const before = await start();
  await (await tab(before)).evaluate(async (sizes) => {
    const { bytes, openStores } = window.page;
    const { events, snapshots } = await openStores();
    for (const [runId, size] of Object.entries(sizes)) {
      const { logId } = await events.append(runId, [1, 2, 3]);
      await snapshots.save({ runId, atSeq: 2, logId, state: { sum: 3, ballast: bytes(size) } });
    }
  }, SIZES);
  await before.close();
  await damageValues(profile);
  const recovered = await (await tab(await start())).evaluate(async (runIds) => {
    const { rewake } = window.page;
    const reduce = ({ sum }: { sum: number }, event: number) => ({ sum: sum + event });
    const initialState = { sum: 0 };
    const recovered: { [runId: string]: unknown } = {};
    for (const runId of runIds) {
      const run = await rewake.openRun({ runId, reduce, initialState });
      const { snapshotSeq, replayed, ignoredSnapshot } = run.recovery;
      await run.snapshot();
      await run.close();
      const again = await rewake.openRun({ runId, reduce, initialState });
      recovered[runId] = [
        run.state.sum,
        snapshotSeq,
        replayed,
        ignoredSnapshot?.reason,
        again.recovery.snapshotSeq,
      ];
    }
    return recovered;
  }, Object.keys(SIZES));
  const fromLog = [6, 0, 3, 'unreadable', 3];
  expect(recovered).toEqual({
    deleted: fromLog,
    truncated: fromLog,
    overwritten: fromLog,
    intact: [6, 2, 1, undefined, 3],
  });
});

test('files of large events deleted, truncated, overwritten: recover and scan reject with unreadable, unless a later snapshot is good', async ({
  profile,
  start,
}) => {
  const before = await start();
  await (await tab(before)).evaluate(async (sizes) => {
    const { bytes, openStores } = window.page;
    const { events, snapshots } = await openStores();
    for (const [runId, size] of Object.entries(sizes)) {
      await events.append(runId, ['first', bytes(size)]);
      await events.append(runId, ['last']);
    }
    const { logId } = await events.head('truncated');
    await snapshots.save({ runId: 'truncated', atSeq: 2, logId, state: 2 });
  }, SIZES);
  await before.close();
  await damageValues(profile);
  const outcomes = await (await tab(await start())).evaluate(async (runIds) => {
    const { rewake, outcome, openStores } = window.page;
    const { events, snapshots } = await openStores();
    const outcomes: { [runId: string]: unknown } = {};
    for (const runId of runIds) {
      const count = (state: unknown) => Number(state) + 1;
      const recovery = rewake.recover({
        runId,
        stores: { snapshots, events },
        reduce: count,
        initialState: 0,
      });
      outcomes[runId] = [
        await outcome(events.scan(runId, 1).then(({ events }) => events.length)),
        await outcome(recovery.then(({ state }) => state)),
        await outcome(events.head(runId).then(({ seq }) => seq)),
      ];
    }
    return outcomes;
  }, Object.keys(SIZES));
  const unreadable = { code: 'unreadable' };
  const three = { value: 3 };
  expect(outcomes).toEqual({
    deleted: [unreadable, unreadable, three],
    truncated: [unreadable, three, three],
    overwritten: [unreadable, unreadable, three],
    intact: [three, three, three],
  });
});

test('all files of the database overwritten: the browser begins an empty one, in which everything works', async ({
  profile,
  start,
}) => {
  const before = await start();
  await (await tab(before)).evaluate(async () => {
    const { events, snapshots } = await window.page.openStores();
    await events.append('a', [1, 2, 3]);
    await snapshots.save({ runId: 'a', atSeq: 2, state: 3 });
  });
  await before.close();
  const files = (await filesOf(profile)).filter(({ size }) => size > 0);
  expect(files.length).toBeGreaterThan(0);
  for (const { path, size } of files) await writeFile(path, Buffer.alloc(size, 'garbage'));
  const seen = await (await tab(await start())).evaluate(async () => {
    const { backend, events, snapshots } = await window.page.openStores();
    return [
      backend,
      await events.runIds(),
      await snapshots.loadLatest('a'),
      (await events.append('a', ['new'])).seq,
    ];
  });
  expect(seen).toEqual(['indexeddb', [], undefined, 1]);
});

test('a kill cuts off the last record of the log: what is appended from then on is there at every later start', {
  tag: '@chromium',
}, async ({ profile, start }) => {
  const append = async (event: number) => {
    const browser = await start();
    const log = await (await tab(browser)).evaluate(async (event) => {
      const { events } = await window.page.openStores();
      await events.append('a', [event, event]);
      return (await events.scan('a', 1)).events.map(({ event }) => event);
    }, event);
    return { browser, log };
  };
  const logs = async () => (await filesOf(profile)).filter(({ path }) => /\d\.log$/.test(path));

  const first = await append(1);
  await first.browser.close();
  const [cut] = await logs();
  if (!cut) throw new Error('There is no log.');
  await truncate(cut.path, cut.size - 40);
  const second = await append(2);
  // Otherwise Chromium goes on in the same file, and throws everything away at the next start.
  await expect.poll(async () => (await logs()).some(({ path }) => path === cut.path)).toBe(false);
  await second.browser.close();
  const third = await append(3);
  expect(third.log).toEqual([...second.log, 3, 3]);
  expect(second.log).toEqual(expect.arrayContaining([2, 2]));
});

test('log of the database cut off in the middle: the first events are left, none of them wrong, and recover gives their state', {
  tag: '@chromium',
}, async ({ profile, start }) => {
  const before = await start();
  await (await tab(before)).evaluate(async () => {
    const { events, snapshots } = await window.page.openStores();
    for (let n = 2; n <= 400; n += 2) {
      await events.append('a', [n - 1, n]);
      if (n % 100 === 0) await snapshots.save({ runId: 'a', atSeq: n, state: n });
    }
  });
  await before.close();
  const logs = (await filesOf(profile)).filter(({ path }) => /\d\.log$/.test(path));
  expect(logs.length).toBe(1);
  for (const { path, size } of logs) await truncate(path, Math.floor(size / 2));
  const { log, recovered } = await (await tab(await start())).evaluate(async () => {
    const { rewake, outcome, openStores } = window.page;
    const { events, snapshots } = await openStores();
    const latest = (_: unknown, event: unknown) => event;
    const recovery = rewake.recover({
      runId: 'a',
      stores: { snapshots, events },
      reduce: latest,
      initialState: 0,
    });
    return {
      log: (await events.scan('a', 1)).events,
      recovered: await outcome(recovery.then(({ seq, state }) => ({ seq, state }))),
    };
  });
  expect(log.length % 2).toBe(0);
  expect(log.length).toBeGreaterThan(100);
  expect(log.length).toBeLessThan(300);
  expect(log).toEqual(log.map((_, index) => ({ seq: index + 1, event: index + 1, version: 1 })));
  expect(recovered).toEqual({ value: { seq: log.length, state: log.length } });
});
