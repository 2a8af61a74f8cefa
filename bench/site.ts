import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build, type InlineConfig, preview } from 'vite';
import type { Trace } from './trace.ts';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const rewake = path('../src/index.ts');
// The longer names first: an alias also takes what lies below it.
const alias = {
  'rewake/codecs': path('../src/codecs/index.ts'),
  'rewake/hand-over': path('../src/hand-over/index.ts'),
  'rewake/workflow': path('../src/workflow/index.ts'),
  rewake,
};

const config: InlineConfig = {
  root: path('page'),
  configFile: false,
  logLevel: 'warn',
  resolve: { alias },
  worker: { format: 'es' },
  build: { target: 'es2022', modulePreload: { polyfill: false } },
};

/** What only some workloads need. */
interface Others {
  /** The `src/index.ts` of another commit. */
  readonly against?: string;
  /** What `durablyModules` gives. */
  readonly durably?: Record<string, string> | undefined;
}

/** The page, built as users ship it, on a free port. */
export async function serveSite(
  trace: Trace,
  { against = rewake, durably }: Others = {},
): Promise<{ url: string; close(): Promise<void> }> {
  // A folder of its own, so that two can run at once.
  const outDir = mkdtempSync(join(tmpdir(), 'rewake-bench-site-'));
  const site: InlineConfig = {
    ...config,
    resolve: { alias: { 'rewake-against': against, ...durably, ...alias } },
    build: {
      ...config.build,
      outDir,
      emptyOutDir: true,
      // Both sides of `--against` are imported the same way, though most of the page has one of them already.
      rolldownOptions: {
        checks: { ineffectiveDynamicImport: false },
        // What is not installed is not asked for, either.
        external: durably ? [] : ['@coji/durably', 'sqlocal/kysely', 'zod'],
      },
    },
  };
  await build(site);
  writeFileSync(join(outDir, 'trace.json'), JSON.stringify(trace));
  const server = await preview({
    ...site,
    preview: {
      port: 0,
      // A page on its own may have finer clocks and shared memory, which the probe needs.
      headers: {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      },
    },
  });
  const url = server.resolvedUrls?.local[0];
  if (!url) throw new Error('The page is not served.');
  return {
    url,
    async close() {
      await server.close();
      rmSync(outDir, { recursive: true });
    },
  };
}

/** The bytes of JavaScript that a page pays for `code`: bundled, minified, brotli. */
export async function bytesOf(code: string): Promise<number> {
  const entry = 'virtual:entry';
  const result = await build({
    ...config,
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? code : undefined),
      },
    ],
    build: {
      ...config.build,
      write: false,
      rolldownOptions: { input: entry, preserveEntrySignatures: 'strict' },
    },
  });
  const [output] = [result].flat();
  if (!output || !('output' in output)) throw new Error('vite built nothing.');
  return output.output
    .map((file) => (file.type === 'chunk' ? brotliCompressSync(file.code).length : 0))
    .reduce((sum, bytes) => sum + bytes, 0);
}
