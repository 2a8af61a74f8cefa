import type { BrowserContext, Page, Worker } from '@playwright/test';
import { blankUrl, demoUrl } from './servers.ts';

/** What the browser does with the demo's Service Worker, done by hand: Chromium alone lets a test do it. */
export interface ServiceWorkerTools {
  /** Background Sync, as if the browser had just come online. */
  sync(): Promise<void>;
  /** Ends it wherever it is. */
  stop(): Promise<void>;
}

/** Works from a page of another origin, so that it goes on when no tab of the demo is left. */
export async function serviceWorkerTools(elsewhere: Page): Promise<ServiceWorkerTools> {
  await elsewhere.goto(blankUrl);
  const devTools = await elsewhere.context().newCDPSession(elsewhere);
  let registrationId: string | undefined;
  devTools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    for (const registration of registrations) {
      if (registration.scopeURL === demoUrl) registrationId = registration.registrationId;
    }
  });
  await devTools.send('ServiceWorker.enable');
  return {
    async sync() {
      if (registrationId === undefined)
        throw new Error('The demo has not registered its Service Worker yet.');
      await devTools.send('ServiceWorker.dispatchSyncEvent', {
        origin: new URL(demoUrl).origin,
        registrationId,
        tag: 'finish-import',
        lastChance: false,
      });
    },
    async stop() {
      await devTools.send('ServiceWorker.stopAllWorkers');
    },
  };
}

export const serviceWorkerOf = (context: BrowserContext): Worker | undefined =>
  context.serviceWorkers().findLast((worker) => worker.url().startsWith(demoUrl));

/** The Background Syncs that the page has asked for. */
export const syncTags = (page: Page) =>
  page.evaluate(async (): Promise<string[]> => {
    const sync: object = (await navigator.serviceWorker.ready).sync ?? {};
    return 'getTags' in sync && typeof sync.getTags === 'function' ? sync.getTags.call(sync) : ['unknown'];
  });
