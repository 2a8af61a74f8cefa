import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin, type UserConfig } from 'vite';
import { defineConfig } from 'vitest/config';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
/** What the package exports is listed once, in package.json. */
const manifest: {
  exports: Record<string, object | string>;
  dependencies: object;
  peerDependencies?: object;
} = JSON.parse(readFileSync(path('package.json'), 'utf8'));
/** `index`, `export/index`, `workflow/index`, … */
const entries = Object.keys(manifest.exports)
  .filter((name) => name !== './package.json')
  .map((name) => posix.join(name, 'index'));
const external = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });

// The longer name first: an alias also takes what lies below it.
const alias = Object.fromEntries(
  entries.toReversed().map((entry) => [posix.join('rewake', entry, '..'), path(`src/${entry}.ts`)]),
);

const react18 = Object.fromEntries(
  ['react-dom', 'react'].map((name) => [name, path(`node_modules/react-18/node_modules/${name}`)]),
);

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
      entry: Object.fromEntries(entries.map((entry) => [entry, path(`src/${entry}.ts`)])),
      formats: ['es'],
    },
    // The entries need some of the same code.
    rolldownOptions: {
      external: (id) => external.some((name) => id === name || id.startsWith(`${name}/`)),
      output: { chunkFileNames: 'shared/[name].js' },
    },
  },
};

/** Builds the demo's Service Worker, under a name that never changes, with a list of all the other files in it. */
const serviceWorker: Plugin = {
  name: 'service-worker',
  apply: 'build',
  async writeBundle({ dir = '' }) {
    const names = readdirSync(dir, { encoding: 'utf8', recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
      .map((entry) => relative(dir, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
      .sort();
    const hash = createHash('sha256');
    for (const name of names) hash.update(name).update(readFileSync(join(dir, name)));
    const version = hash.digest('hex').slice(0, 16);
    // As a visitor asks for it.
    const files = names.map((name) => (name === 'index.html' ? './' : name));
    await build({
      configFile: false,
      logLevel: 'warn',
      resolve: { alias },
      define: { SITE: JSON.stringify({ version, files }) },
      build: {
        target: 'es2022',
        sourcemap: true,
        outDir: dir,
        emptyOutDir: false,
        copyPublicDir: false,
        rolldownOptions: {
          input: path('demo/service-worker.ts'),
          // Every browser takes a classic script for a Service Worker; not every one takes a module.
          output: { format: 'iife', entryFileNames: 'service-worker.js' },
        },
      },
    });
  },
};

/** `npm start` and the second half of `npm run build`: the demo, as static files with relative paths. */
const demo: UserConfig = {
  root: path('demo'),
  plugins: [serviceWorker],
  base: './',
  resolve: { alias },
  build: {
    target: 'es2022',
    sourcemap: true,
    // A browser that preloads no modules loads them a little later.
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { index: path('demo/index.html'), agent: path('demo/agent.html') } },
  },
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
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/package/**', 'test/runtimes/**'],
          testTimeout: 30_000,
        },
      },
      {
        // The same tests with the other React: `react-18` has it, and a react-dom that finds it.
        resolve: { alias: { ...react18, ...alias } },
        test: {
          name: 'unit-react-18',
          include: ['test/react.test.ts'],
          env: { REACT: '18' },
          testTimeout: 30_000,
        },
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
      {
        // For `npm run test:runtimes`, which installs what they need.
        test: {
          name: 'runtimes',
          include: ['test/runtimes/**/*.test.ts'],
          testTimeout: 300_000,
        },
      },
    ],
  },
}));
