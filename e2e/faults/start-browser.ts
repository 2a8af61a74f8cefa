import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, test as base } from '@playwright/test';
import { killBrowser, killFirefox } from '../kill-browser.ts';

/** For tests that start a browser of their own. */
export const test = base.extend<{
  /** The folder of a profile that stays when its browser is closed. */
  profile: string;
  /** Starts the browser with that profile. */
  start: (firefoxUserPrefs?: { [name: string]: boolean | number }) => Promise<BrowserContext>;
  /** Kills it. */
  kill: (started: BrowserContext) => Promise<void>;
}>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright wants a pattern.
  profile: async ({}, use) => {
    const profile = await mkdtemp(join(tmpdir(), 'rewake-'));
    await use(profile);
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  },
  start: async ({ playwright, browserName, channel, launchOptions, profile }, use) => {
    const started: BrowserContext[] = [];
    await use(async (firefoxUserPrefs) => {
      const context = await playwright[browserName].launchPersistentContext(profile, {
        ...launchOptions,
        ...(channel && { channel }),
        ...(firefoxUserPrefs && { firefoxUserPrefs }),
      });
      started.push(context);
      return context;
    });
    await Promise.all(started.map((context) => context.close()));
  },
  kill: ({ browserName, profile }, use) =>
    use((started) => (browserName === 'firefox' ? killFirefox(started, profile) : killBrowser(started))),
});
