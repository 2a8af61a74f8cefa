import { expect } from '@playwright/test';
import type { LostReport } from './pages/lost.ts';
import { hearReports } from './reports.ts';
import { blankUrl } from './servers.ts';
import { startMiniBrowser } from './webkit.ts';
import { test } from './webkit-test.ts';

// WebKit before March 2026 opens no database any more in a page that has lost the process that keeps them:
// https://bugs.webkit.org/show_bug.cgi?id=309386

test('a page that has lost its databases never goes on in memory, and recovers by a reload', async ({
  display,
}, testInfo) => {
  const reports = await hearReports<LostReport>();
  const last = <What extends LostReport['what']>(what: What) =>
    reports.all.findLast((report): report is LostReport & { what: What } => report.what === what);
  const page = new URL(`lost.html?reports=${encodeURIComponent(reports.url)}`, blankUrl);
  const profile = testInfo.outputPath('profile');
  const browser = await startMiniBrowser({ url: page.href, profile, display: display.display });
  try {
    await expect.poll(() => last('appended')?.seq).toBeGreaterThan(6);
    process.kill(await browser.networkProcess(), 'SIGKILL');
    await expect.poll(() => reports.all.filter(({ what }) => what === 'opened').length).toBe(2);

    const acknowledged = Math.max(
      ...reports.all
        .slice(
          0,
          reports.all.findLastIndex(({ what }) => what === 'lost'),
        )
        .map((report) => (report.what === 'appended' ? report.seq : 0)),
    );
    expect(last('lost')?.code).toBe('connection-lost');
    expect(['connection-lost', 'indexeddb']).toContain(last('lost')?.reopened);
    const opened = last('opened');
    expect(opened?.backend).toBe('indexeddb');
    expect(opened?.seq).toBeGreaterThanOrEqual(acknowledged);
    expect(opened?.state).toBe(opened?.seq);
    await expect.poll(() => last('appended')?.seq).toBeGreaterThan(Number(opened?.seq));
  } finally {
    await browser.kill();
    reports.close();
  }
});
