import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, inject, test } from 'vitest';
import { compilers, node, resolutions, root, strict } from './run.ts';

// Every ```ts block of README.md and of docs has to compile and, unless it is marked `no-run`, to print exactly what its
// comments say: `console.log(x); // → 42`. A ```tsx block only has to compile.

const consumer = inject('consumer');
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)];
const blocks = pages
  .filter((page) => page.endsWith('.md'))
  .flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8');
    return [...text.matchAll(/^```(tsx?)( no-run)?\n(.*?)^```$/gms)].map((block) => ({
      name: `${page.replace(/\W+/g, '-')}-line-${text.slice(0, block.index).split('\n').length}`,
      type: block[1],
      runs: block[1] === 'ts' && !block[2],
      code: block[3] ?? '',
    }));
  });
const fakeIndexedDb = pathToFileURL(createRequire(import.meta.url).resolve('fake-indexeddb/auto')).href;
/** A Service Worker's `sync` event, which comes as soon as somebody listens. */
const sync = `globalThis.addEventListener = (type, listener) => {
  if (type === 'sync') listener({ waitUntil: (work) => work });
};`;
const imported = (code: string) => ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
const platform = ['--import', fakeIndexedDb, ...imported(sync)];

test('README.md has samples, and all of them compile', () => {
  expect(blocks).toContainEqual(expect.objectContaining({ name: expect.stringContaining('README') }));
  for (const { name, type, code } of blocks) writeFileSync(join(consumer, `${name}.${type}`), code);
  const files = blocks.map(({ name, type }) => `${name}.${type}`);
  // The types of some libraries that rewake fits have errors of their own.
  const lax = ['--skipLibCheck', 'true', '--jsx', 'react-jsx'];
  const options = [
    ...strict,
    ...lax,
    ...resolutions.nodenext,
    '--moduleDetection',
    'force',
    '--outDir',
    'readme',
  ];
  node([compilers['TypeScript 7'], ...options, ...files], consumer);
});

test.each(blocks.filter(({ runs }) => runs))('$name prints what it says', ({ name, code }) => {
  const printed = node([...platform, `readme/${name}.js`], consumer);
  const stated = [...code.matchAll(/console\.log\(.*\/\/ → (.*)$/gm)].map((line) => `${line[1]}\n`);
  expect(printed).toBe(stated.join(''));
});

/** Another `sync` event after one whose promise has rejected. */
const syncAgain = `globalThis.addEventListener = (type, listener) => {
  const dispatch = (next) =>
    listener({ waitUntil: (work) => work.catch((error) => { console.log(error.message); next?.(); }) });
  if (type === 'sync') dispatch(dispatch);
};`;

test('the Service Worker lets go of the run if it cannot send, and the next sync goes on with that file', () => {
  const { name = '' } = blocks.find(({ code }) => code.includes("addEventListener('sync'")) ?? {};
  const sample = readFileSync(join(consumer, `readme/${name}.js`), 'utf8');
  const failing = sample.replace(
    /const send = .*/,
    `const send = async (file) => {
      console.log('sends', file);
      if (file === 'b.png' && !globalThis.failed) throw new Error(globalThis.failed = 'no network');
    };`,
  );
  expect(failing).not.toBe(sample);
  writeFileSync(join(consumer, 'readme/failing-send.js'), failing);
  const printed = node(
    ['--import', fakeIndexedDb, ...imported(syncAgain), 'readme/failing-send.js'],
    consumer,
  );
  expect(printed.trim().split('\n')).toEqual([
    'sends a.png',
    'sends b.png',
    'no network',
    'sends b.png',
    'a.png b.png',
  ]);
});
