import { expect, test } from '@playwright/test';
import { expectOnly, note } from './checks.ts';
import { type FaultWindow, tab } from './tab.ts';

// Two tabs that write one run.

declare const window: FaultWindow;

/** How long two tabs go at it: the environment may ask for more. */
const SECONDS = Number(process.env.REWAKE_CONTENTION_SECONDS ?? 3);

test('frozen tab that keeps its lock: its run can be stolen, and back again it is fenced, closes with conflict and has changed nothing', {
  tag: '@chromium',
}, async ({ context }) => {
  const [frozen, thief] = [await tab(context), await tab(context)];
  await frozen.evaluate(async () => {
    await (await window.page.openRun()).append('before');
  });
  const devTools = await context.newCDPSession(frozen);
  await devTools.send('Page.setWebLifecycleState', { state: 'frozen' });
  const locked = await thief.evaluate(() => window.page.outcome(window.page.openRun({ owner: 'fail' })));
  expect(locked).toEqual({ code: 'conflict' });
  const stolen = await thief.evaluate(async () => {
    const run = await window.page.openRun({ owner: 'steal' });
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

test('lock stolen while appends are in flight: those that resolved are there once, and the log is the first of them and then the thief’s', async ({
  context,
}) => {
  const [former, thief] = [await tab(context), await tab(context)];
  await former.evaluate(async () => {
    const run = await window.page.openRun();
    window.page.appends = window.page.stream((n) => run.append(n));
  });
  const last = () => former.evaluate(() => Number(window.page.appends?.last()));
  await expect.poll(last).toBeGreaterThan(40);
  const stolen = await thief.evaluate(async () => {
    const { outcome, openRun } = window.page;
    return outcome(openRun({ owner: 'steal' }).then((run) => run.append('stolen')));
  });
  await expect.poll(() => former.evaluate(() => window.page.reports)).toEqual(['conflict']);
  const { appended, log } = await former.evaluate(async () => {
    const appended = (await window.page.appends?.stop()) ?? [];
    const { events: log } = await new window.page.rewake.IndexedDbEventStore().scan('list', 1);
    return { appended, log: log.map(({ event }) => event) };
  });
  // The thief may find out in its turn that the former owner's last commit came after it had recovered.
  const thiefs = 'value' in stolen ? ['stolen'] : [];
  if ('code' in stolen) expect(stolen.code).toBe('conflict');
  const formers = log.length - thiefs.length;
  expect(log).toEqual([...Array.from({ length: formers }, (_, index) => index + 1), ...thiefs]);
  expectOnly('conflict', appended);
  const acknowledged = appended.flatMap(({ n, outcome }) => ('value' in outcome ? [[outcome.value, n]] : []));
  expect(acknowledged.length).toBeLessThan(appended.length);
  expect(acknowledged).toEqual(acknowledged.map((_, index) => [index + 1, index + 1]));
  expect(formers).toBeGreaterThanOrEqual(acknowledged.length);
});

for (const fenced of [true, false]) {
  const how = fenced ? 'each expecting the head that it read' : 'neither expecting a head';
  const seen = fenced ? 'both see only conflict or success' : 'both succeed always';
  test(`two tabs appending to one run as fast as they can (${SECONDS} s; REWAKE_CONTENTION_SECONDS), ${how}: no gap, no double, and ${seen}`, async ({
    context,
  }) => {
    test.setTimeout(60_000 + SECONDS * 2_000);
    const tabs = [await tab(context), await tab(context)];
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
            const options = fenced ? { expectedHead: (await events.head('a')).seq } : undefined;
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
    const log = await tabs[0]?.evaluate(
      async () => (await new window.page.rewake.IndexedDbEventStore().scan('a', 1)).events,
    );
    const all = [...one.acknowledged, ...two.acknowledged].sort((a, b) => a.seq - b.seq);
    expect(log).toEqual(all);
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
