import { createRequire } from 'node:module';
import { expect, inject, test } from 'vitest';
import { run } from './run.ts';

const jest = createRequire(import.meta.url).resolve('jest/bin/jest');

test('rewake/testing works in Jest', () => {
  const config = JSON.stringify({
    rootDir: inject('consumer'),
    testMatch: ['**/in-jest.test.js'],
    transform: {},
  });
  const args = ['--experimental-vm-modules', jest, '--config', config, '--json', '--watchman=false'];
  const { numPassedTests, numTotalTests } = JSON.parse(run(process.execPath, args, inject('consumer')));
  expect([numPassedTests, numTotalTests]).toEqual([3, 3]);
});
