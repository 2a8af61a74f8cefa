import { readdir, readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The files of a built site, by their paths. */
export type Site = ReadonlyMap<string, Buffer>;

const dist = fileURLToPath(new URL('../demo/dist/', import.meta.url));

export async function builtDemo(): Promise<Site> {
  const entries = await readdir(dist, { encoding: 'utf8', recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.replaceAll('\\', '/').replaceAll('//', '/'));
  const files = names.map(
    async (name) => [name.slice(dist.replaceAll('\\', '/').length), await readFile(name)] as const,
  );
  return new Map(await Promise.all(files));
}

/** The same site after a change: a script has another hash, and only that one is there. */
export function nextDeploy(site: Site): Site {
  const script = [...site.keys()].find((name) => /^assets\/index-.*\.js$/.test(name)) ?? '';
  const renamed = script.replace(/index-.*\.js$/, 'index-ofNextDeploy.js');
  const change = (name: string, bytes: Buffer) => {
    if (!name.endsWith('.html') && !name.endsWith('service-worker.js')) return bytes;
    const text = bytes
      .toString()
      .replaceAll(script, renamed)
      .replace('<title>', '<title>The next deploy of ');
    return Buffer.from(text.replace(/(version:.)[0-9a-f]{16}/, '$1ofNextDeploy'));
  };
  return new Map(
    [...site].map(([name, bytes]) => [name === script ? renamed : name, change(name, bytes)] as const),
  );
}

const types: { readonly [extension: string]: string } = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

/** A server whose site can be exchanged, and which can be closed for good. `runs` answers what is asked of `/rewake/`. */
export async function serve(first: Site, runs?: RequestListener) {
  let site = first;
  const server = createServer((request, response) => {
    const { url = '/' } = request;
    if (runs && url.startsWith('/rewake/')) return runs(request, response);
    const name = new URL(url, 'http://localhost').pathname.slice(1) || 'index.html';
    const bytes = site.get(name);
    const headers = {
      'Content-Type': types[extname(name)] ?? 'text/plain',
      // Many hosts let a page get old in the browser's own cache. What else is there offline, that cache must not
      // have kept.
      'Cache-Control': name.endsWith('.html') ? 'max-age=600' : 'no-store',
      // As `vite preview` and many hosts do. To a cache, what the page asks for is then not what was kept.
      Vary: 'Origin',
    };
    if (bytes) response.writeHead(200, headers).end(bytes);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}/`,
    deploy(next: Site) {
      site = next;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
