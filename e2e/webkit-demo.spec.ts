import { expect as base } from '@playwright/test';
import { SAMPLE_COUNT } from './demo-page.ts';
import { hearReports } from './reports.ts';
import { builtDemo, serve } from './static-server.ts';
import { startMiniBrowser } from './webkit.ts';
import { test } from './webkit-test.ts';

/** Without a graphics card, WebKit draws and decodes its sixty pictures slowly. */
const expect = base.configure({ timeout: 60_000 });

interface Shown {
  readonly head: number;
  readonly wakeUp: string;
  readonly sentence: string;
  readonly pictures: number;
}

/**
 * The demo in a frame: begins the import where there is none, lets it run fast where it goes on, and tells what is
 * to be seen. WebDriver would do it in a private window, where WebKit stores no files.
 */
const visitor = (reportsUrl: string) => `<!doctype html>
  <style>body { margin: 0 } iframe { width: 100vw; height: 100vh; border: 0 }</style>
  <iframe src="./"></iframe>
  <script>
    const frame = document.querySelector('iframe');
    frame.onload = () => {
      const demo = frame.contentDocument;
      const text = (id) => demo.getElementById(id).textContent;
      let clicked, told, telling;
      const look = () => {
        const button = demo.getElementById(text('wake-up') ? 'slowly' : 'sample');
        const ready = text('wake-up') || !demo.getElementById('choice').hidden;
        if (ready && clicked !== button.id) {
          clicked = button.id;
          button.click();
        }
        const pictures = demo.querySelectorAll('li img').length;
        const shown = JSON.stringify({
          head: Number(text('fact-head')),
          wakeUp: text('wake-up'),
          sentence: text('sentence'),
          pictures,
        });
        if (shown === told) return;
        told = shown;
        // One after the other, so that the last one is the last to arrive.
        telling = Promise.resolve(telling).then(() => fetch('${reportsUrl}', { method: 'POST', body: shown }));
      };
      look();
      new MutationObserver(look).observe(demo, { subtree: true, childList: true, characterData: true, attributes: true });
    };
  </script>`;

test('the demo goes on after its browser was killed', async ({ display }, testInfo) => {
  test.slow();
  const reports = await hearReports<Shown>();
  const shown = () => reports.all.at(-1);
  const demo = await serve(new Map(await builtDemo()).set('visitor.html', Buffer.from(visitor(reports.url))));
  const start = () =>
    startMiniBrowser({
      url: `${demo.url}visitor.html`,
      profile: testInfo.outputPath('profile'),
      display: display.display,
    });
  let browser = await start();
  try {
    await expect.poll(() => shown()?.head, { intervals: [10] }).toBeGreaterThanOrEqual(14);
    await browser.kill();
    const acknowledged = shown()?.head;
    reports.all.length = 0;

    browser = await start();
    await expect.poll(() => shown()?.wakeUp).toMatch(/0 lost, 0 done twice\.$/);
    const wakeUp = String(shown()?.wakeUp);
    const [, picture] =
      /^Woke up at picture (\d+) of 60: snapshot at seq \d+, \d+ events? replayed/.exec(wakeUp) ?? [];
    expect(Number(picture)).toBeGreaterThanOrEqual(Number(acknowledged));
    expect(Number(picture)).toBeLessThan(SAMPLE_COUNT);
    await expect
      .poll(() => shown())
      .toMatchObject({
        sentence: 'All 60 pictures are imported.',
        head: SAMPLE_COUNT + 1,
        pictures: SAMPLE_COUNT,
      });
  } finally {
    await browser.kill();
    await demo.close();
    reports.close();
  }
});
