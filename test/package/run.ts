import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

interface Manifest {
  readonly exports: Record<string, unknown>;
  readonly scripts: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, object>;
  readonly sideEffects: boolean;
}
export const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** `index`, `export/index`, `workflow/index`, … */
export const entries: string[] = Object.keys(manifest.exports)
  .filter((name) => name !== './package.json')
  .map((name) => posix.join(name, 'index'));

/** What the program printed. Throws with everything that it printed where it failed. */
export function run(command: string, args: readonly string[], cwd: string): string {
  // On Windows npm is a .cmd file, which only a shell can start.
  const shell = process.platform === 'win32' && command === 'npm';
  const options = { cwd, shell, encoding: 'utf8', timeout: 50_000 } as const;
  const { status, error, stdout, stderr } = spawnSync(command, args, options);
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')}\n${error ?? ''}\n${stdout}\n${stderr}`);
  }
  return stdout;
}

export const node = (args: readonly string[], cwd: string): string => run(process.execPath, args, cwd);

const attw = createRequire(createRequire(import.meta.url).resolve('@arethetypeswrong/cli/package.json'));

export const compilers = {
  'TypeScript 7': join(root, 'node_modules/typescript/bin/tsc'),
  // Are-the-types-wrong brings a copy of its own.
  'TypeScript 5.6': createRequire(attw.resolve('@arethetypeswrong/core')).resolve('typescript/lib/tsc.js'),
  // The oldest that has `lib.esnext.disposable`, which the types of a run need.
  'TypeScript 5.2': join(root, 'node_modules/typescript-5.2/lib/tsc.js'),
};

export const resolutions = {
  nodenext: ['--module', 'nodenext'],
  bundler: ['--module', 'esnext', '--moduleResolution', 'bundler'],
};

/** As strict as a consumer can be. */
export const strict = [
  ...['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'],
  ...['--skipLibCheck', 'false', '--target', 'es2022', '--lib', 'es2022,dom,dom.iterable'],
];
