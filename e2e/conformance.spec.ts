import { expect, test } from '@playwright/test';
import { caseNames, suites } from './conformance.ts';
import { blankUrl } from './servers.ts';

// The very cases that test/conformance.test.ts runs on fake-indexeddb, on the IndexedDB of a real browser.

for (const { name, run, script, codec } of suites) {
  test(`IndexedDB conforms to the contracts in ${name}`, async ({ page }) => {
    await page.goto(blankUrl);
    const outcomes = await page.evaluate(run, { script, codec });
    expect(outcomes.filter(({ error }) => error)).toEqual([]);
    expect(outcomes.map(({ name }) => name)).toEqual(caseNames);
  });
}
