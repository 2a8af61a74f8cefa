import { join } from 'node:path';
import { type BrowserContext, expect, type Page } from '@playwright/test';
import pg from 'pg';
import { nodeListener } from '../examples/server/node-listener.ts';
import { handle } from '../src/http/index.ts';
import { migratePostgres, PostgresEventStore, PostgresSnapshotStore } from '../src/postgres/index.ts';
import { startPostgres } from '../test/postgres-server.ts';
import { serveOrigin } from './faults/origin-server.ts';
import { test as base } from './faults/start-browser.ts';
import { killBrowser } from './kill-browser.ts';
import type { page } from './pages/two-profiles.ts';

// Two browsers as two people have them, a server between them, and PostgreSQL behind it. Nothing of it is simulated.

declare const window: Window & { page: typeof page };

const test = base.extend<{
  /** A PostgreSQL server of the test's own; without one it fails. */
  pool: pg.Pool;
  /** Where `handle` answers from that PostgreSQL. */
  url: string;
  /** Starts Chromium with the profile of this name, and visits the server. */
  visit: (name: string) => Promise<Page>;
}>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright wants a pattern.
  pool: async ({}, use) => {
    const server = await startPostgres();
    const pool = new pg.Pool(server);
    await migratePostgres(pool);
    await use(pool);
    await pool.end();
    await server.stop();
  },
  url: async ({ pool }, use) => {
    const stores = { snapshots: new PostgresSnapshotStore(pool), events: new PostgresEventStore(pool) };
    const authorize = ({ headers }: Request) => headers.get('Authorization') === 'Bearer ann';
    const server = await serveOrigin(nodeListener((request) => handle(request, stores, { authorize })));
    await use(server.url);
    server.close();
  },
  visit: async ({ playwright, launchOptions, profile, url }, use) => {
    const started: BrowserContext[] = [];
    await use(async (name) => {
      const context = await playwright.chromium.launchPersistentContext(join(profile, name), launchOptions);
      started.push(context);
      const tab = await context.newPage();
      await tab.goto(url);
      await tab.evaluate((path) => import(path), '/e2e/pages/two-profiles.ts');
      return tab;
    });
    await Promise.all(started.map((context) => context.close()));
  },
});

// What is lost once in many times is lost.
test.describe.configure({ retries: 0, timeout: 120_000 });

const events = (who: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${who} ${index + 1}`);

/** Goes on with the run, and closes it. */
const goOn = (tab: Page, who: string, count: number) =>
  tab.evaluate(
    async ([who, count]) => {
      const { recovery, close } = await window.page.goOn(who, count);
      await close();
      return recovery;
    },
    [who, count] as const,
  );
const send = (tab: Page) => tab.evaluate(() => window.page.handOver('send'));
const fetch = (tab: Page) => tab.evaluate(() => window.page.handOver('fetch'));
const eventsIn = (tab: Page) => tab.evaluate(() => window.page.events());

test('a run goes from one Chromium over HTTP and PostgreSQL to another, the first is killed, and gets it back; a fork is told', {
  tag: '@chromium',
}, async ({ pool, visit }) => {
  const inPostgres = async () => {
    const { rows } = await pool.query(
      "SELECT seq, event_json FROM kernel_events WHERE run_id = 'notes' ORDER BY seq",
    );
    expect(rows.map(({ seq }) => Number(seq))).toEqual(rows.map((_, index) => index + 1));
    return rows.map(({ event_json }) => event_json);
  };

  const first = await visit('a');
  // It stays open: nobody closes anything before a crash.
  await first.evaluate(async () => void (await window.page.goOn('a', 30)));
  expect(await send(first)).toEqual({ runId: 'notes', seq: 30, appended: 30, ahead: 0 });
  await killBrowser(first.context());
  expect(await inPostgres()).toEqual(events('a', 30));

  const other = await visit('b');
  expect(await fetch(other)).toEqual({ runId: 'notes', seq: 30, appended: 30, ahead: 0 });
  expect(await goOn(other, 'b', 20)).toMatchObject({ seq: 30, state: events('a', 30) });
  expect(await send(other)).toEqual({ runId: 'notes', seq: 50, appended: 20, ahead: 0 });

  const anew = await visit('a');
  expect(await eventsIn(anew)).toEqual(events('a', 30));
  expect(await fetch(anew)).toEqual({ runId: 'notes', seq: 50, appended: 20, ahead: 0 });
  const both = [...events('a', 30), ...events('b', 20)];
  // The other one closed the run with a snapshot, which came with it.
  expect(await goOn(anew, 'anew', 5)).toMatchObject({ seq: 50, state: both, snapshotSeq: 50, replayed: 0 });

  // Both go on: who comes second is told.
  await goOn(other, 'fork', 3);
  expect(await send(anew)).toEqual({ runId: 'notes', seq: 55, appended: 5, ahead: 0 });
  expect(await send(other)).toEqual({ code: 'conflict', seq: 50 });
  expect(await fetch(other)).toEqual({ code: 'conflict', seq: 50 });

  // Nothing is lost, doubled or mixed, anywhere.
  expect(await inPostgres()).toEqual([...both, ...events('anew', 5)]);
  expect(await eventsIn(anew)).toEqual([...both, ...events('anew', 5)]);
  expect(await eventsIn(other)).toEqual([...both, ...events('fork', 3)]);
});
