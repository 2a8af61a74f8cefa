import { test as base } from '@playwright/test';
import { type Display, startDisplay } from './webkit.ts';
import { openSession, type WebKitSession } from './webkit-session.ts';

export const test = base.extend<{ session: WebKitSession }, { display: Display }>({
  display: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright wants the pattern.
    async ({}, use) => {
      const display = await startDisplay();
      await use(display);
      await display.close();
    },
    { scope: 'worker' },
  ],
  /** A browser of its own for each test: nothing of the test before is stored in it. */
  session: async ({ display }, use) => {
    const session = await openSession(display.display);
    await use(session);
    await session.close();
  },
});
