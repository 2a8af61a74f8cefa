import { test as base, type Page } from '@playwright/test';
import { blankUrl } from '../servers.ts';
import { tab } from './tab.ts';

export interface SiteOptions {
  /** Where the tabs are: a secure context by default. */
  site: string;
}

/** For tests in which tabs of one site meet. */
export const test = base.extend<SiteOptions & { newTab: () => Promise<Page>; locks: boolean }>({
  site: [blankUrl, { option: true }],
  newTab: ({ context, site }, use) => use(() => tab(context, site)),
  /** Whether the site has Web Locks, as secure contexts alone do. */
  locks: ({ site }, use) => use(site === blankUrl),
});
