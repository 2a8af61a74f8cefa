import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { say } from './workloads/workload.ts';

// `@coji/durably` is not among this project's packages: it depends on better-sqlite3, which is built natively. A page
// needs none of that: there it is over SQLite in WASM, which keeps its file in OPFS.

export const durablyVersions = {
  '@coji/durably': '0.15.0',
  sqlocal: '0.18.0',
  '@sqlite.org/sqlite-wasm': '3.51.2-build9',
  kysely: '0.27.6',
  zod: '4.6.7',
};

/** Git ignores it. */
const folder = fileURLToPath(new URL('.cache/durably', import.meta.url));

/** Where its modules are, for the bundler; installs them first if need be. `undefined`, having said why, if it cannot. */
export function durablyModules(): Record<string, string> | undefined {
  if (!isInstalled()) install();
  if (!isInstalled()) {
    say('npm could not install @coji/durably (see above): it is left out.');
    return undefined;
  }
  const file = (path: string) => join(folder, 'node_modules', path);
  return {
    '@coji/durably': file('@coji/durably/dist/index.js'),
    'sqlocal/kysely': file('sqlocal/dist/kysely/index.js'),
    zod: file('zod/index.js'),
  };
}

function isInstalled(): boolean {
  return Object.entries(durablyVersions).every(([name, version]) => {
    const manifest = join(folder, 'node_modules', name, 'package.json');
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version;
  });
}

function install(): void {
  say(`installing @coji/durably into ${folder}, which git ignores`);
  const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--omit=optional'];
  options.push('--legacy-peer-deps', '--no-audit', '--no-fund', '--prefix', folder);
  const packages = Object.entries(durablyVersions).map(([name, version]) => `${name}@${version}`);
  // On Windows npm is a .cmd file, which only a shell can start.
  const shell = process.platform === 'win32';
  spawnSync('npm', ['install', ...options, ...packages], { stdio: 'inherit', shell, timeout: 300_000 });
}
