import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { releaseOf } from '../bench/release.ts';

/** Commits of the history, by their releases. */
export const releases = { '0.1': 'df16c6b', '0.2': '43bc3cc' } as const;

/** Whether the repository has its history. Without it there is no older release to run. */
export const hasHistory: boolean = Object.values(releases).every((commit) => {
  try {
    execFileSync('git', ['cat-file', '-e', `${commit}^{commit}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

/** What an older release exports. */
export async function olderRelease<Api>(release: keyof typeof releases): Promise<Api> {
  const { entry } = releaseOf(releases[release]);
  const folder = mkdtempSync(join(tmpdir(), `rewake-${release}-`));
  try {
    const rolldownOptions = { input: entry, preserveEntrySignatures: 'strict' } as const;
    const built = await build({
      configFile: false,
      logLevel: 'error',
      build: { target: 'es2022', minify: false, write: false, rolldownOptions },
    });
    const [output] = [built].flat();
    const chunk = output && 'output' in output ? output.output[0] : undefined;
    const file = join(folder, 'rewake.mjs');
    writeFileSync(file, chunk?.code ?? '');
    return await import(/* @vite-ignore */ pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
