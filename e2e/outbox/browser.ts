import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type BrowserContext, type CDPSession, chromium, type Page } from '@playwright/test';
import { findBrowser } from '../browsers.js';

/** A Chromium with a profile on disk, and what it does with a Service Worker, done by hand. */
export interface OutboxBrowser {
  open(url: string): Promise<Page>;
  /** Background Sync, as if the browser had just come online. */
  sync(tag: string): Promise<void>;
  stopWorkers(): Promise<void>;
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
args.push('--disable-component-update', '--disable-sync');

export async function startChromium(profile: string, origin: string): Promise<OutboxBrowser> {
  const found = await findBrowser('chromium');
  if (!found) throw new Error('There is no Chromium here.');
  const context = await chromium.launchPersistentContext(profile, { ...found, args });
  const pid = Number(/\d+$/.exec(await readlink(join(profile, 'SingletonLock')))?.[0]);
  // From a page that is never sent anywhere.
  const devTools = await context.newCDPSession(context.pages()[0] ?? (await context.newPage()));
  const registration = registrationOf(devTools, origin);
  await devTools.send('ServiceWorker.enable');
  return {
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
      return page;
    },
    async sync(tag) {
      await devTools.send('ServiceWorker.dispatchSyncEvent', {
        origin: new URL(origin).origin,
        registrationId: await registration,
        tag,
        lastChance: false,
      });
    },
    async stopWorkers() {
      await devTools.send('ServiceWorker.stopAllWorkers');
    },
    kill: () => killGroup(context, pid),
    close: () => context.close(),
  };
}

const registrationOf = (devTools: CDPSession, origin: string) =>
  new Promise<string>((resolve) => {
    devTools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const ours = registrations.find(({ scopeURL, isDeleted }) => scopeURL === origin && !isDeleted);
      if (ours) resolve(ours.registrationId);
    });
  });

async function killGroup(context: BrowserContext, pid: number): Promise<void> {
  const closed = context.waitForEvent('close');
  // Playwright starts it as the leader of a process group.
  process.kill(-pid, 'SIGKILL');
  await closed;
}
