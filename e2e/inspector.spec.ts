import AxeBuilder from '@axe-core/playwright';
import type { Page, TestInfo } from '@playwright/test';
import { expect, test } from './demo-page.ts';
import { serveInspector } from './inspector-site.ts';
import type { page as inspectorPage } from './pages/inspector.ts';

// The inspector in a real browser, under a strict policy. Every test fails if the console is not empty in the end: a
// violation of the policy would be in it.

declare const window: Window & { page: typeof inspectorPage };

let site: Awaited<ReturnType<typeof serveInspector>>;

test.beforeAll(async () => {
  site = await serveInspector();
});

test.afterAll(() => site.close());

const row = (page: Page, hasText: string | RegExp) => page.getByRole('option').filter({ hasText });
const runs = (page: Page) => page.getByRole('listbox', { name: 'Runs' });
const events = (page: Page) => page.getByRole('listbox', { name: 'Events' });
const detail = (page: Page) => page.getByRole('region', { name: 'The selected event' });
const pane = (page: Page, name: string) => page.getByRole('radio', { name });
const fact = (page: Page, name: string) =>
  page.locator('dt', { hasText: name }).locator('xpath=following-sibling::dd');

/** A page with what the inspector shall show, and the inspector. */
async function show(page: Page, prepare: (page: Page) => Promise<unknown>): Promise<void> {
  await page.goto(site.url);
  await prepare(page);
  await page.evaluate(() => window.page.show());
}

const importSome = (page: Page) => page.evaluate(() => window.page.importSome('import-7', 36));

test('lists the runs, with head, owner, snapshot, base and bytes', async ({ page, context }) => {
  await show(page, async () => {
    await importSome(page);
    await page.evaluate(() => window.page.compact('compacted'));
    await page.evaluate(() => window.page.open('import-live'));
    await page.evaluate(() => window.page.appendOne('a.jpg'));
  });
  await expect(runs(page).getByRole('option')).toHaveText([
    /^compacted/,
    /^import-7.*38 events/,
    /^import-live/,
  ]);
  await expect(page.getByText('indexeddb')).toBeVisible();
  await row(page, 'import-7').click();
  await expect(fact(page, 'Head')).toHaveText('38');
  await expect(fact(page, 'Owner')).toHaveText('nobody');
  await expect(fact(page, 'Snapshot')).toHaveText('at 38');
  await expect(fact(page, 'Base')).toHaveText('none');
  await page.getByRole('button', { name: 'Measure' }).click();
  await expect(fact(page, 'Bytes')).toHaveText(/^\d(\.\d)? kB$/);
  await row(page, 'compacted').click();
  await expect(fact(page, 'Base')).toHaveText('at 2, version 1');
  await expect(events(page).getByRole('option').first()).toHaveText('2base3');
  await row(page, 'import-live').click();
  await expect(fact(page, 'Owner')).toHaveText('this page');

  const other = await context.newPage();
  await other.goto(site.url);
  await other.evaluate(() => window.page.show());
  await row(other, 'import-live').click();
  await expect(fact(other, 'Owner')).toHaveText('another tab or worker');
});

test('scrolls 100,000 events, of which few are in the document, and finds some', async ({ page }) => {
  test.slow();
  await show(page, () => page.evaluate(() => window.page.count('count', 100_000)));
  await expect(row(page, /^100000one/)).toBeVisible();
  const list = events(page);
  let most = 0;
  for (let part = 0; part <= 20; part++) {
    const seq = await list.evaluate(async (list, part) => {
      list.scrollTop = (part / 20) * (list.scrollHeight - list.clientHeight);
      await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
      return Math.round(list.scrollTop / 24) + 1;
    }, part);
    // `^` for the whole number: 5 is not 500.
    await expect(
      list
        .getByRole('option')
        .filter({ hasText: new RegExp(`^${Math.min(seq + 3, 100_000)}(one|thousand)`) }),
    ).toBeVisible();
    await expect(list.getByRole('option', { name: '…' })).toHaveCount(0);
    most = Math.max(most, await list.getByRole('option').count());
  }
  expect(most).toBeLessThan(80);
  await expect(list.getByRole('option').last()).toHaveAttribute('aria-setsize', '100000');

  await page.getByLabel('Filter the events').fill('thousand');
  await expect(page.getByText('100 of 100,000 events')).toBeVisible();
  await page.getByLabel('Filter the events').fill('THOUSAND 5001');
  await expect(page.getByText('10 of 100,000 events')).toBeVisible();
  expect(await list.getByRole('option').count()).toBeLessThan(12);
  await row(page, /^55001/).click();
  await expect(detail(page)).toContainText('Event 55001');
  await page.getByLabel('Filter the events').fill('');
  await expect(row(page, /^55001/)).toHaveAttribute('aria-selected', 'true');
  await expect(row(page, /^55001/)).toBeInViewport();
});

