import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The sources of a commit, beside those of today. */
export interface Release {
  /** The full name of the commit. */
  readonly commit: string;
  /** What its `package.json` says. */
  readonly version: string;
  /** Its `src/index.ts`. */
  readonly entry: string;
}

const git = (...args: string[]) => execFileSync('git', args, { cwd: root, maxBuffer: 2 ** 28 });

/** Takes the library of `commit` out of the repository's history; its imports find the packages of today. */
export function releaseOf(name: string): Release {
  const commit = String(
    git('rev-parse', '--quiet', '--verify', '--end-of-options', `${name}^{commit}`),
  ).trim();
  // Below node_modules: there its imports find packages, and no test, linter or commit finds it.
  const folder = `${root}node_modules/.rewake/${commit}`;
  mkdirSync(folder, { recursive: true });
  const archive = git('archive', commit, 'package.json', 'src');
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  const { version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  return { commit, version: String(version), entry: `${folder}/src/index.ts` };
}

/** The commit that is checked out, and whether the sources have been changed since. */
export function describeSources(): string {
  const changed = String(git('status', '--porcelain', '--', 'src')).trim() !== '';
  return String(git('rev-parse', '--short=7', 'HEAD')).trim() + (changed ? ' with changes' : '');
}
