import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { compilers, node, resolutions, strict } from './run.ts';

const consumer = inject('consumer');
const files = [
  ...['use.ts', 'use-conformance.ts', 'use-export.ts', 'use-hand-over.ts', 'use-workflow.ts'],
  'must-not-compile.ts',
];

const settings = Object.entries(compilers).flatMap(([compiler, path]) =>
  Object.entries(resolutions).map(([resolution, flags]) => ({ compiler, path, resolution, flags })),
);

test.each(settings)('compiles and runs: $compiler, $resolution', ({ compiler, path, resolution, flags }) => {
  const out = `${compiler} ${resolution}`;
  node([path, ...strict, ...flags, '--outDir', out, ...files], consumer);

  expect(JSON.parse(node([join(out, 'use.js')], consumer))).toEqual({
    backend: 'memory',
    code: 'unavailable',
    head: 3,
    total: 6,
    snapshotSeq: 2,
  });
  expect(node([join(out, 'use-conformance.js')], consumer)).toBe('conforms\n');
  expect(node([join(out, 'use-export.js')], consumer)).toBe('2 undefined 2n 2\n');
  expect(node([join(out, 'use-hand-over.js')], consumer)).toMatch(
    /^2 2\n2 undefined 0 2 This|^2 2\n2 undefined 0 2 The/,
  );
  expect(JSON.parse(node([join(out, 'use-workflow.js')], consumer))).toEqual({ sum: 10, failed: true });
});
