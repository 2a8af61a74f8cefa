import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

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

test('the counts of workflows and of the outbox are those of the series', () => {
  const page = readFileSync(join(root, 'docs/reliability.md'), 'utf8');
  for (const name of ['workflow-kill', 'outbox']) {
    const [table = ''] = readFileSync(join(root, `e2e/results/${name}.md`), 'utf8')
      .trimEnd()
      .split('\n\n');
    expect(table.split('\n').length).toBeGreaterThan(3);
    expect(page).toContain(`<!-- ${name}:table -->\n${table}\n<!-- /${name}:table -->`);
  }
  const series: { violations: unknown[] }[] = JSON.parse(
    readFileSync(join(root, 'e2e/results/workflow-kill.json'), 'utf8'),
  );
  expect(series.flatMap(({ violations }) => violations)).toEqual([]);
});

/** Without comments, and with no more white space than it needs. */
const plain = (code: string) =>
  code
    .replaceAll(/\/\*.*?\*\//gs, '')
    .replaceAll(/(^|\s)\/\/.*$/gm, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/(?<=\() | (?=\))/g, '')
    .trim();

// docs/api.md, and for what fits a library the page of that library.
describe('the sections of the exports in docs', () => {
  const sections = pages
    .filter((page) => page.startsWith('docs/'))
    .flatMap((page) => readFileSync(join(root, page), 'utf8').split(/^#{1,3} /m))
    .filter((section) => /^`\w+`\n/.test(section));

  test('has a section for each exported name, and for nothing else', () => {
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    // What rewake/conformance exports is in its own section.
    const entries = Object.keys(exports).filter((name) => !/package.json|conformance/.test(name));
    const index = entries
      .map((name) => join('src', name, 'index.ts'))
      .map((path) => readFileSync(join(root, path), 'utf8'))
      .join('\n');
    const exported = [...plain(index).matchAll(/\{(.*?)\}/g)].flatMap(([, names = '']) =>
      names.split(',').flatMap((name) => name.replace('type ', '').trim() || []),
    );
    expect(exported.length).toBeGreaterThan(40);
    const described = sections.map((section) => /^`(\w+)`\n/.exec(section)?.[1]);
    expect(described.sort()).toEqual(exported.sort());
  });

  test('gives each its signature as it is in the sources', () => {
    const sources = readdirSync(join(root, 'src'), { encoding: 'utf8', recursive: true })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => plain(readFileSync(join(root, 'src', path), 'utf8')));
    const signatures = sections.map((section) => /^```typescript\n(.*?)^```/ms.exec(section)?.[1]);
    expect(signatures).not.toContain(undefined);
    const parts = signatures.flatMap((signature = '') => signature.split('\n\n').map(plain));
    expect(parts.filter((part) => !sources.some((source) => source.includes(part)))).toEqual([]);
  });
});

test('every link within a page leads to one of its headings', () => {
  const broken = pages.flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```.*?^```/gms, '');
    const anchors = new Set<string>();
    for (const [, heading = ''] of text.matchAll(/^#+ (.*)$/gm)) {
      // As GitHub makes them.
      const anchor = heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-');
      anchors.add(anchors.has(anchor) ? `${anchor}-1` : anchor);
    }
    const within = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor);
    return within.filter((anchor) => !anchors.has(anchor)).map((anchor) => `${page}#${anchor}`);
  });
  expect(broken).toEqual([]);
});
