// npm run example:server
//
// PORT (5180 by default; 0 for any that is free), TOKEN (random by default), DATA (a folder for the database; in memory by
// default). Vite serves the page, and compiles the server, too.
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
const { PORT = '5180', TOKEN: token = randomUUID(), DATA: folder } = process.env;

const vite = await createServer({
  root: path('.'),
  cacheDir: path('../../node_modules/.vite-example'),
  configFile: false,
  logLevel: 'warn',
  appType: 'mpa',
  resolve: {
    alias: [
      { find: /^rewake$/, replacement: path('../../src/index.ts') },
      { find: /^rewake\/(.*)$/, replacement: path('../../src/$1/index.ts') },
    ],
  },
  optimizeDeps: { include: ['idb'], noDiscovery: true },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null, fs: { allow: [path('../..')] } },
});
const { startServer } = await vite.ssrLoadModule('/server.ts');
const server = await startServer({ port: Number(PORT), token, folder, page: vite.middlewares });
console.log(`http://localhost:${server.address().port}/#${token}`);
