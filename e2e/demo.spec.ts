import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { DemoPage, expect, type ManifestEntry, SAMPLE_COUNT, test } from './demo-page.ts';
import { png } from './png.ts';
import { chosenFilesOf, notePlaces, placeAtVisit, placeOf } from './records.ts';
import { blankUrl } from './servers.ts';

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** The manifest has what the files hold, in their order. */
function expectEntriesOf(files: Awaited<ReturnType<typeof chosenFilesOf>>, manifest: ManifestEntry[]): void {
  expect(manifest.map(({ name, size, sha256 }) => ({ name, size, sha256 }))).toEqual(
    files.map(({ name, base64 }) => {
      const bytes = Buffer.from(base64, 'base64');
      return { name, size: bytes.length, sha256: sha256(bytes) };
    }),
  );
}

test('the sample import survives its Worker', async ({ page }) => {
  const demo = new DemoPage(page);
  await demo.visit();
  await demo.sample.click();
  await demo.waitForHead(14);
  await demo.crash.click();
  await expect(demo.sentence).toContainText('Crashed at picture');
  const place = await placeOf(page);
  expect(place.head).toBeGreaterThanOrEqual(await demo.shownHead());
  expect(place.head).toBeLessThan(SAMPLE_COUNT);

  await demo.recover.click();
  await demo.expectWokenUp(place, SAMPLE_COUNT);
  await demo.finishFast();
  await expect(demo.sentence).toHaveText('All 60 pictures are imported.');
  await demo.expectWokenUp(place, SAMPLE_COUNT);

  await demo.expectEachPictureOnce(SAMPLE_COUNT);
  await expect(demo.tiles.locator('img')).toHaveCount(SAMPLE_COUNT);
  const files = await chosenFilesOf(page);
  const manifest = await demo.manifest();
  expectEntriesOf(files, manifest);
  expect(new Set(manifest.map((entry) => entry.sha256)).size).toBe(SAMPLE_COUNT);
  for (const { width, height, colour } of manifest) {
    expect([width, height]).toEqual([480, 360]);
    expect(colour).toMatch(/^#[0-9a-f]{6}$/);
  }
});

test('a run goes on from its file, after it was deleted', { tag: '@chromium' }, async ({ page }) => {
  const demo = new DemoPage(page);
  await demo.visit();
  await demo.sample.click();
  await demo.waitForHead(14);
  await demo.crash.click();
  const { head } = await placeOf(page);
  const files = await chosenFilesOf(page);
  const [run] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download this run' }).click(),
  ]);
  expect(run.suggestedFilename()).toBe('import.run.jsonl');
  await demo.deleteAndStartAgain();

  const damaged = { name: 'a.jsonl', mimeType: 'text/plain', buffer: Buffer.from('{"rewake":"no run"}\n') };
  await page.getByLabel('Open a run…').setInputFiles(damaged);
  await expect(demo.sentence).toHaveText('This file holds no run of this page. Nothing was changed.');

  await page.getByLabel('Open a run…').setInputFiles(await run.path());
  // Without a snapshot: the file holds the events.
  await expect(demo.wakeUp).toContainText(
    `at picture ${head} of ${SAMPLE_COUNT}: no snapshot yet, ${head} events`,
  );
  await demo.finishFast();
  await demo.expectEachPictureOnce(SAMPLE_COUNT);
  expectEntriesOf(files, await demo.manifest());
});

test('real files survive a reload; those that are no pictures become events that say so', async ({
  page,
  context,
}, testInfo) => {
  const pictures = Array.from({ length: 24 }, (_, index) => {
    const [width, height] = [20 + 9 * index, 200 - 7 * index];
    return { name: `picture-${index}.png`, bytes: png(width, height, [10 * index, 80, 200]), width, height };
  });
  const refused = [
    { name: 'notes.txt', bytes: Buffer.from('Not a picture.'), reason: 'not a picture' },
    { name: 'empty.png', bytes: Buffer.of(), reason: 'empty' },
    { name: 'broken.png', bytes: png(50, 50, [1, 2, 3]).subarray(0, 40), reason: 'cannot be decoded' },
  ];
  const files = [...pictures.slice(0, 4), ...refused, ...pictures.slice(4)];
  const paths = await Promise.all(
    files.map(async ({ name, bytes }) => {
      const path = testInfo.outputPath(name);
      await writeFile(path, bytes);
      return path;
    }),
  );

  await notePlaces(context);
  const demo = new DemoPage(page);
  await demo.visit();
  await demo.choose(paths);
  await demo.waitForHead(14);
  const acknowledged = await demo.shownHead();
  await page.reload();
  const place = await placeAtVisit(page);
  expect(place.head).toBeGreaterThanOrEqual(acknowledged);
  await demo.expectWokenUp(place, files.length);

  await demo.finishFast();
  await expect(demo.sentence).toHaveText(
    'All 27 files are done: 24 pictures imported, 3 refused with a reason.',
  );
  await demo.expectEachPictureOnce(files.length);
  for (const { name, reason } of refused) {
    await expect(demo.tiles.filter({ hasText: name })).toContainText(reason);
  }
  const manifest = await demo.manifest();
  expect(manifest.map(({ colour: _, ...entry }) => entry)).toEqual(
    files.map(({ bytes, ...entry }) => {
      const size = bytes.length;
      return 'reason' in entry ? { ...entry, size } : { ...entry, size, sha256: sha256(bytes) };
    }),
  );
  expect(manifest[0]?.colour).toBe('#0050c8');
});

test('one snapshot record for each run', async ({ page }) => {
  await page.goto(blankUrl);
  await page.evaluate(async (path) => {
    const { openStores }: typeof import('../src/index.ts') = await import(path);
    const { snapshots, events } = await openStores<string, string>();
    for (const runId of ['one', 'two']) {
      await events.append(runId, ['a', 'b', 'c', 'd', 'e']);
      for (const atSeq of [1, 2, 3, 4]) await snapshots.save({ runId, atSeq, state: `${runId} at ${atSeq}` });
    }
    await snapshots.save({ runId: 'two', atSeq: 5, state: 'two at 5' });
  }, '/src/index.ts');
  expect(await placeOf(page, 'one')).toEqual({ head: 5, snapshotSeq: 4 });
  expect(await placeOf(page, 'two')).toEqual({ head: 5, snapshotSeq: 5 });

  const demo = new DemoPage(page);
  await demo.visit();
  await demo.slowly.uncheck();
  await demo.sample.click();
  await expect(demo.download).toBeVisible();
  // Closing the run saves a last one.
  const finished = { head: SAMPLE_COUNT + 1, snapshotSeq: SAMPLE_COUNT + 1 };
  await expect.poll(() => placeOf(page)).toEqual(finished);

  await page.reload();
  await expect(demo.wakeUp).toHaveText(
    /^Woke up with all 60 pictures done: snapshot at seq 61, 0 events replayed in (under 1|\d+) ms\. 0 lost, 0 done twice\.$/,
  );
  await expect(demo.sentence).toHaveText('All 60 pictures are imported.');
  await demo.deleteAndStartAgain();
  await expect(demo.sample).toBeVisible();
  expect(await placeOf(page)).toEqual({ head: 0 });
});
