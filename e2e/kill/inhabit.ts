// The one script of a page and of its Service Worker, in whose address is which page of the series it is. `/worker` is the page that leaves the work to that.

export function inhabit(live: () => Promise<void>): void {
  if ('document' in globalThis) {
    if (location.pathname === '/worker') liveInServiceWorker();
    else live();
  } else {
    addEventListener('message', (event) => {
      // It lives no longer than what it waits for.
      if ('waitUntil' in event && typeof event.waitUntil === 'function') event.waitUntil(live());
    });
  }
}

async function liveInServiceWorker(): Promise<void> {
  // Without the round: that would be another Service Worker.
  const pageNumber = new URLSearchParams(location.search).get('page');
  await navigator.serviceWorker.register(`/script.js?page=${pageNumber}`, { type: 'module' });
  const { active } = await navigator.serviceWorker.ready;
  active?.postMessage('live');
}
