import { isKernelError } from 'rewake';
import { listWorkflows, openWorkflow, sendEvent, type Workflow } from 'rewake/workflow';

// Messages that are sent even if every tab is closed first: a workflow for each. The page calls `queue`, its Service
// Worker `listen(self)`.

type Syncing = { readonly sync?: { register(tag: string): Promise<void> } };

const PREFIX = 'message ';

const open = (runId: string, message?: string): Promise<Workflow<void>> =>
  openWorkflow({
    ...{ runId, input: message, ifOwned: 'fail', requireDurable: true },
    async run({ input: body = '' }, step) {
      for (;;) {
        const posting = step.do('post', async ({ signal }) => {
          // It may be sent more than once, also if only the answer is lost: the server knows it by its key.
          const headers = { 'Idempotency-Key': runId };
          return (await fetch('/messages', { method: 'POST', body, headers, signal })).ok;
        });
        if (await posting.catch(() => false)) return;
        // Until somebody says that it is worth another try, or for an hour.
        await step.waitForEvent('online', { type: 'online', timeout: 3_600_000 }).catch(() => {});
      }
    },
  });

/** Resolves with the workflow when the message is stored; it is sent as soon as the browser is online. */
export async function queue(message: string): Promise<Workflow<void>> {
  const flow = await open(PREFIX + crypto.randomUUID(), message);
  const { sync } = (await navigator.serviceWorker.ready) as ServiceWorkerRegistration & Syncing;
  await sync?.register('outbox'); // Firefox and Safari have none: call `sendAll` at each visit as well.
  return flow;
}

/** Tries each message that is left. Rejects if one has to wait again; the browser sends another `sync` then. */
export async function sendAll(): Promise<void> {
  for (const { runId, status } of await listWorkflows()) {
    if (!runId.startsWith(PREFIX) || !/running|waiting/.test(status)) continue;
    await sendEvent({ runId, type: 'online' });
    try {
      await using flow = await open(runId);
      await Promise.race([flow.result, untilItWaits(flow)]);
    } catch (error) {
      if (!isKernelError(error, 'conflict')) throw error; // A page owns it, and has heard of the event.
    }
  }
}

const untilItWaits = (flow: Workflow<void>) =>
  new Promise<never>((_, reject) => {
    flow.subscribe(() => flow.status === 'waiting' && reject(new Error('It could not be sent.')));
  });

export function listen(worker: Pick<EventTarget, 'addEventListener'>): void {
  worker.addEventListener('sync', (event) => {
    if ('waitUntil' in event && typeof event.waitUntil === 'function') event.waitUntil(sendAll());
  });
}
