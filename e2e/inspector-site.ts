import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** As strict as a page can be that still has scripts and styles of its own. */
const POLICY =
  "default-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/** A page with the inspector, under a strict policy, on an origin of its own. */
export async function serveInspector(): Promise<{ readonly url: string; close(): void }> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      modulePreload: { polyfill: false },
      lib: { entry: path('pages/inspector.ts'), formats: ['es'] },
    },
  });
  const [output] = [built].flat();
  if (!output || !('output' in output)) throw new Error('Nothing was built.');
  const files: { readonly [name: string]: readonly [type: string, content: string | Buffer] } = {
    '/': ['text/html', await readFile(path('pages/inspector.html'))],
    '/inspector.css': ['text/css', await readFile(path('pages/inspector.css'))],
    '/inspector.js': ['text/javascript', output.output[0].code],
    '/favicon.svg': ['image/svg+xml', await readFile(path('../demo/public/favicon.svg'))],
  };
  const server = createServer(({ url = '/' }, response) => {
    const [type, content] = files[url] ?? [];
    response.writeHead(content ? 200 : 404, {
      'Content-Type': `${type}; charset=utf-8`,
      'Content-Security-Policy': POLICY,
    });
    response.end(content);
  });
  await new Promise<void>((listening) => server.listen(0, listening));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
