import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

/** Notes, from the next visit on, what moves by itself. */
export async function noteJumps(page: Page): Promise<void> {
  await page.addInitScript(() => {
    new PerformanceObserver((list) => {
      const jumps: unknown[] = (Reflect.get(window, 'jumps') ?? []).concat(
        list.getEntries().filter((entry) => !Reflect.get(entry, 'hadRecentInput')),
      );
      Reflect.set(window, 'jumps', jumps);
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

export async function expectNoJumps(page: Page): Promise<void> {
  expect(await page.evaluate(() => JSON.stringify(Reflect.get(window, 'jumps') ?? []))).toBe('[]');
}

export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  expect(bad.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`)).toEqual([]);
}

/** Screenshots in light and dark, each of which is accessible and no wider than the window. */
export async function expectGood(page: Page, pathOf: (name: string) => string, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const path = pathOf(`${name}, ${colorScheme}.png`);
    await page.screenshot({ path, animations: 'disabled', fullPage: true });
    await expectAccessible(page);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  }
  await expectNoJumps(page);
}
