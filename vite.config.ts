import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin, UserConfig } from 'vite';
import { defineConfig } from 'vitest/config';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const alias = { 'rewake/conformance': path('src/conformance/index.ts'), rewake: path('src/index.ts') };

/** Writes the declarations beside the bundles. */
const declarations: Plugin = {
  name: 'declarations',
  writeBundle() {
    execFileSync(process.execPath, [path('node_modules/typescript/bin/tsc'), '-p', path('src')], {
      stdio: 'inherit',
    });
    const files = readdirSync(path('dist'), { encoding: 'utf8', recursive: true });
    for (const file of files.filter((name) => name.endsWith('.d.ts'))) {
      const declaration = join(path('dist'), file);
      // tsc leaves `./errors.ts` in them, which means a file that is not published.
      const text = readFileSync(declaration, 'utf8');
      writeFileSync(declaration, text.replace(/(['"]\.[^'"\n]*)\.ts(?=['"])/g, '$1.js'));
    }
  },
};

/** The first half of `npm run build`: the package. */
const library: UserConfig = {
  plugins: [declarations],
  build: {
    target: 'es2022',
    sourcemap: true,
    minify: false,
    lib: {
      entry: { index: path('src/index.ts'), 'conformance/index': path('src/conformance/index.ts') },
      formats: ['es'],
    },
    rolldownOptions: { external: ['idb'] },
  },
};

/** `npm start` and the second half of `npm run build`: the demo, as static files with relative paths. */
const demo: UserConfig = {
  root: path('demo'),
  base: './',
  resolve: { alias },
  build: { target: 'es2022', sourcemap: true },
  worker: { format: 'es' },
  server: {
    // Vite would try to open a browser on a machine without a desktop, too.
    open: process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY),
  },
};

export default defineConfig(({ mode }) => ({
  ...(mode === 'demo' ? demo : library),
  test: {
    projects: [
      {
        resolve: { alias },
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/package/**'] },
      },
      {
        // Needs `npm run build`: tests what a user of the package gets.
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          globalSetup: 'test/package/global-setup.ts',
          testTimeout: 60_000,
        },
      },
    ],
  },
}));
