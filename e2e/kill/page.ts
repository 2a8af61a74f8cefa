import { live } from './writer.ts';

// The one script of the page and of its Service Worker. `/worker` is the page that leaves the work to that.

if ('document' in globalThis) {
  if (location.pathname === '/worker') liveInServiceWorker();
  else live();
} else {
  addEventListener('message', (event) => {
    // It lives no longer than what it waits for.
    if ('waitUntil' in event && typeof event.waitUntil === 'function') event.waitUntil(live());
  });
}

async function liveInServiceWorker(): Promise<void> {
  await navigator.serviceWorker.register('/script.js', { type: 'module' });
  const { active } = await navigator.serviceWorker.ready;
  active?.postMessage('live');
}
