import { expect, type Page, test } from '@playwright/test';
import { blankUrl } from '../servers.ts';
import { type FaultWindow, tab } from './tab.ts';

// The browser has no room left for the site. What is small still has room here, what is large has none.

declare const window: FaultWindow;

test.use({
  // In KiB, for all sites. One site gets a fifth of it, which is 10 MB.
  launchOptions: async ({ launchOptions }, use) =>
    use({
      ...launchOptions,
      firefoxUserPrefs: { 'dom.quotaManager.temporaryStorage.fixedLimit': 50 * 1_024 },
    }),
});

let page: Page;

test.beforeEach(async ({ context, browserName }) => {
  page = await tab(context);
  if (browserName === 'firefox') return;
  const devTools = await context.newCDPSession(page);
  const { origin } = new URL(blankUrl);
  await devTools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 10_000_000 });
});

test('quota exceeded by an append: quota, nothing of the batch is there, and it works again once there is room', async () => {
  const seen = await page.evaluate(async () => {
    const { rewake, outcome, bytes, fillUp, makeRoom } = window.page;
    const events = new rewake.IndexedDbEventStore<unknown>();
    await events.append('a', ['earlier']);
    await fillUp();
    const batch = ['large', bytes(1_000_000), bytes(1_000_000)];
    const refused = await outcome(events.append('a', batch));
    const { events: log } = await events.scan('a', 1);
    await makeRoom();
    const again = await outcome(events.append('a', batch, { expectedHead: 1 }).then(({ seq }) => seq));
    const lengths = (await events.scan('a', 1)).events.map(({ event }) => Object(event).length);
    return { refused, log, again, lengths };
  });
  expect(seen).toEqual({
    refused: { code: 'quota' },
    log: [{ seq: 1, event: 'earlier', version: 1 }],
    again: { value: 4 },
    lengths: ['earlier'.length, 'large'.length, 1_000_000, 1_000_000],
  });
});

test('quota exceeded by one of many appends that were not awaited: those that resolved are there, the others are not', async () => {
  const { outcomes, log } = await page.evaluate(async () => {
    const { rewake, outcome, bytes, fillUp } = window.page;
    const events = new rewake.IndexedDbEventStore<{ n: number; ballast: Uint8Array }>();
    await fillUp();
    const appends = [1, 2, 3, 4, 5, 6].map((n) => ({ n, ballast: bytes(n === 3 ? 2_000_000 : 10) }));
    const outcomes = await Promise.all(
      appends.map((event) => outcome(events.append('a', [event]).then(({ seq }) => seq))),
    );
    return { outcomes, log: (await events.scan('a', 1)).events.map(({ seq, event: { n } }) => ({ seq, n })) };
  });
  const resolved = outcomes.flatMap((outcome, index) =>
    'value' in outcome ? { seq: outcome.value, n: index + 1 } : [],
  );
  expect(log).toEqual(resolved);
  expect(outcomes[0]).toEqual({ value: 1 });
  expect(outcomes[2]).toEqual({ code: 'quota' });
});

test('quota exceeded by a save: quota, the earlier snapshot stays, and it works again once there is room', async () => {
  const seen = await page.evaluate(async () => {
    const { rewake, outcome, bytes, fillUp, makeRoom } = window.page;
    const snapshots = new rewake.IndexedDbSnapshotStore<unknown>();
    await snapshots.save({ runId: 'a', atSeq: 1, state: 'earlier' });
    await fillUp();
    const large = { runId: 'a', atSeq: 2, state: bytes(2_000_000) };
    const refused = await outcome(snapshots.save(large));
    const earlier = await snapshots.loadLatest('a');
    await makeRoom();
    const again = await outcome(snapshots.save(large));
    const later = await snapshots.loadLatest('a');
    return { refused, earlier, again, later: [later?.atSeq, Object(later?.state).length] };
  });
  expect(seen).toEqual({
    refused: { code: 'quota' },
    earlier: { runId: 'a', atSeq: 1, state: 'earlier' },
    again: { value: undefined },
    later: [2, 2_000_000],
  });
});

test('quota exceeded by an open run: it closes with quota, and opened again it is at its last durable event', async () => {
  const seen = await page.evaluate(async () => {
    const { outcome, bytes, fillUp, makeRoom, openRun, reports } = window.page;
    const run = await openRun();
    await run.append('earlier');
    await fillUp();
    const refused = await outcome(run.appendAll([bytes(1_000_000), bytes(1_000_000)]));
    const later = await outcome(run.append('small'));
    const told = [...reports];
    const reopened = await openRun();
    const state = reopened.state;
    await makeRoom();
    const again = await outcome(reopened.appendAll([bytes(1_000_000), bytes(1_000_000)]));
    return { refused, later, told, state, again };
  });
  expect(seen).toEqual({
    refused: { code: 'quota' },
    later: { code: 'quota' },
    told: ['quota'],
    state: ['earlier'],
    again: { value: 3 },
  });
});

test('quota exceeded by the snapshots of an open run: only reported; it goes on, and saves one once there is room', async () => {
  const seen = await page.evaluate(async () => {
    const { rewake, outcome, bytes, fillUp, makeRoom } = window.page;
    const ballast = bytes(2_000_000);
    let report: (code: string) => void;
    const reported = new Promise<string>((resolve) => {
      report = resolve;
    });
    const open = () =>
      rewake.openRun({
        runId: 'a',
        reduce: ({ sum }: { sum: number }, event: number) => ({ sum: sum + event, ballast }),
        initialState: { sum: 0 },
        snapshotEvery: 2,
        onError: ({ code }) => report(code),
      });
    await fillUp();
    const run = await open();
    const appended = [await outcome(run.appendAll([1, 2]))];
    const told = await reported;
    await makeRoom();
    appended.push(await outcome(run.append(3)));
    await run.close();
    const { state, recovery } = await open();
    return { appended, told, reopened: [state.sum, recovery.seq, recovery.snapshotSeq] };
  });
  expect(seen).toEqual({ appended: [{ value: 2 }, { value: 3 }], told: 'quota', reopened: [6, 3, 3] });
});
