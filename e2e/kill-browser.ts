import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContext } from '@playwright/test';

/** SIGKILL, in Chromium: the browser and all of its processes end without a last word. */
export async function killBrowser(context: BrowserContext): Promise<void> {
  const devTools = await context.browser()?.newBrowserCDPSession();
  const info = await devTools?.send('SystemInfo.getProcessInfo');
  await kill(context, info?.processInfo.find(({ type }) => type === 'browser')?.id);
}

/** The same in Firefox, by the profile that it was started with. */
export async function killFirefox(context: BrowserContext, profile: string): Promise<void> {
  // A symbolic link that ends with its process id.
  const lock = await readlink(join(profile, 'lock'));
  await kill(context, Number(/\d+$/.exec(lock)?.[0]));
}

async function kill(context: BrowserContext, id: number | undefined): Promise<void> {
  if (!id) throw new Error('The browser does not tell its process id.');
  const closed = context.waitForEvent('close');
  // Playwright starts it as the leader of a process group, except on Windows, where there are none.
  process.kill(process.platform === 'win32' ? id : -id, 'SIGKILL');
  await closed;
}
