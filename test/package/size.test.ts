import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'vite';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { root } from './run.ts';

// What a page pays: bundled with idb, minified and compressed with brotli. 1 kB is 1000 bytes.
const bundles = [
  { name: 'snapshot-store', code: "export { IndexedDbSnapshotStore } from 'rewake';", budget: 4.85 },
  { name: 'all', code: "export * from 'rewake';", budget: 13.2 },
  { name: 'with-export', code: "export * from 'rewake';\nexport * from 'rewake/export';", budget: 17 },
];

const withWorkflow = "export * from 'rewake'; export * from 'rewake/workflow';";

test('rewake/workflow adds no more than its budget, and what README.md says', async () => {
  const [all] = bundles.filter(({ name }) => name === 'all');
  const kB = (await measure('workflow', withWorkflow)) - (await measure('without-workflow', all?.code ?? ''));
  expect(kB).toBeLessThanOrEqual(4.7);
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  expect(/<!-- size:workflow -->(.*?)<!-- \/size -->/.exec(readme)?.[1]).toBe(`${kB.toFixed(1)} kB`);
});

describe.each(bundles)('$name', ({ name, code, budget }) => {
  let kB: number;
  beforeAll(async () => {
    kB = await measure(name, code);
  });

  test(`fits in ${budget} kB`, () => {
    expect(kB).toBeLessThanOrEqual(budget);
  });

  test('is as large as README.md says', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const stated = new RegExp(`<!-- size:${name} -->(.*?)<!-- /size -->`).exec(readme)?.[1];
    expect(stated).toBe(`${kB.toFixed(1)} kB`);
  });
});

async function measure(name: string, code: string): Promise<number> {
  const consumer = inject('consumer');
  const entry = join(consumer, `size-${name}.js`);
  writeFileSync(entry, code);
  const result = await build({
    root: consumer,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2022',
      modulePreload: { polyfill: false },
      rolldownOptions: { input: entry, preserveEntrySignatures: 'strict' },
    },
  });
  const [output] = [result].flat();
  if (!output || !('output' in output)) throw new Error('vite built nothing.');
  expect(output.output).toHaveLength(1);
  return brotliCompressSync(output.output[0].code).length / 1000;
}