test('replays to any event, and shows what each has changed', async ({ page }) => {
  await show(page, importSome);
  await pane(page, 'State').check();
  await expect(detail(page)).toContainText('The stored snapshot is the same as this replay.');
  await expect(detail(page)).toContainText('done: 36');
  await page.getByLabel('Go to an event').fill('6');
  await expect(detail(page)).toContainText('done: 5');
  await expect(detail(page)).not.toContainText('snapshot');
  await expect(row(page, /^6imported/)).toHaveAttribute('aria-selected', 'true');
  // What is unfolded stays so.
  const inside = detail(page).locator('.leaf', { hasText: '"imported" →' });
  await expect(inside).toBeHidden();
  await detail(page).getByText('byType:').click();
  await expect(inside).toHaveText('"imported" → 5');
  await page.getByRole('button', { name: 'Next event' }).click();
  await expect(inside).toHaveText('"imported" → 6');

  await pane(page, 'Changes').check();
  await expect(detail(page).getByRole('listitem')).toHaveText([
    /^\.done−before:5\+after:6$/,
    /^\.items\[5\]\+after:.*picture-6\.jpg/,
    /^\.byType\.get\("imported"\)−before:5\+after:6$/,
  ]);
  // Not filled: in Firefox, that would add to the number which is there.
  await page.getByLabel('Seq').press('ControlOrMeta+a');
  await page.keyboard.type('1');
  await page.keyboard.press('Enter');
  await expect(detail(page).getByRole('listitem')).toHaveText([/^\.byType\.get\("begun"\)\+after:1$/]);
});

test('of a run without a definition it shows the stored snapshot, and says what is missing', async ({
  page,
}) => {
  await show(page, () => page.evaluate(() => window.page.compact('compacted')));
  await pane(page, 'State').check();
  await expect(detail(page)).toContainText('hand in the run’s definition');
  await expect(detail(page)).toContainText('The snapshot at 3:');
});

test('says if a stored snapshot is not what the log comes to', async ({ page }) => {
  await show(page, async () => {
    await importSome(page);
    await page.evaluate(async () => {
      const { events, snapshots } = await window.page.rewake.openStores();
      const { seq, logId } = await events.head('import-7');
      const state = { done: 99, items: [], byType: new Map() };
      await snapshots.save({ runId: 'import-7', atSeq: seq, logId, state });
    });
  });
  await pane(page, 'State').check();
  await expect(detail(page)).toContainText('The stored snapshot differs from this replay, at .done');
});

test('shows every kind of value, and markup as text', async ({ page }) => {
  await show(page, () => page.evaluate(() => window.page.noteValues('values')));
  const value = detail(page);
  await value.getByText('value:', { exact: true }).click();
  for (const text of [
    'map: Map(2) { "a" → 1, { key: "object" } → Set(2) { "x", "y" } }',
    'date: 2026-11-27T12:00:00.000Z',
    'error: TypeError: Cannot read it.',
    'bytes: Uint8Array(80 bytes) 00 07 0e 15 1c 23 2a 31 …',
    'big: 12345678901234567890n',
    'pattern: /^a+$/gi',
    'nothing: [undefined, null, NaN, -0]',
    'blob: Blob text/plain, 5 bytes',
  ])
    await expect(value).toContainText(text);
  await value.getByText('circle:', { exact: true }).click();
  await expect(value).toContainText('self: ↺ a circle: the same object as above');
  await value.getByText('bytes:', { exact: true }).click();
  await expect(value).toContainText('0000  00 07 0e 15');
  await value.getByText('error:', { exact: true }).click();
  await expect(value).toContainText('cause: Error: The disk is full.');
  await expect(value).toContainText('<b>bold</b>');
  expect(await page.locator('b, img[src=x]').count()).toBe(0);
  await expect(page).toHaveTitle('The inspector');
});

