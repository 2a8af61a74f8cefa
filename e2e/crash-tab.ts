import type { Page } from '@playwright/test';

/** Crashes the renderer of a tab, in Chromium, and resolves when it is gone. */
export async function crashTab(page: Page): Promise<void> {
  const devTools = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  // It never settles: nobody is left to answer.
  devTools.send('Page.crash').catch(() => {});
  await crashed;
}
