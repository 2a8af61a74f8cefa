import { test } from '@playwright/test';
import { faultCases } from './fault-cases.ts';
import { blankUrl } from './servers.ts';

test('every fault of the matrix ends as the documentation says', async ({ page }) => {
  await page.goto(blankUrl);
  faultCases.expectPassed(await page.evaluate(faultCases.run, faultCases.script));
});
