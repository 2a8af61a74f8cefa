import { readFile } from 'node:fs/promises';
import { test as base, expect, type Page } from '@playwright/test';
import { eventsOf, type Place } from './records.ts';

export { expect };

/** Every test fails where the console is not empty in the end. */
export const test = base.extend<{ quietConsole: undefined }>({
  quietConsole: [
    async ({ context }, use) => {
      const noise: string[] = [];
      context.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) noise.push(`${message.type()}: ${message.text()}`);
      });
      context.on('weberror', (error) => noise.push(String(error.error())));
      await use(undefined);
      expect(noise).toEqual([]);
    },
    { auto: true },
  ],
});

export const SAMPLE_COUNT = 60;

export interface ManifestEntry {
  readonly name: string;
  readonly size: number;
  readonly sha256?: string;
  readonly width?: number;
  readonly height?: number;
  readonly colour?: string;
  readonly reason?: string;
}

/** What there is to see and press on the demo's page. */
export class DemoPage {
  readonly sample;
  readonly crash;
  readonly recover;
  readonly takeOver;
  readonly slowly;
  readonly download;
  readonly startAgain;
  readonly question;
  readonly sentence;
  readonly wakeUp;
  readonly tiles;
  readonly owner;

  constructor(readonly page: Page) {
    this.sample = page.getByRole('button', { name: 'Import the 60 sample pictures' });
    this.crash = page.getByRole('button', { name: 'Crash' });
    this.recover = page.getByRole('button', { name: 'Recover' });
    this.takeOver = page.getByRole('button', { name: 'Take over' });
    this.slowly = page.getByRole('checkbox', { name: 'Take it slowly' });
    this.download = page.getByRole('button', { name: 'Download manifest' });
    this.startAgain = page.getByRole('button', { name: 'Start again' });
    this.question = page.getByRole('dialog', { name: 'Delete this import and start again?' });
    this.sentence = page.locator('#sentence');
    this.wakeUp = page.locator('#wake-up');
    this.owner = page.locator('#fact-owner');
    this.tiles = page.getByRole('list').getByRole('listitem');
  }

  async visit(): Promise<void> {
    await this.page.goto('/');
  }

  async choose(files: Parameters<ReturnType<Page['locator']>['setInputFiles']>[0]): Promise<void> {
    await expect(this.sample).toBeVisible();
    await this.page.getByLabel('Choose files…').setInputFiles(files);
  }

  /** The head that the page shows: every event up to it was acknowledged. */
  async shownHead(): Promise<number> {
    return Number(await this.page.locator('#fact-head').textContent());
  }

  /** Resolves in the middle: with a snapshot, and with a tail after it. */
  async waitForHead(head: number): Promise<void> {
    await expect.poll(() => this.shownHead(), { intervals: [20] }).toBeGreaterThanOrEqual(head);
  }

  /** The sentence has exactly the figures that follow from where the records said the run stood. */
  async expectWokenUp({ head, snapshotSeq }: Place, total: number): Promise<void> {
    const replayed = head - Number(snapshotSeq);
    // The choice is event 1, so the first picture without an event has the head's number.
    await expect(this.wakeUp).toHaveText(
      new RegExp(
        `^Woke up at picture ${head} of ${total}: snapshot at seq ${snapshotSeq}, ` +
          `${replayed} ${replayed === 1 ? 'event' : 'events'} replayed in (under 1|\\d+) ms\\. 0 lost, 0 done twice\\.$`,
      ),
    );
  }

  async deleteAndStartAgain(): Promise<void> {
    await this.startAgain.click();
    await this.question.getByRole('button', { name: 'Delete it' }).click();
    await expect(this.question).toBeHidden();
  }

  async finishFast(): Promise<void> {
    // On a busy machine, it may have finished before.
    await this.slowly.uncheck({ timeout: 10_000 }).catch(async (error: unknown) => {
      if (!(await this.download.isVisible())) throw error;
    });
    await expect(this.download).toBeVisible();
  }

  async manifest(): Promise<ManifestEntry[]> {
    const browser = this.page.context().browser()?.browserType().name();
    return JSON.parse(browser === 'firefox' ? await this.#offeredFile() : await this.#downloadedFile()).files;
  }

  async #downloadedFile(): Promise<string> {
    const downloading = this.page.waitForEvent('download');
    await this.download.click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe('manifest.json');
    return readFile(await download.path(), 'utf8');
  }

  /** Over WebDriver BiDi, Playwright hears of no download, and the page itself may not fetch what it offers. */
  async #offeredFile(): Promise<string> {
    await this.page.evaluate(() => {
      const { createObjectURL } = URL;
      URL.createObjectURL = (blob: Blob) => {
        Object.assign(window, { offered: blob });
        return createObjectURL(blob);
      };
      HTMLAnchorElement.prototype.click = function () {
        Object.assign(window, { name: this.download });
      };
    });
    await this.download.click();
    const { name, text } = await this.page.evaluate(async () => ({
      name: window.name,
      text: await (Reflect.get(window, 'offered') as Blob).text(),
    }));
    expect(name).toBe('manifest.json');
    return text;
  }

  async expectEachPictureOnce(total: number): Promise<void> {
    const [first, ...rest] = await eventsOf(this.page);
    expect(first?.type).toBe('chosen');
    const pictures = rest.map(({ picture }) => picture);
    expect(pictures).toEqual(Array.from({ length: total }, (_, picture) => picture));
  }
}
