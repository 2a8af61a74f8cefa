import { expect } from '@playwright/test';
import { expectOnly, note } from './checks.ts';
import type { FaultWindow } from './tab.ts';
import { test } from './two-tabs.ts';

// Two tabs that write one run.

declare const window: FaultWindow;

/** How long two tabs go at it, and how often they steal: the environment may ask for more. */
const SECONDS = Number(process.env.REWAKE_CONTENTION_SECONDS ?? 3);
const THEFTS = Number(process.env.REWAKE_THEFTS ?? 12);

test('frozen tab that keeps its lock: its run can be stolen, and back again it is fenced, closes with conflict and has changed nothing', {
  tag: '@chromium',
}, async ({ context, newTab, locks }) => {
  const [frozen, thief] = [await newTab(), await newTab()];
  await frozen.evaluate(async () => {
    await (await window.page.openRun()).append('before');
  });
  const devTools = await context.newCDPSession(frozen);
  await devTools.send('Page.setWebLifecycleState', { state: 'frozen' });
  if (locks) {
    const locked = await thief.evaluate(() => window.page.outcome(window.page.openRun({ ifOwned: 'fail' })));
    expect(locked).toEqual({ code: 'conflict' });
  }
  const stolen = await thief.evaluate(async () => {
    const run = await window.page.openRun({ ifOwned: 'steal' });
    return [run.state, await run.append('stolen')];
  });
  expect(stolen).toEqual([['before'], 2]);
  const append = () =>
    frozen.evaluate(() => window.page.run && window.page.outcome(window.page.run.append(1)));
  const fenced = append();
  await devTools.send('Page.setWebLifecycleState', { state: 'active' });
  expect(await fenced).toEqual({ code: 'conflict' });
  expect(await append()).toEqual({ code: 'conflict' });
  expect(await frozen.evaluate(() => window.page.reports)).toEqual(['conflict']);
  const later = await thief.evaluate(async () => [
    await window.page.run?.append('later'),
    window.page.run?.state,
  ]);
  expect(later).toEqual([3, ['before', 'stolen', 'later']]);
});

test('lock stolen while appends are in flight: those that resolved are there once, and the log is the first of them and then the thief’s', {
  tag: '@secure',
}, async ({ newTab }) => {
  const [former, thief] = [await newTab(), await newTab()];
  await former.evaluate(async () => {
    const run = await window.page.openRun();
    window.page.appends = window.page.stream((n) => run.append(n));
  });
  const last = () => former.evaluate(() => Number(window.page.appends?.last()));
  await expect.poll(last).toBeGreaterThan(40);
  const stolen = await thief.evaluate(async () => {
    const run = await window.page.openRun({ ifOwned: 'steal' });
    return window.page.outcome(run.append('stolen'));
  });
  await expect.poll(() => former.evaluate(() => window.page.reports)).toEqual(['conflict']);
  const { appended, log } = await former.evaluate(async () => {
    const appended = (await window.page.appends?.stop()) ?? [];
    return { appended, log: await window.page.logOf() };
  });
  const formers = log.length - 1;
  expect(stolen).toEqual({ value: log.length });
  expect(log).toEqual([...Array.from({ length: formers }, (_, index) => index + 1), 'stolen']);
  expectOnly('conflict', appended);
  const acknowledged = appended.flatMap(({ n, outcome }) => ('value' in outcome ? [[outcome.value, n]] : []));
  expect(acknowledged.length).toBeLessThan(appended.length);
  expect(acknowledged).toEqual(acknowledged.map((_, index) => [index + 1, index + 1]));
  expect(formers).toBeGreaterThanOrEqual(acknowledged.length);
});

test('lock stolen while an append is on its way, which lands when the thief has recovered: the thief’s first append resolves, after it', {
  tag: '@secure',
}, async ({ newTab }) => {
  const [former, thief] = [await newTab(), await newTab()];
  await former.evaluate(async () => {
    const { heldStores, openRun, outcome } = window.page;
    await (await window.page.openStores()).events.append('list', ['first']);
    const run = await openRun({ stores: await heldStores('events', 'append', 'before') });
    window.page.pending = outcome(run.append('on its way'));
    await window.page.reached;
  });
  expect(await thief.evaluate(async () => (await window.page.openRun({ ifOwned: 'steal' })).state)).toEqual([
    'first',
  ]);
  // Its owner has heard of the theft, if there are locks; what it has sent before lands nevertheless.
  await former.evaluate(async () => {
    window.page.release();
    await window.page.pending;
  });
  await expect.poll(() => thief.evaluate(() => window.page.logOf())).toEqual(['first', 'on its way']);
  const appended = await thief.evaluate(async () => {
    const { outcome, run } = window.page;
    return run && [await outcome(run.append('stolen')), run.state, await outcome(run.append('later'))];
  });
  expect(appended).toEqual([{ value: 3 }, ['first', 'on its way', 'stolen'], { value: 4 }]);
  expect(await thief.evaluate(() => window.page.logOf())).toEqual(['first', 'on its way', 'stolen', 'later']);
});

