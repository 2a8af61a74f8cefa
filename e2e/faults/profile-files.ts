import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The files in which a browser keeps IndexedDB. */
export async function filesOf(profile: string): Promise<{ path: string; size: number }[]> {
  const entries = await readdir(profile, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => /\.indexeddb\.|storage\/default\/.*\/idb\//.test(path.replaceAll('\\', '/')));
  return Promise.all(paths.map(async (path) => ({ path, size: (await stat(path)).size })));
}
