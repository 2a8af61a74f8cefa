import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { expect, inject, test } from 'vitest';
import { entries, manifest, node, root, run } from './run.ts';

test('holds the build and the papers, and nothing stale', () => {
  const sources = readdirSync(join(root, 'src'), { encoding: 'utf8', recursive: true });
  const declarations = sources
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `dist/${path.replace(/\.ts$/, '.d.ts')}`);
  const shared = inject('packedFiles').filter((path) => /^dist\/shared\/\w[\w-]*\.js$/.test(path));
  const bundles = [...entries.map((name) => `dist/${name}.js`), ...shared];
  // One that only passes on the names of others has none.
  const isMapped = (path: string) => readFileSync(join(root, path), 'utf8').includes('//# sourceMappingURL=');
  const maps = bundles.filter(isMapped).map((path) => `${path}.map`);
  const papers = [
    ...['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'],
    ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
    ...['bench/README.md', 'bench/results/chart.svg', 'bench/results/latest.md', 'bench/results/postgres.md'],
  ];
  expect([...inject('packedFiles')].sort()).toEqual([...declarations, ...bundles, ...maps, ...papers].sort());
});

test('every relative link and image of its README leads to a file in it', () => {
  const packed = run('tar', ['-xzOf', inject('tarball'), 'package/README.md'], root);
  const links = [...packed.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)|(?:src|href)="(?!https?:|#)([^"#]+)/g)];
  const paths = links.map(([, inMarkdown, inHtml]) => inMarkdown ?? inHtml);
  expect(paths.length).toBeGreaterThan(5);
  expect(paths.filter((path) => path && !inject('packedFiles').includes(path))).toEqual([]);
});

test('its declarations name no file that is not in it', () => {
  const declarations = inject('packedFiles').filter((path) => path.endsWith('.d.ts'));
  for (const path of declarations) {
    expect(readFileSync(join(root, path), 'utf8'), path).not.toMatch(/['"]\.[^'"\n]*\.ts['"]/);
  }
});

test('its source maps bring the sources along', () => {
  const maps = inject('packedFiles').filter((path) => path.endsWith('.js.map'));
  expect(maps).not.toEqual([]);
  for (const path of maps) {
    const { sources, sourcesContent } = JSON.parse(readFileSync(join(root, path), 'utf8'));
    for (const [i, source] of sources.entries()) {
      const folder = join(root, path, '..');
      expect(sourcesContent[i], `${path}: ${source}`).toBe(readFileSync(join(folder, source), 'utf8'));
    }
  }
});

test('publint finds nothing to say', async () => {
  const tarball = new Uint8Array(readFileSync(inject('tarball'))).buffer;
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

test('the types are not wrong', () => {
  const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  node([attw, inject('tarball'), '--profile', 'esm-only'], root);
});

test('needs idb alone, has no side effects and runs nothing when it is installed', () => {
  expect(Object.keys(manifest.dependencies)).toEqual(['idb']);
  const { peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
  expect(peerDependenciesMeta).toEqual(
    Object.fromEntries(Object.keys(peerDependencies).map((name) => [name, { optional: true }])),
  );
  expect(manifest).not.toHaveProperty('optionalDependencies');
  expect(manifest.sideEffects).toBe(false);
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
    expect(manifest.scripts).not.toHaveProperty(script);
  }
});

test('the lock file names no registry, and the packages for every platform', () => {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  // A folder of the repository is none.
  expect(lock).not.toMatch(/"resolved": "(?!file:test\/)/);

  // npm forgets those for other platforms when it updates a lock file, and npm ci then fails everywhere.
  const packages: Record<string, { optionalDependencies?: object } | undefined> = JSON.parse(lock).packages;
  const optional = Object.values(packages).flatMap((locked) =>
    Object.keys(locked?.optionalDependencies ?? {}),
  );
  expect(optional.filter((name) => !packages[`node_modules/${name}`])).toEqual([]);
});