test(`two tabs steal a run from each other ${THEFTS} times (REWAKE_THEFTS) while it is appended to as fast as the owner can: each thief’s first append resolves, and no event is lost or doubled`, {
  tag: '@secure',
}, async ({ newTab }) => {
  const tabs = [await newTab(), await newTab()];
  const steal = (index: number) =>
    tabs[index % 2]?.evaluate(async (theft) => {
      const { outcome, rewake } = window.page;
      const run = await rewake.openRun({
        runId: 'list',
        reduce: (count: number) => count + 1,
        initialState: 0,
        ifOwned: 'steal',
      });
      const first = await outcome(run.append(`${theft} first`));
      const acknowledged = 'value' in first ? [{ seq: first.value, event: `${theft} first` }] : [];
      let last = 0;
      const lane = async () => {
        for (;;) {
          const event = `${theft} ${++last}`;
          const appended = await outcome(run.append(event));
          if ('code' in appended) return;
          acknowledged.push({ seq: appended.value, event });
        }
      };
      // Until it is stolen in its turn.
      const lanes = Promise.all(Array.from({ length: 8 }, lane));
      const before = window.page.pending;
      window.page.pending = lanes.then(async () => [...(((await before) as []) ?? []), ...acknowledged]);
      return first;
    }, index);
  const firsts = [];
  for (let theft = 0; theft < THEFTS; theft++) firsts.push(await steal(theft));
  await tabs[THEFTS % 2]?.evaluate(async () => {
    // With the reducer whose states are stored: nobody loses a run to code that cannot recover it.
    const reduce = (count: number) => count + 1;
    await window.page.rewake.openRun({ runId: 'list', reduce, initialState: 0, ifOwned: 'steal' });
  });
  const acknowledged: { seq: number; event: string }[] = [];
  for (const page of tabs) acknowledged.push(...((await page.evaluate(() => window.page.pending)) as []));
  const log = (await tabs[0]?.evaluate(() => window.page.logOf())) ?? [];
  note(`${acknowledged.length} of ${log.length} acknowledged`);
  expect(firsts.filter((first) => !first || 'code' in first)).toEqual([]);
  expect(new Set(log).size).toBe(log.length);
  expect(acknowledged.filter(({ seq, event }) => log[seq - 1] !== event)).toEqual([]);
});

for (const fenced of [true, false]) {
  const how = fenced ? 'each expecting the head that it read' : 'neither expecting a head';
  const seen = fenced ? 'both see only conflict or success' : 'both succeed always';
  test(`two tabs appending to one run as fast as they can (${SECONDS} s; REWAKE_CONTENTION_SECONDS), ${how}: no gap, no double, and ${seen}`, async ({
    newTab,
  }) => {
    test.setTimeout(60_000 + SECONDS * 2_000);
    const tabs = [await newTab(), await newTab()];
    const contend = (index: number) =>
      tabs[index]?.evaluate(
        async ({ index, fenced, milliseconds }) => {
          const { rewake, outcome } = window.page;
          const events = new rewake.IndexedDbEventStore<string>();
          const acknowledged: { seq: number; event: string }[] = [];
          const codes: { [code: string]: number } = {};
          const until = performance.now() + milliseconds;
          for (let n = 1; performance.now() < until; ) {
            const event = `${index} ${n}`;
            const { seq: expectedHead, logId } = await events.head('a');
            const options = fenced ? { expectedHead, logId } : undefined;
            const appended = await outcome(events.append('a', [event], options));
            if ('value' in appended) {
              acknowledged.push({ seq: appended.value.seq, event });
              n++;
            } else codes[appended.code] = (codes[appended.code] ?? 0) + 1;
          }
          return { acknowledged, codes };
        },
        { index, fenced, milliseconds: SECONDS * 1_000 },
      );
    const [one, two] = await Promise.all([contend(0), contend(1)]);
    if (!one || !two) throw new Error('There are not two tabs.');
    const log = await tabs[0]?.evaluate(() => window.page.logOf('a'));
    const all = [...one.acknowledged, ...two.acknowledged].sort((a, b) => a.seq - b.seq);
    expect(log).toEqual(all.map(({ event }) => event));
    expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index + 1));
    const conflicts = [one, two].map(({ codes: { conflict = 0, ...others } }) => {
      expect(others).toEqual({});
      return conflict;
    });
    for (const { acknowledged } of [one, two]) expect(acknowledged.length).toBeGreaterThan(0);
    if (fenced) expect(Math.max(...conflicts)).toBeGreaterThan(0);
    else expect(conflicts).toEqual([0, 0]);
    const counts = [one, two].map(({ acknowledged }) => acknowledged.length).join(' + ');
    note(`${counts} appended, ${conflicts.join(' + ')} conflicts`);
  });
}