test('follows what another tab commits, unless an earlier event is selected', async ({ page, context }) => {
  const owner = await context.newPage();
  await owner.goto(site.url);
  await owner.evaluate(() => window.page.open('import-live'));
  await owner.evaluate(() => window.page.appendOne('a.jpg'));
  await show(page, async () => {});
  await expect(row(page, /^1imported/)).toHaveAttribute('aria-selected', 'true');
  await owner.evaluate(() => window.page.appendOne('b.jpg'));
  await expect(row(page, /^2imported.*b\.jpg/)).toHaveAttribute('aria-selected', 'true');
  await expect(fact(page, 'Head')).toHaveText('2');
  await expect(row(page, /^import-live/)).toContainText('2 events');
  await row(page, /^1imported/).click();
  await owner.evaluate(() => window.page.appendOne('c.jpg'));
  await expect(row(page, /^3imported/)).toBeVisible();
  await expect(row(page, /^1imported/)).toHaveAttribute('aria-selected', 'true');
  await page.getByRole('button', { name: 'Latest' }).click();
  await expect(row(page, /^3imported/)).toHaveAttribute('aria-selected', 'true');
  // A run that begins meanwhile appears.
  await owner.evaluate(() => window.page.importSome('import-8', 1));
  await expect(row(page, /^import-8/)).toBeVisible();
  // A commit is seen when it comes, and not at the next look: a hidden page takes none.
  await page.evaluate(() => Object.defineProperty(document, 'hidden', { value: true }));
  await owner.evaluate(() => window.page.appendOne('d.jpg'));
  await expect(row(page, /^4imported.*d\.jpg/)).toHaveAttribute('aria-selected', 'true');
});

test('a workflow is a timeline with attempts, waits and outcomes, and has an inbox', async ({ page }) => {
  await show(page, () => page.evaluate(() => window.page.flow('invite-3')));
  const steps = page.getByRole('listbox', { name: 'Steps' });
  await expect(steps.getByRole('option')).toHaveText([
    /upload#1succeeded/,
    /upload#2succeeded · 2 attempts/,
    /settle#1sleep, succeeded/,
    /approval#1wait, succeeded/,
    /notify#1failed/,
    /second approval#1wait, waiting/,
  ]);
  const stretches = (key: string) =>
    row(page, key)
      .locator('.stretch')
      .evaluateAll((bars) => bars.map(({ className }) => className.replace('stretch ', '')));
  expect(await stretches('upload#2')).toEqual(['failed', 'waited', 'ran']);
  await row(page, 'upload#2').click();
  const step = page.getByRole('region', { name: 'The selected step' }).first();
  await expect(step).toContainText('result: { url: "https://cdn.example/b.png" }');
  await row(page, 'notify#1').click();
  await expect(step).toContainText('There is no such address.');
  await pane(page, 'Log').check();
  await expect(row(page, /^1workflow-begun/)).toBeVisible();
  await pane(page, 'Inbox').check();
  await expect(row(page, /^1approved.*"Ann"/)).toBeVisible();
});

// Over WebDriver BiDi, Playwright hears of no download in Firefox.
test(
  'exports a run as a file, deletes it if the answer is yes, and imports it again',
  { tag: '@chromium' },
  async ({ page }, testInfo) => {
    await show(page, importSome);
    await expect(row(page, /^38refused/)).toBeVisible();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe('import-7.rewake.jsonl');
    const file = testInfo.outputPath('import-7.rewake.jsonl');
    await download.saveAs(file);

    const question = page.getByRole('dialog', { name: 'Delete import-7?' });
    await page.getByRole('button', { name: 'Delete…' }).click();
    await expect(question).toContainText('Its log of 38 events and its snapshot are deleted for good.');
    await page.keyboard.press('Enter');
    await expect(question).toBeHidden();
    await expect(row(page, /^38refused/)).toBeVisible();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await expect(page.getByText('No run is stored in this database.')).toBeVisible();

    await page.getByLabel('Import…').setInputFiles(file);
    await expect(page.getByText('Imported import-7: 38 events.')).toBeVisible();
    await expect(row(page, /^38refused/)).toBeVisible();
    await page
      .getByLabel('Import…')
      .setInputFiles({ name: 'x.jsonl', mimeType: 'text/plain', buffer: Buffer.from('{}\n') });
    await expect(page.getByText('unreadable: ')).toBeVisible();
  },
);

