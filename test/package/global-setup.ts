import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { manifest, root, run } from './run.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** What `npm publish` would upload. */
    tarball: string;
    /** The paths in it. */
    packedFiles: string[];
    /** A folder with the tarball installed, and with the files of `./consumer` in it. */
    consumer: string;
  }
}

/** Packs the package and installs it, once for all tests. */
export function setup(project: TestProject): () => void {
  if (!existsSync(join(root, 'dist'))) throw new Error('There is no dist folder: run `npm run build` first.');
  const folder = mkdtempSync(join(tmpdir(), 'rewake-package-'));
  const consumer = join(folder, 'consumer');
  mkdirSync(consumer);
  cpSync(join(root, 'test/package/consumer'), consumer, { recursive: true });
  writeFileSync(join(consumer, 'package.json'), '{ "private": true, "type": "module" }');

  // With its dependency packed too, it can be installed without a network.
  const packed = run(
    'npm',
    ['pack', '.', './node_modules/idb', '--json', '--pack-destination', folder],
    root,
  );
  const [rewake, idb]: { filename: string; files: { path: string }[] }[] = JSON.parse(packed);
  if (!rewake || !idb) throw new Error(`npm pack made something unexpected: ${packed}`);
  run('npm', ['install', '--offline', `../${rewake.filename}`, `../${idb.filename}`], consumer);

  // The integrations' libraries are those of the repository, and so are those that the samples use beside them.
  const samples = ['@electric-sql/pglite', '@langchain/langgraph', '@xstate/store'];
  const peers = [...Object.keys(manifest.peerDependencies ?? {}), ...samples];
  for (const name of peers.flatMap((name) => [name, `@types/${name}`])) {
    const installed = join(root, 'node_modules', name);
    const link = join(consumer, 'node_modules', name);
    if (!existsSync(installed)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(installed, link, 'junction');
  }

  project.provide('tarball', join(folder, rewake.filename));
  project.provide(
    'packedFiles',
    rewake.files.map(({ path }) => path),
  );
  project.provide('consumer', consumer);
  return () => rmSync(folder, { recursive: true });
}
