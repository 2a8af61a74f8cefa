import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'vite';
import { describe, expect, inject, test } from 'vitest';
import { node } from './run.ts';

const consumer = inject('consumer');

describe('importing touches no browser global', () => {
  test('in Node', () => {
    expect(node(['import-only.js'], consumer)).toBe('imported\n');
  });

  test('in a worker thread', async () => {
    const worker = new Worker(join(consumer, 'import-only.js'), { stdout: true });
    const [[printed], [exitCode]] = await Promise.all([once(worker.stdout, 'data'), once(worker, 'exit')]);
    expect([String(printed), exitCode]).toEqual(['imported\n', 0]);
  });

  test('in a server-side bundle', async () => {
    await build({
      root: consumer,
      configFile: false,
      logLevel: 'error',
      ssr: { noExternal: true },
      build: { ssr: 'import-only.js', outDir: 'server' },
    });
    expect(node(['server/import-only.js'], consumer)).toBe('imported\n');
  });
});

test('a run and a follower that nobody closes do not keep Node running', () => {
  expect(node(['left-open.js'], consumer)).toBe('2\n');
});
