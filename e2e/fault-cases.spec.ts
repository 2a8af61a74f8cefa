import { expect, test } from '@playwright/test';
import { browserFaultCases } from '../test/fault-cases/index.ts';
import type { Outcome } from './pages/conformance.ts';
import { blankUrl } from './servers.ts';

// The very cases that test/faults.test.ts runs on fake-indexeddb, injected into the IndexedDB of a real browser.

test('every fault of the matrix ends as the documentation says', async ({ page }) => {
  await page.goto(blankUrl);
  const outcomes: Outcome[] = await page.evaluate(
    async (module) => (await import(module)).runFaultCases(),
    '/e2e/pages/faults.ts',
  );
  expect(outcomes.filter(({ error }) => error)).toEqual([]);
  expect(outcomes.map(({ name }) => name)).toEqual(browserFaultCases.map(({ name }) => name));
});
