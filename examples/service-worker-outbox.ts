import { openRun, type RunDefinition } from 'rewake';

// Messages that are sent even if every tab is closed first. The page calls `queue`, its Service Worker `listen(self)`.

type Message = { readonly type: 'queued'; readonly id: string; readonly body: string };
type Event = Message | { readonly type: 'sent'; readonly id: string };
type Syncing = { readonly sync?: { register(tag: string): Promise<void> } };

const outbox: RunDefinition<readonly Message[], Event> = {
  initialState: [],
  reduce: (unsent, event) =>
    event.type === 'queued' ? [...unsent, event] : unsent.filter(({ id }) => id !== event.id),
};

/** Resolves when the message is stored; it is sent as soon as the browser is online. */
export async function queue(body: string): Promise<void> {
  await using run = await openRun({ runId: 'outbox', ...outbox, requireDurable: true });
  await run.append({ type: 'queued', id: crypto.randomUUID(), body });
  const { sync } = (await navigator.serviceWorker.ready) as ServiceWorkerRegistration & Syncing;
  if (sync) await sync.register('outbox');
  else sendAll().catch(console.warn); // Firefox and Safari have no Background Sync: call it at each visit as well.
}

/** Rejects if the network fails; the browser sends another `sync` then. */
export async function sendAll(): Promise<void> {
  await using run = await openRun({ runId: 'outbox', ...outbox });
  for (const { id, body } of run.state) {
    // A crash between the two awaits sends the message again: the server knows it by its key.
    const response = await fetch('/messages', { method: 'POST', body, headers: { 'Idempotency-Key': id } });
    if (!response.ok) throw new Error(`The server answered ${response.status}.`);
    await run.append({ type: 'sent', id });
  }
}

export function listen(worker: Pick<EventTarget, 'addEventListener'>): void {
  worker.addEventListener('sync', (event) => {
    if ('waitUntil' in event && typeof event.waitUntil === 'function') event.waitUntil(sendAll());
  });
}
