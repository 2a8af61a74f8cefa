import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type BrowserContext, chromium, firefox, type Page } from 'playwright-core';
import { type BrowserName, findBrowser } from '../e2e/browsers.js';
import type { Bench } from './page/page.ts';

// As the end-to-end tests start it.
const ARGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
ARGS.push('--disable-component-update', '--disable-sync');

/** A browser that has just been started is busy with pages of its own for about so long. */
const SETTLE_MS = 700;

/** A fresh profile, in which the browser can be started again and again. */
export class Profile {
  readonly #directory = mkdtempSync(join(tmpdir(), 'rewake-bench-'));

  constructor(
    readonly browser: BrowserName,
    readonly url: string,
  ) {}

  /** Starts the browser, opens the page, and ends the browser when `work` is done. */
  async use<T>(work: (tab: Tab) => Promise<T>): Promise<T> {
    const tab = await this.open();
    try {
      return await work(tab);
    } finally {
      await tab.close();
    }
  }

  async open(): Promise<Tab> {
    const found = await findBrowser(this.browser);
    if (!found) throw new Error(`There is no ${this.browser} here.`);
    const type = { chromium, firefox }[this.browser];
    const context = await type.launchPersistentContext(this.#directory, {
      executablePath: found.executablePath,
      ...(found.channel && { channel: found.channel }),
      ...(this.browser === 'chromium' && { args: ARGS }),
    });
    const page = context.pages()[0] ?? (await context.newPage());
    await page.goto(this.url);
    await setTimeout(SETTLE_MS);
    return new Tab(context, page);
  }

  /** What IndexedDB has on the disk, once the browser has ended. */
  bytes(): number {
    return this.#sizeOf(() => true);
  }

  /** What of it is the log of Chromium's LevelDB. */
  logBytes(): number {
    return this.#sizeOf((name) => name.endsWith('.log'));
  }

  /** How many times Chromium's LevelDB has begun to merge tables since it was opened, and how many of these are done. */
  merges(): { begun: number; done: number } {
    const notes = this.#files((name) => name === 'LOG').map((path) => readFileSync(path, 'utf8'));
    const count = (phrase: RegExp) => notes.join('').match(phrase)?.length ?? 0;
    return { begun: count(/ Compacting /g), done: count(/ compacted to:/g) };
  }

  #sizeOf(counts: (name: string) => boolean): number {
    return this.#files(counts).reduce((sum, path) => sum + statSync(path).size, 0);
  }

  #files(counts: (name: string) => boolean): string[] {
    const storage = this.browser === 'chromium' ? 'Default/IndexedDB' : 'storage/default';
    return readdirSync(join(this.#directory, storage), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && counts(entry.name))
      .map((entry) => join(entry.parentPath, entry.name));
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** The benchmark's page in a browser of its own. */
export class Tab {
  constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  /** Calls one of the page's functions. */
  async call<Name extends keyof Bench>(
    name: Name,
    ...args: Parameters<Bench[Name]>
  ): Promise<Awaited<ReturnType<Bench[Name]>>> {
    return this.page.evaluate(([name, args]) => Reflect.apply(globalThis.bench[name], undefined, args), [
      name,
      args,
    ] as const);
  }

  version(): string {
    return this.context.browser()?.version() ?? 'unknown';
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}
