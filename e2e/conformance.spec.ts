import { expect, type Page, test } from '@playwright/test';
import { eventStoreCases, snapshotStoreCases } from '../src/conformance/index.ts';
import type { Outcome } from './pages/conformance.ts';
import { blankUrl } from './servers.ts';

// The very cases that test/conformance.test.ts runs on fake-indexeddb, on the IndexedDB of a real browser.

const names = [
  ...snapshotStoreCases.map(({ name }) => `snapshots: ${name}`),
  ...eventStoreCases.map(({ name }) => `events: ${name}`),
];

const contexts: Record<string, (page: Page) => Promise<Outcome[]>> = {
  'a page': (page) =>
    page.evaluate(async (module) => (await import(module)).runCases(), '/e2e/pages/conformance.ts'),

  'a dedicated worker': (page) =>
    page.evaluate(
      (script) =>
        new Promise<Outcome[]>((resolve, reject) => {
          const worker = new Worker(script, { type: 'module' });
          worker.onerror = ({ message }) => reject(new Error(message));
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = ({ data }) => resolve(data);
          worker.postMessage('run', [port2]);
        }),
      '/e2e/pages/conformance-worker.ts',
    ),

  'a Service Worker': (page) =>
    page.evaluate(async (script) => {
      const { installing, waiting, active } = await navigator.serviceWorker.register(script, {
        type: 'module',
      });
      const worker = installing ?? waiting ?? active;
      return new Promise<Outcome[]>((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => resolve(data);
        worker?.postMessage('run', [port2]);
      });
    }, '/e2e/pages/conformance-worker.ts'),
};

for (const [context, run] of Object.entries(contexts)) {
  test(`IndexedDB conforms to the contracts in ${context}`, async ({ page }) => {
    await page.goto(blankUrl);
    const outcomes = await run(page);
    expect(outcomes.filter(({ error }) => error)).toEqual([]);
    expect(outcomes.map(({ name }) => name)).toEqual(names);
  });
}
