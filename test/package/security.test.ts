import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'vite';
import { describe, expect, test } from 'vitest';
import { root } from './run.ts';

/** What makes a script or HTML of a string. */
const sinks = [
  ...['eval', 'Function', 'javascript:', 'document.write', 'document.writeln', 'DOMParser'],
  ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'srcdoc', 'createContextualFragment'],
  ...['setHTML', 'setHTMLUnsafe', 'parseHTML', 'parseHTMLUnsafe'],
];
/** What sends or loads something. */
const network = [
  ...[
    'fetch',
    'fetchLater',
    'XMLHttpRequest',
    'sendBeacon',
    'import()',
    'importScripts',
    'Worker',
    'SharedWorker',
  ],
  ...[
    'WebSocket',
    'WebSocketStream',
    'EventSource',
    'WebTransport',
    'RTCPeerConnection',
    'Image',
    'createElement',
  ],
];

/** Those of `names` that the code uses, as identifiers or, as in `window['eval']`, as strings. */
function used(names: readonly string[], code: string, file = 'code.ts'): string[] {
  const { program, errors } = parseSync(file, code);
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`);
  const all = new Set(namesIn(program));
  return names.filter((name) => all.has(name));
}

function* namesIn(node: unknown): Generator<string> {
  if (typeof node !== 'object' || node === null) return;
  const { type, name, value, object, property } = Object(node);
  if (type === 'Identifier') yield name;
  if (type === 'ImportExpression') yield 'import()';
  if (type === 'MemberExpression') yield `${object.name}.${property.name ?? property.value}`;
  const text = type === 'TemplateElement' ? value.cooked : value;
  if (typeof text === 'string') yield /^\s*javascript:/i.test(text) ? 'javascript:' : text;
  for (const child of Object.values(node)) yield* namesIn(child);
}

const scriptsIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { encoding: 'utf8', recursive: true })
    .filter((path) => /\.(ts|js)$/.test(path) && !path.includes('dist') && !path.endsWith('.d.ts'))
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`);

const library = [...scriptsIn('src'), ...scriptsIn('dist'), 'node_modules/idb/build/index.js'];
const demo = [...scriptsIn('demo'), ...scriptsIn('demo/dist')];

describe('what is looked for is found', () => {
  test.each([
    ['eval', "eval('1')"],
    ['eval', "(0, globalThis['eval'])('1')"],
    ['eval', 'const { eval: run } = window;'],
    ['Function', "new Function('return 1')()"],
    ['javascript:', "link.href = ' JavaScript:alert(1)'"],
    ['javascript:', 'link.href = `javascript:alert(1)`'],
    ['document.write', "document.write('<b>')"],
    ['document.writeln', "document['writeln']('<b>')"],
    ['innerHTML', "element.innerHTML = '<b>'"],
    ['innerHTML', "element?.['innerHTML']"],
    ['insertAdjacentHTML', "element.insertAdjacentHTML('beforeend', '<b>')"],
    ['srcdoc', "frame.setAttribute('srcdoc', '<b>')"],
    ['setHTMLUnsafe', 'root.setHTMLUnsafe(html as string)'],
    ['fetch', 'await fetch(url)'],
    ['fetch', 'globalThis[`fetch`](url)'],
    ['import()', "await import('https://elsewhere.invalid')"],
    ['sendBeacon', 'navigator.sendBeacon(url)'],
    ['WebSocket', 'new WebSocket(url)'],
    ['createElement', "document.createElement('img').src = url"],
  ])('%s in %s', (name, code) => {
    expect(used([...sinks, ...network], code)).toContain(name);
  });

  test('but not in comments', () => {
    expect(used(sinks, '/** eval */ const code = 1; // innerHTML')).toEqual([]);
  });

  test('in files of each kind', () => {
    for (const file of ['src/index.ts', 'dist/index.js', 'dist/conformance/index.js', 'dist/export/index.js'])
      expect(library).toContain(file);
    for (const file of [/^demo\/main\.ts$/, /^demo\/dist\/assets\/index-.*\.js$/])
      expect(demo).toContainEqual(expect.stringMatching(file));
  });
});

test('neither the library nor the demo makes a script or HTML of a string', () => {
  const found = [...library, ...demo].flatMap((file) =>
    used(sinks, readFileSync(join(root, file), 'utf8'), file).map((name) => `${file}: ${name}`),
  );
  expect(found).toEqual([]);
});

test('the library knows nobody to send anything to; rewake/http alone can, by fetch', () => {
  const found = library.flatMap((file) =>
    used(network, readFileSync(join(root, file), 'utf8'), file).map((name) => `${file}: ${name}`),
  );
  const allowed = [
    // It sends to the `url` that it is given.
    'src/http/http-client.ts: fetch',
    'dist/http/index.js: fetch',
    // It is made of elements; see below.
    'src/inspector/dom.ts: createElement',
    'dist/inspector/index.js: createElement',
  ];
  expect(found.sort()).toEqual(allowed.sort());
});

test('the inspector makes no element that loads anything', () => {
  const dom = readFileSync(join(root, 'src/inspector/dom.ts'), 'utf8');
  const [, union = ''] = /type Tag =(.*?);/s.exec(dom) ?? [];
  const tags = [...union.matchAll(/'(\w+)'/g)].map(([, tag]) => tag);
  expect(tags.length).toBeGreaterThan(10);
  const loading = [
    'audio',
    'base',
    'embed',
    'frame',
    'iframe',
    'image',
    'img',
    'link',
    'meta',
    'object',
    'script',
  ];
  const others = ['source', 'style', 'svg', 'template', 'track', 'video'];
  expect(tags.filter((tag = '') => [...loading, ...others].includes(tag))).toEqual([]);
  // One call, whose argument is of that type.
  expect(dom.match(/createElement\(.*?\)/g)).toEqual(['createElement(tag)']);
});

interface Locked {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
  readonly peer?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: object;
  readonly optionalDependencies?: object;
  readonly peerDependencies?: object;
}

describe('the supply chain', () => {
  const packages: Record<string, Locked> = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  ).packages;

  test('is idb, which needs nothing itself', () => {
    // The libraries that an integration fits are optional peers, which nobody gets unasked.
    const isLeftOut = ({ dev, devOptional, optional, peer }: Locked = {}) =>
      dev || devOptional || (optional && peer);
    expect(Object.keys(packages).filter((path) => path !== '' && !isLeftOut(packages[path]))).toEqual([
      'node_modules/idb',
    ]);
    const { dependencies, optionalDependencies, peerDependencies } = packages['node_modules/idb'] ?? {};
    expect([dependencies, optionalDependencies, peerDependencies]).toEqual([undefined, undefined, undefined]);
  });

  test('runs nothing when it is installed; of the tools, two look for their own binaries', () => {
    expect(Object.keys(packages).filter((path) => packages[path]?.hasInstallScript)).toEqual([
      'node_modules/@parcel/watcher', // of Jest
      'node_modules/workerd',
    ]);
    for (const file of ['package.json', 'node_modules/idb/package.json']) {
      const { scripts = {} } = JSON.parse(readFileSync(join(root, file), 'utf8'));
      const names = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare'];
      expect(names.filter((name) => name in scripts)).toEqual([]);
    }
  });
});
