import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { crashTab } from '../crash-tab.ts';
import { type OutboxBrowser, startChromium } from './browser.ts';
import { type MessageServer, serveMessages } from './server.ts';

/** Who keeps the messages. */
export type Side = 'rewake' | 'workbox';
export const sides = ['rewake', 'workbox'] as const;

const tags = { rewake: 'outbox', workbox: 'workbox-background-sync:outbox' };

interface Stage {
  readonly side: Side;
  readonly server: MessageServer;
  browser: OutboxBrowser;
  /** Starts the browser anew. */
  restart(): Promise<void>;
}

export const scenarios = {
  'offline three times, with every tab closed': async (stage, message) => {
    stage.server.mode = 'offline';
    await postAndLeave(stage, message);
    for (let times = 0; times < 3; times++) await stage.browser.sync(tags[stage.side]);
  },
  'the Service Worker is stopped in mid request': async (stage, message) => {
    await holdInWorker(stage, message);
    await stage.browser.stopWorkers();
  },
  'the browser is killed in mid request': async (stage, message) => {
    await holdInWorker(stage, message);
    await stage.browser.kill();
    await stage.restart();
  },
  'a tab crashes during its first request': async (stage, message) => {
    const page = await visit(stage);
    stage.server.mode = 'hold';
    const held = stage.server.held();
    // It never settles.
    post(page, message).catch(() => {});
    await held;
    await crashTab(page);
    await page.close();
  },
} satisfies Record<string, (stage: Stage, message: string) => Promise<void>>;

export type Scenario = keyof typeof scenarios;

const visit = ({ browser, server, side }: Stage) => browser.open(server.url + side);

const post = (page: Page, message: string) =>
  page.evaluate((text): Promise<void> => Reflect.get(globalThis, 'post')(text), message);

async function postAndLeave(stage: Stage, message: string): Promise<void> {
  const page = await visit(stage);
  await post(page, message);
  await page.close();
}

/** The message could not be sent by the page; it is on its way from the Service Worker now. */
async function holdInWorker(stage: Stage, message: string): Promise<void> {
  stage.server.mode = 'offline';
  await postAndLeave(stage, message);
  stage.server.mode = 'hold';
  const held = stage.server.held();
  // If it runs into the end of an earlier one, that has taken the event.
  const syncing = setInterval(() => stage.browser.sync(tags[stage.side]).catch(() => {}), 500);
  await held;
  clearInterval(syncing);
}

/** How a side fared. */
export interface Fate {
  readonly scenario: Scenario;
  readonly side: Side;
  readonly rounds: number;
  /** Messages that arrived. */
  readonly delivered: number;
  /** Messages that were sent again after they had arrived, with the same key: the server knows them. */
  readonly repeated: number;
  /** Messages that arrived under two keys: the server takes them for two. */
  readonly doubled: number;
}

/** What is done after the trouble, at most: a sync event each second, and a visit. */
const SYNCS = 5;

/** Round after round on one profile, with a message each. */
export async function runScenario(scenario: Scenario, side: Side, rounds: number): Promise<Fate> {
  const server = await serveMessages();
  const profile = await mkdtemp(join(tmpdir(), 'rewake-outbox-'));
  const start = () => startChromium(profile, server.url);
  const stage: Stage = {
    side,
    server,
    browser: await start(),
    async restart() {
      stage.browser = await start();
    },
  };
  try {
    for (let round = 1; round <= rounds; round++) {
      const message = `message ${round}`;
      server.mode = 'online';
      await scenarios[scenario](stage, message);
      server.mode = 'online';
      server.release();
      await recover(stage, message);
    }
  } finally {
    await stage.browser.close().catch(() => {});
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
  const keysOf = new Map<string, Set<string>>();
  for (const { key, message } of server.booked)
    keysOf.set(message, (keysOf.get(message) ?? new Set()).add(key));
  const keys = [...keysOf.values()].reduce((sum, { size }) => sum + size, 0);
  return {
    scenario,
    side,
    rounds,
    delivered: keysOf.size,
    repeated: server.booked.length - keys,
    doubled: [...keysOf.values()].filter(({ size }) => size > 1).length,
  };
}

/** All is well again: a visit, and Background Sync until the message is there, or does not come any more. */
async function recover(stage: Stage, message: string): Promise<void> {
  const { server, browser, side } = stage;
  const hasArrived = () => server.booked.some((booked) => booked.message === message);
  const page = await visit(stage);
  for (let syncs = 0; syncs < SYNCS && !hasArrived(); syncs++) {
    await browser.sync(tags[side]);
    await server.next(AbortSignal.timeout(1_000)).catch(() => {});
  }
  await page.close();
}
