import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type BrowserContext, type CDPSession, chromium, firefox, type Page } from '@playwright/test';
import { type BrowserName, findBrowser } from '../browsers.js';
import { crashTab } from '../crash-tab.ts';
import { type Display, eventually, type MiniBrowser, startDisplay, startMiniBrowser } from '../webkit.ts';
import { crowd } from './crowd.ts';
import type { Note } from './protocol.ts';
import type { Tally } from './tally.ts';
import type { WorkflowTally } from './workflow/ledger.ts';
import type { WorkflowNote } from './workflow/protocol.ts';
import { workflows } from './workflow/workload.ts';
import { alone, type Told, type Workload } from './workload.ts';

/** What is killed again and again. */
export interface Victim {
  /** Starts what the last kill has ended, and sends a page to each of `urls`; does not wait for the pages. */
  start(urls: readonly string[]): Promise<void>;
  /** Resolves when it is gone. */
  kill(): Promise<void>;
  /** Ends the browser for good. */
  close(): Promise<void>;
}

/** A way to die. */
export interface Kind<N extends Told = Note, T = Tally> {
  readonly browser: 'chromium' | 'firefox' | 'webkit';
  /** What is killed; `crowd` is the whole browser, with another workload. */
  readonly what: 'browser' | 'crowd' | 'renderer' | 'service-worker' | 'network';
  readonly workload: Workload<N, T>;
  /** The paths of the pages; `worker` leaves its work to a Service Worker. */
  readonly paths: readonly ('' | 'worker')[];
  /** The page may live on, or reload itself where it has lost its databases. */
  readonly mayLive?: boolean;
  open(profile: string): Victim;
}

const alonePage = { workload: alone, paths: [''] } as const;

export const kinds: readonly Kind[] = [
  {
    browser: 'chromium',
    what: 'browser',
    ...alonePage,
    open: (profile) => wholeBrowser('chromium', profile),
  },
  {
    browser: 'chromium',
    what: 'crowd',
    workload: crowd,
    paths: ['', '', '', 'worker'],
    open: (profile) => wholeBrowser('chromium', profile),
  },
  { browser: 'chromium', what: 'renderer', ...alonePage, open: renderer },
  { browser: 'chromium', what: 'service-worker', workload: alone, paths: ['worker'], open: serviceWorker },
  { browser: 'firefox', what: 'browser', ...alonePage, open: (profile) => wholeBrowser('firefox', profile) },
  { browser: 'webkit', what: 'browser', ...alonePage, open: wholeMiniBrowser },
  { browser: 'webkit', what: 'network', ...alonePage, mayLive: true, open: networkProcess },
];

/** The same deaths of a page, or Service Worker, that executes workflows. */
export const workflowKinds: readonly Kind<WorkflowNote, WorkflowTally>[] = kinds
  .filter(({ workload, mayLive }) => workload === alone && !mayLive)
  .map((kind) => ({ ...kind, workload: workflows }));

const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
args.push('--disable-component-update', '--disable-sync');

async function launch(name: BrowserName, profile: string): Promise<BrowserContext> {
  const found = await findBrowser(name);
  if (!found) throw new Error(`There is no ${name} here.`);
  return name === 'chromium'
    ? chromium.launchPersistentContext(profile, { ...found, args })
    : firefox.launchPersistentContext(profile, found);
}

/** The end of the page's loading is not waited for: it may be killed before. */
function send(page: Page | undefined, url: string): void {
  page?.goto(url, { waitUntil: 'commit' }).catch(() => {});
}

function wholeBrowser(name: BrowserName, profile: string): Victim {
  let context: BrowserContext | undefined;
  let pid = Number.NaN;
  return {
    async start(urls) {
      const started = await launch(name, profile);
      context = started;
      // Each leaves a symbolic link in its profile that ends with its process id.
      const lock = await readlink(join(profile, name === 'chromium' ? 'SingletonLock' : 'lock'));
      pid = Number(/\d+$/.exec(lock)?.[0]);
      const [first] = started.pages();
      await Promise.all(
        urls.map(async (url, index) => send(index === 0 ? first : await started.newPage(), url)),
      );
    },
    async kill() {
      const closed = context?.waitForEvent('close');
      // Playwright starts it as the leader of a process group.
      process.kill(-pid, 'SIGKILL');
      await closed;
    },
    async close() {
      await context?.close();
    },
  };
}

function renderer(profile: string): Victim {
  let context: BrowserContext | undefined;
  let page: Page | undefined;
  return {
    async start([url = '']) {
      context ??= await launch('chromium', profile);
      const crashed = page;
      page = await context.newPage();
      await crashed?.close();
      send(page, url);
    },
    async kill() {
      if (page) await crashTab(page);
    },
    async close() {
      await context?.close();
    },
  };
}

function serviceWorker(profile: string): Victim {
  let context: BrowserContext | undefined;
  let devTools: CDPSession | undefined;
  let page: Page | undefined;
  return {
    async start([url = '']) {
      if (!context) {
        context = await launch('chromium', profile);
        page = await context.newPage();
        // From a page that is never sent anywhere.
        devTools = await context.newCDPSession(context.pages()[0] ?? page);
        await devTools.send('ServiceWorker.enable');
      }
      send(page, url);
    },
    async kill() {
      const stopped = new Promise<void>((resolve) => {
        devTools?.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
          if (versions.some(({ runningStatus }) => runningStatus === 'stopped')) resolve();
        });
      });
      await devTools?.send('ServiceWorker.stopAllWorkers');
      await stopped;
    },
    async close() {
      await context?.close();
    },
  };
}

function wholeMiniBrowser(profile: string): Victim {
  let display: Display | undefined;
  let browser: MiniBrowser | undefined;
  return {
    async start([url = '']) {
      display ??= await startDisplay();
      browser = await startMiniBrowser({ url, profile, display: display.display });
    },
    async kill() {
      await browser?.kill();
    },
    async close() {
      await browser?.kill();
      await display?.close();
    },
  };
}

/** The process that owns IndexedDB, and takes every request of the page to the test, alone. */
function networkProcess(profile: string): Victim {
  let display: Display | undefined;
  let browser: MiniBrowser | undefined;
  return {
    async start([url = '']) {
      display ??= await startDisplay();
      browser ??= await startMiniBrowser({ url, profile, display: display.display });
    },
    async kill() {
      const pid = await browser?.networkProcess();
      if (pid === undefined) return;
      process.kill(pid, 'SIGKILL');
      await eventually(async () => (await browser?.networkProcess()) !== pid || undefined);
    },
    async close() {
      await browser?.kill();
      await display?.close();
    },
  };
}
