import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// Imports flow one way: contracts ← errors ← recovery, backends, serialization ← run ← export, hand-over, workflow ← integrations.
// Types count as well.

const source = fileURLToPath(new URL('../src', import.meta.url));

/** What each folder may import beside itself. */
const allowed: Record<string, readonly string[]> = {
  contracts: [],
  errors: ['contracts'],
  recovery: ['contracts', 'errors'],
  backends: ['contracts', 'errors'],
  run: ['contracts', 'errors', 'recovery', 'backends'],
  serialization: ['contracts', 'errors'],
  codecs: ['contracts', 'errors', 'serialization'],
  http: ['contracts', 'errors', 'backends', 'serialization'],
  export: ['contracts', 'errors', 'backends', 'run', 'serialization'],
  'hand-over': ['contracts', 'errors', 'backends', 'run', 'serialization'],
  storage: ['errors'],
  postgres: ['contracts', 'errors', 'backends', 'serialization'],
  sqlite: ['contracts', 'errors', 'backends', 'serialization'],
  workflow: ['contracts', 'errors', 'recovery', 'backends', 'run'],
  react: ['run', 'workflow'],
  redux: ['run'],
  zustand: ['errors', 'run'],
  langgraph: ['contracts', 'errors', 'recovery', 'run'],
  xstate: ['errors', 'recovery', 'run'],
  yjs: ['errors', 'run', 'workflow'],
  // It lists, watches and deletes runs as an application does, and owns none.
  inspector: ['contracts', 'errors', 'recovery', 'backends', 'run', 'serialization', 'export', 'workflow'],
  conformance: ['contracts', 'errors', 'recovery'],
  testing: ['contracts', 'errors', 'backends', 'run', 'workflow'],
};

const files = readdirSync(source, { encoding: 'utf8', recursive: true })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll(sep, '/'));

const importsOf = (file: string): string[] =>
  [...readFileSync(join(source, file), 'utf8').matchAll(/(?:from|import) '(\.[^']*)'/g)].map(
    ([, path = '']) => posix.normalize(posix.join(posix.dirname(file), path)),
  );

const folderOf = (file: string): string => file.split('/')[0] ?? '';

test('every file is in a folder that has a place in the order, or is index.ts', () => {
  expect(files.filter((file) => !file.includes('/'))).toEqual(['index.ts']);
  expect(new Set(files.filter((file) => file.includes('/')).map(folderOf))).toEqual(
    new Set(Object.keys(allowed)),
  );
});

test('no file imports against the order, and none imports index.ts', () => {
  const wrong = files
    .filter((file) => file !== 'index.ts')
    .flatMap((file) => {
      const may = [folderOf(file), ...(allowed[folderOf(file)] ?? [])];
      return importsOf(file)
        .filter((path) => !path.includes('/') || !may.includes(folderOf(path)))
        .map((path) => `${file} imports ${path}`);
    });
  expect(wrong).toEqual([]);
});

test('there is no circle', () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
    if (done.has(file) || path.includes(file)) return;
    for (const next of importsOf(file)) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});

test('the checks see imports at all', () => {
  expect(importsOf('run/open-run.ts')).toContain('recovery/recover.ts');
  expect(files.flatMap(importsOf).length).toBeGreaterThan(100);
});
