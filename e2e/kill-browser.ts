import type { BrowserContext } from '@playwright/test';

/** SIGKILL, in Chromium: the browser and all of its processes end without a last word. */
export async function killBrowser(context: BrowserContext): Promise<void> {
  const devTools = await context.browser()?.newBrowserCDPSession();
  const info = await devTools?.send('SystemInfo.getProcessInfo');
  const id = info?.processInfo.find(({ type }) => type === 'browser')?.id;
  if (id === undefined) throw new Error('The browser does not tell its process id.');
  const closed = context.waitForEvent('close');
  // Playwright starts it as the leader of a process group, except on Windows, where there are none.
  process.kill(process.platform === 'win32' ? id : -id, 'SIGKILL');
  await closed;
}
