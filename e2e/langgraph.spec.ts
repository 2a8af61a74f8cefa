import { expect, type Page } from '@playwright/test';
import { crashTab } from './crash-tab.ts';
import { test } from './faults/start-browser.ts';
import type { Progress } from './pages/langgraph.ts';
import { blankUrl } from './servers.ts';

type Call = 'begin' | 'goOn' | 'progress';

const inPage = (page: Page, call: Call): Promise<Progress> =>
  page.evaluate(async ([script, call]) => (await import(script)).calls[call](), [
    '/e2e/pages/langgraph.ts',
    call,
  ] as const);

const inWorker = (page: Page, call: Call): Promise<Progress> =>
  page.evaluate(
    (call) =>
      new Promise<Progress>((resolve, reject) => {
        const worker = new Worker('/e2e/pages/langgraph-worker.ts', { type: 'module' });
        worker.onerror = ({ message }) => reject(new Error(message));
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => resolve(data);
        worker.postMessage(call, [port2]);
      }),
    call,
  );

const inServiceWorker = (page: Page, call: Call): Promise<Progress> =>
  page.evaluate(async (call) => {
    const { installing, waiting, active } = await navigator.serviceWorker.register(
      '/e2e/pages/langgraph-worker.ts',
      { type: 'module' },
    );
    const worker = installing ?? waiting ?? active;
    return new Promise<Progress>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => resolve(data);
      worker?.postMessage(call, [port2]);
    });
  }, call);

const waiting = { done: ['asked', 'search', 'write'], next: ['send'] };
const finished = { done: ['asked', 'search', 'write', 'send'], next: [] };

test("LangChain's suite for checkpointers passes in a page", async ({ page }) => {
  await page.goto(blankUrl);
  const { outcomes, skipped } = await page.evaluate(
    async (script) => (await import(script)).runSuite(),
    '/e2e/pages/langgraph-suite.ts',
  );
  expect(outcomes.filter(({ error }: { error?: string }) => error)).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(700);
  expect(skipped).toEqual([]);
});

test('an agent that waits in a tab that crashes goes on in the next one', { tag: '@chromium' }, async ({
  page,
  context,
}) => {
  await page.goto(blankUrl);
  expect(await inPage(page, 'begin')).toEqual({ executed: ['search', 'write'], ...waiting });
  await crashTab(page);

  const next = await context.newPage();
  await next.goto(blankUrl);
  expect(await inPage(next, 'progress')).toEqual({ executed: [], ...waiting });
  expect(await inPage(next, 'goOn')).toEqual({ executed: ['send'], ...finished });
});

test('an agent that waits in a browser that is killed goes on in the next one', async ({ start, kill }) => {
  const before = await start();
  const page = await before.newPage();
  await page.goto(blankUrl);
  expect(await inPage(page, 'begin')).toEqual({ executed: ['search', 'write'], ...waiting });
  await kill(before);

  const next = await (await start()).newPage();
  await next.goto(blankUrl);
  expect(await inPage(next, 'progress')).toEqual({ executed: [], ...waiting });
  expect(await inPage(next, 'goOn')).toEqual({ executed: ['send'], ...finished });
});

test('an agent that began in a worker goes on in a Service Worker, and a page sees it', async ({ page }) => {
  await page.goto(blankUrl);
  expect(await inWorker(page, 'begin')).toEqual({ executed: ['search', 'write'], ...waiting });
  expect(await inServiceWorker(page, 'goOn')).toEqual({ executed: ['send'], ...finished });
  expect(await inPage(page, 'progress')).toEqual({ executed: [], ...finished });
});
