import { fileURLToPath } from 'node:url';
import type { UserConfig } from 'vite';
import { defineConfig } from 'vitest/config';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const alias = { 'rewake/conformance': path('src/conformance/index.ts'), rewake: path('src/index.ts') };

/** `npm run build`: the package. Its types come from `tsc -p src`. */
const library: UserConfig = {
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
    open: process.platform !== 'linux' || Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']),
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
        test: { name: 'package', include: ['test/package/**/*.test.ts'], testTimeout: 120_000 },
      },
    ],
  },
}));
