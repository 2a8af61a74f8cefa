import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'vite';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { entries, manifest, root } from './run.ts';

// What a page pays: bundled with idb, without the library that an integration is for, minified and compressed with brotli.
// 1 kB is 1000 bytes.
const bundles = [
  { name: 'snapshot-store', code: "export { IndexedDbSnapshotStore } from 'rewake';", budget: 5.15 },
  { name: 'all', code: "export * from 'rewake';", budget: 14.3 },
];

/** What each further export may add to all of `rewake`. */
const budgets: Record<string, number> = {
  codecs: 3.05,
  export: 4.1,
  'hand-over': 2.85,
  http: 6.7,
  react: 5,
  inspector: 17.6,
  redux: 1.75,
  storage: 0.5,
  langgraph: 2.25,
  xstate: 1.45,
  yjs: 0.55,
  postgres: 4.65,
  sqlite: 4.15,
  workflow: 4.9,
  zustand: 1.75,
};
const peers = Object.keys(manifest.peerDependencies ?? {});

test('every export that an application uses has a budget', () => {
  const names = entries.map((entry) => entry.replace('/index', ''));
  const tools = ['index', 'conformance', 'testing'];
  expect(names.filter((name) => !tools.includes(name)).sort()).toEqual(Object.keys(budgets).sort());
});

test.each(Object.entries(budgets))(
  'rewake/%s adds at most %f kB, and what README.md says',
  async (name, budget) => {
    const all = "export * from 'rewake';";
    const kB =
      (await measure(name, `${all} export * from 'rewake/${name}';`)) - (await measure(`no-${name}`, all));
    expect(kB).toBeLessThanOrEqual(budget);
    expectStated(name, kB);
  },
);

test('the bridge to Redux DevTools comes without the panel', async () => {
  const all = "export * from 'rewake';";
  const bridge = `${all} export { showInReduxDevTools } from 'rewake/inspector';`;
  expect((await measure('bridge', bridge)) - (await measure('no-bridge', all))).toBeLessThanOrEqual(0.35);
});

describe.each(bundles)('$name', ({ name, code, budget }) => {
  let kB: number;
  beforeAll(async () => {
    kB = await measure(name, code);
  });

  test(`fits in ${budget} kB`, () => {
    expect(kB).toBeLessThanOrEqual(budget);
  });

  test('is as large as README.md says', () => {
    expectStated(name, kB);
  });
});

/** To a tenth of a kB: a few bytes come and go with the order in which a bundler puts the same code. */
function expectStated(name: string, kB: number): void {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const stated = new RegExp(`<!-- size:${name} -->(\\d+\\.\\d) kB<!-- /size -->`).exec(readme)?.[1];
  expect(
    Math.abs(Number(stated) - kB),
    `${name} has ${kB.toFixed(2)} kB; README.md says ${stated}`,
  ).toBeLessThan(0.1);
}

async function measure(name: string, code: string): Promise<number> {
  const consumer = inject('consumer');
  const entry = join(consumer, `size-${name}.js`);
  writeFileSync(entry, code);
  const result = await build({
    root: consumer,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2022',
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: entry,
        preserveEntrySignatures: 'strict',
        external: (id) => peers.some((peer) => id === peer || id.startsWith(`${peer}/`)),
      },
    },
  });
  const [output] = [result].flat();
  if (!output || !('output' in output)) throw new Error('vite built nothing.');
  expect(output.output).toHaveLength(1);
  return brotliCompressSync(output.output[0].code).length / 1000;
}
