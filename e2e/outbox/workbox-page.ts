// What the page of workbox's own documentation does: it sends, and leaves failures to the Service Worker.

navigator.serviceWorker.register('/workbox-worker.js', { type: 'module' });

// As the test calls it.
Object.assign(globalThis, {
  post: async (body: string): Promise<void> => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller) throw new Error('The Service Worker does not see what is sent.');
    const headers = { 'Idempotency-Key': crypto.randomUUID() };
    // It was queued if it rejects.
    await fetch('/messages', { method: 'POST', body, headers }).catch(() => {});
  },
});
