import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { blankUrl } from './servers.ts';

// What somebody finds who copies the profile of a browser that has been closed.

const marker = 'what-nobody-may-read-4711';

/** The names of the files in which any of the bytes stands. */
async function filesWith(folder: string, ...bytes: readonly Buffer[]): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found = await Promise.all(
    files.map(async (file) => {
      const content = await readFile(file);
      return bytes.some((some) => content.includes(some)) ? [file] : [];
    }),
  );
  return found.flat();
}

for (const [codec, isReadable] of [
  ['none', true],
  ['pipe', false],
] as const)
  test(`with the codec ${codec}, ${isReadable ? 'a marker stands' : 'no marker stands'} in the files of the profile`, {
    tag: '@chromium',
  }, async ({ playwright, launchOptions }) => {
    const profile = await mkdtemp(join(tmpdir(), 'rewake-at-rest-'));
    try {
      const context = await playwright.chromium.launchPersistentContext(profile, launchOptions);
      const page = await context.newPage();
      await page.goto(blankUrl);
      const state = await page.evaluate(
        async ([path, codec, marker]) => (await import(path)).liveWith(codec, marker),
        ['/e2e/pages/at-rest.ts', codec, marker] as const,
      );
      expect(state).toEqual(Array(40).fill(marker));
      await context.close();
      const found = await filesWith(profile, Buffer.from(marker), Buffer.from(marker, 'utf16le'));
      const inDatabase = found.filter((file) => file.includes('IndexedDB'));
      expect(inDatabase.length > 0).toBe(isReadable);
      // The run's id is no secret: what was looked through is the profile, and what was written is there.
      expect(await filesWith(profile, Buffer.from('the-run', 'utf16le').swap16())).not.toEqual([]);
      if (!isReadable) expect(found).toEqual([]);
    } finally {
      await rm(profile, { recursive: true, force: true });
    }
  });