test('the keyboard is enough', { tag: '@chromium' }, async ({ page }) => {
  await show(page, async () => {
    await importSome(page);
    await page.evaluate(() => window.page.importSome('import-8', 3));
  });
  await expect(row(page, /^38refused/)).toBeVisible();
  const focused = () =>
    page.evaluate(() => {
      const element = document.querySelector('rewake-inspector')?.shadowRoot?.activeElement;
      return (
        element?.getAttribute('aria-label') ?? element?.textContent ?? element?.getAttribute('value') ?? ''
      );
    });
  const order: string[] = [];
  await page.keyboard.press('Tab');
  for (let stop = 0; stop < 18; stop++) {
    order.push(await focused());
    await page.keyboard.press('Tab');
  }
  expect(order.slice(1, 5)).toEqual(['Filter the runs', 'Runs', 'Export', 'Delete…']);
  for (const stop of [
    'Measure',
    'Events',
    'Previous event',
    'Go to an event',
    'Next event',
    'Seq',
    'Latest',
    'Value',
  ])
    expect(order).toContain(stop);

  await runs(page).focus();
  await page.keyboard.press('ArrowDown');
  await expect(row(page, /^import-8/)).toHaveAttribute('aria-selected', 'true');
  await expect(row(page, /^5refused/)).toBeVisible();
  await page.keyboard.press('Home');
  await expect(row(page, /^import-7/)).toHaveAttribute('aria-selected', 'true');
  await events(page).focus();
  await page.keyboard.press('PageUp');
  await page.keyboard.press('ArrowUp');
  const selected = events(page).locator('[aria-selected=true]');
  expect(Number(await selected.getAttribute('aria-posinset'))).toBeLessThan(37);
  expect(await events(page).getAttribute('aria-activedescendant')).toBe(await selected.getAttribute('id'));
  await page.keyboard.press('Home');
  await expect(row(page, /^1begun/)).toHaveAttribute('aria-selected', 'true');
  await pane(page, 'Event').focus();
  await page.keyboard.press('ArrowRight');
  await expect(pane(page, 'State')).toBeChecked();
  await page.getByLabel('Go to an event').focus();
  await page.keyboard.press('ArrowRight');
  await expect(row(page, /^2imported/)).toHaveAttribute('aria-selected', 'true');
  await page.getByRole('button', { name: 'Delete…' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Keep it' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Delete…' })).toBeFocused();
});

async function look(page: Page, testInfo: TestInfo, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({
      path: testInfo.outputPath(`${name}, ${colorScheme}.png`),
      animations: 'disabled',
    });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`),
    ).toEqual([]);
    // It covers the window, so that the document is never wider: something in it would be.
    const isTooWide = (parts: Element[]) =>
      parts.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map((part) => part.className);
    expect(await page.locator('rewake-inspector .panel, .detail-body').evaluateAll(isTooWide)).toEqual([]);
  }
}

for (const width of [360, 1280]) {
  test(`good to look at, light and dark, ${width} px`, { tag: '@chromium' }, async ({ page }, testInfo) => {
    test.slow();
    await page.setViewportSize({ width, height: 720 });
    const isNarrow = width < 640;
    await show(page, async () => {
      await importSome(page);
      await page.evaluate(() => window.page.flow('invite-3'));
      await page.evaluate(() => window.page.noteValues('values'));
    });
    await expect(row(page, /^invite-3/)).toContainText('workflow');
    if (isNarrow) await look(page, testInfo, 'runs');
    await row(page, 'import-7').click();
    await expect(fact(page, 'Head')).toHaveText('38');
    await expect(row(page, /^38refused/)).toBeInViewport();
    await pane(page, 'Changes').check();
    await expect(detail(page).getByRole('listitem').first()).toBeVisible();
    await look(page, testInfo, 'changes');
    await page.getByRole('button', { name: 'Delete…' }).click();
    await look(page, testInfo, 'question');
    await page.keyboard.press('Escape');
    if (isNarrow) await page.getByRole('button', { name: 'Runs' }).click();
    await row(page, 'invite-3').click();
    // Until the journal is known to be one, its log is shown, where more rows name that step.
    await expect(page.getByRole('listbox', { name: 'Steps' })).toBeVisible();
    await row(page, 'upload#2').click();
    await look(page, testInfo, 'workflow');
    if (isNarrow) await page.getByRole('button', { name: 'Runs' }).click();
    await row(page, 'values').click();
    await detail(page).getByText('value:', { exact: true }).click();
    await look(page, testInfo, 'values');
  });
}

test('works in a window of its own', async ({ page }) => {
  await page.goto(site.url);
  await importSome(page);
  const opening = page.waitForEvent('popup');
  await page.evaluate(() => window.page.detach());
  const popup = await opening;
  await expect(row(popup, /^38refused/)).toBeVisible();
  await row(popup, /^37imported/).click();
  await pane(popup, 'State').check();
  await expect(detail(popup)).toContainText('done: 36');
  expect(
    await popup.evaluate(
      () => getComputedStyle(document.querySelector('rewake-inspector') ?? document.body).position,
    ),
  ).toBe('fixed');
});
