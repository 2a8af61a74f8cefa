import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'bench/README.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
];

const links = pages.flatMap((page) => {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/\[([^\]]+)\]\((?!https?:|#)([^)#]+)\)/g)].map(([, words = '', path = '']) => ({
    page,
    words: words.replaceAll(/\s+/g, ' '),
    file: join(root, dirname(page), path),
  }));
});

test('every link within the repository leads to a file', () => {
  expect(links.length).toBeGreaterThan(50);
  expect(links.filter(({ file }) => !existsSync(file))).toEqual([]);
});

test('every row of the fault matrix names a test by words that are in the file it leads to', () => {
  const rows = links.filter(({ page, words, file }) => {
    const named = page === 'docs/reliability.md' && /\.(spec|test|cases)\.ts$|fault-cases/.test(file);
    return named && !words.startsWith('`');
  });
  expect(rows.length).toBeGreaterThan(40);
  expect(rows.filter(({ words, file }) => !readFileSync(file, 'utf8').includes(words))).toEqual([]);
});

test('the counts of kills are those of the long series', () => {
  const [table = ''] = readFileSync(join(root, 'e2e/results/kill.md'), 'utf8').split('\n\n');
  expect(table.split('\n').length).toBeGreaterThan(6);
  expect(readFileSync(join(root, 'docs/reliability.md'), 'utf8')).toContain(table);

  const kills: { kills: number; acknowledged: number; violations: unknown[] }[] = JSON.parse(
    readFileSync(join(root, 'e2e/results/kill.json'), 'utf8'),
  );
  const sum = (name: 'kills' | 'acknowledged') =>
    kills.reduce((total, kind) => total + kind[name], 0).toLocaleString('en');
  const readme = readFileSync(join(root, 'README.md'), 'utf8').replaceAll(/\s+/g, ' ');
  expect(readme).toContain(
    `killed ${sum('kills')} times; of ${sum('acknowledged')} acknowledged events none was`,
  );
  expect(kills.flatMap(({ violations }) => violations)).toEqual([]);
});
