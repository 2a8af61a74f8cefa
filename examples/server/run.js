// npm run example:server
//
// PORT (5180 by default; 0 for any that is free), TOKEN (random by default), DATA (a folder for the database; in memory by
// default). Vite serves both pages, and compiles the server, too.
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
const { PORT = '5180', TOKEN: token = randomUUID(), DATA: folder } = process.env;

/**
 * Vite's client would look for a socket that is not there, and that the demo's policy refuses.
 *
 * @type {import('vite').Plugin}
 */
const withoutClient = {
  name: 'without-client',
  transformIndexHtml: {
    order: 'post',
    handler: (html) => html.replace(/<script [^>]*@vite\/client"><\/script>/, ''),
  },
};
/** @type {import('vite').InlineConfig} */
const common = {
  logLevel: 'warn',
  plugins: [withoutClient],
  optimizeDeps: { include: ['idb'], noDiscovery: true },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null, fs: { allow: [path('../..')] } },
};
const notes = await createServer({
  ...common,
  root: path('.'),
  cacheDir: path('../../node_modules/.vite-example'),
  configFile: false,
  appType: 'mpa',
  resolve: {
    alias: [
      { find: /^rewake$/, replacement: path('../../src/index.ts') },
      { find: /^rewake\/(.*)$/, replacement: path('../../src/$1/index.ts') },
    ],
  },
});
const demo = await createServer({
  ...common,
  cacheDir: path('../../node_modules/.vite-example-demo'),
  configFile: path('../../vite.config.ts'),
  mode: 'demo',
  base: '/demo/',
});
/** @type {import('node:http').RequestListener} */
const page = (request, response) =>
  (request.url?.startsWith('/demo/') ? demo : notes).middlewares(request, response);
const { startServer } = await notes.ssrLoadModule('/server.ts');
const server = await startServer({ port: Number(PORT), token, folder, page });
const { port } = server.address();
console.log(`http://localhost:${port}/#${token}`);
console.log(`http://localhost:${port}/demo/#${token} (the demo: it can send its run to another browser)`);
