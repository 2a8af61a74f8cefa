/// <reference types="vite/client" />

declare global {
  interface ServiceWorkerRegistration {
    /** Background Sync: https://wicg.github.io/background-sync/spec/ */
    readonly sync?: { register(tag: string): Promise<void> };
  }
}

/** The Background Sync that the Service Worker finishes the import on. */
export const FINISH_IMPORT = 'finish-import';

/** It makes the page work offline, and finishes an import without a tab. Where it is refused, both are missing. */
export async function registerServiceWorker(): Promise<void> {
  // The build makes a classic script of it, which every browser takes; `npm start` serves the sources.
  const script = import.meta.env.DEV ? 'service-worker.ts' : 'service-worker.js';
  const type = import.meta.env.DEV ? 'module' : 'classic';
  await navigator.serviceWorker?.register(script, { type }).catch(() => {});
}

/** Where the browser has no Background Sync, or refuses it, the next visit finishes the import. */
export async function askToFinish(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration();
  await registration?.sync?.register(FINISH_IMPORT).catch(() => {});
}
