import { expect, test } from '@playwright/test';
import { caseNames, contexts } from './conformance.ts';
import { blankUrl } from './servers.ts';

// The very cases that test/conformance.test.ts runs on fake-indexeddb, on the IndexedDB of a real browser.

for (const [context, { run, script }] of Object.entries(contexts)) {
  test(`IndexedDB conforms to the contracts in ${context}`, async ({ page }) => {
    await page.goto(blankUrl);
    const outcomes = await page.evaluate(run, script);
    expect(outcomes.filter(({ error }) => error)).toEqual([]);
    expect(outcomes.map(({ name }) => name)).toEqual(caseNames);
  });
}
