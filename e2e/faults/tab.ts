import type { BrowserContext, Page } from '@playwright/test';
import { blankUrl } from '../servers.ts';
import type { page } from './page.ts';

export type FaultWindow = Window & { page: typeof page };

/** A new tab with the library's sources in it. */
export async function tab(context: BrowserContext, url = blankUrl): Promise<Page> {
  const page = await context.newPage();
  await load(page, url);
  return page;
}

/** Goes to `url` and loads the library's sources there. */
export async function load(page: Page, url = blankUrl): Promise<void> {
  await page.goto(url);
  await page.evaluate((path) => import(path), '/e2e/faults/page.ts');
}
