import { Queue } from 'workbox-background-sync';

// The documentation's *Advanced usage*, word for word but for the types.

interface Fetch extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface Lifetime extends Event {
  waitUntil(work: Promise<unknown>): void;
}

const queue = new Queue('outbox');
const worker = globalThis as unknown as {
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
};

addEventListener('install', (event) => (event as Lifetime).waitUntil(worker.skipWaiting()));
addEventListener('activate', (event) => (event as Lifetime).waitUntil(worker.clients.claim()));
addEventListener('fetch', (event) => {
  const { request, respondWith } = event as Fetch;
  if (request.method !== 'POST') return;
  const send = async () => {
    try {
      return await fetch(request.clone());
    } catch (error) {
      await queue.pushRequest({ request });
      throw error;
    }
  };
  respondWith.call(event, send());
});
