import { openRun, openStores } from 'rewake';
import { cacheSite } from './cache-site.ts';
import { importPictures } from './import-pictures.ts';
import { type ImportEvent, type ImportState, importRun, SERVICE_WORKER_LOCK } from './import-run.ts';
import { FINISH_IMPORT } from './register-service-worker.ts';
import type { ServiceWorkerScope } from './service-worker-scope.ts';

declare const self: ServiceWorkerScope;
/** Written by the build, so that the Service Worker of another build has other bytes. `npm start` has none. */
declare const SITE: Parameters<typeof cacheSite>[0] | undefined;

if (typeof SITE !== 'undefined') cacheSite(SITE, self);

// A new version does not wait for the tabs of the old one to be closed.
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

// The browser sends it when it is online, with or without tabs, and again later where it was rejected.
self.addEventListener('sync', (event) => {
  if (event.tag === FINISH_IMPORT) event.waitUntil(finishImport());
});

/** Finishes what the tabs have left. The browser may stop it at any moment: whoever is next goes on. */
async function finishImport(): Promise<void> {
  const tabs = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (tabs.length > 0) throw new Error('There is a tab, which goes on with the import itself.');
  const stores = await openStores<ImportState, ImportEvent>();
  await using run = await openRun({ ...importRun, stores, ifOwned: 'fail' });
  await navigator.locks.request(SERVICE_WORKER_LOCK, () => importPictures(run, stores.events));
}
