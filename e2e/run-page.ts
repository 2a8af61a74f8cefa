import type { BrowserContext, Page } from '@playwright/test';
import type { page as runPage } from './pages/run.ts';
import { blankUrl } from './servers.ts';

export type RunWindow = Window & { page: typeof runPage };

declare const window: RunWindow;

export async function tab(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(blankUrl);
  await page.evaluate((path) => import(path), '/e2e/pages/run.ts');
  return page;
}

export const open = (page: Page, owner?: 'wait' | 'fail' | 'steal') =>
  page.evaluate((owner) => window.page.open(owner), owner);
export const append = (page: Page, event: number) =>
  page.evaluate((event) => window.page.append(event), event);
export const owned = (page: Page) => page.evaluate(() => window.page.owned?.state);
export const followed = (page: Page) => page.evaluate(() => window.page.followed?.state);
export const reports = (page: Page) => page.evaluate(() => window.page.reports);
