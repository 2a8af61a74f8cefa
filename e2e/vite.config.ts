import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { nodeListener } from '../examples/server/node-listener.ts';
import { InMemoryEventStore } from '../src/backends/memory/event-store.ts';
import { InMemorySnapshotStore } from '../src/backends/memory/snapshot-store.ts';
import { type HandledStores, handle } from '../src/http/index.ts';
import { INTRANET } from './servers.ts';

/** The runs of `/rewake/NAME`, in memory. */
const runs: Plugin = {
  name: 'runs',
  configureServer({ middlewares }) {
    const named = new Map<string, HandledStores>();
    const listener = nodeListener((request) => {
      const [, name = ''] = new URL(request.url).pathname.split('/');
      const stores = named.get(name) ?? {
        snapshots: new InMemorySnapshotStore(),
        events: new InMemoryEventStore(),
      };
      named.set(name, stores);
      return handle(request, stores, { authorize: () => true });
    });
    middlewares.use('/rewake', listener);
  },
};

const LOST = '/e2e/pages/lost.html';

/** A page without vite's client, which reloads it as soon as the process that keeps its socket is gone. */
const lost: Plugin = {
  name: 'lost',
  configureServer({ middlewares }) {
    middlewares.use(LOST, (_request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(readFileSync(new URL(`..${LOST}`, import.meta.url)));
    });
  },
};

/** Serves the repository as it is, so that a test page can import the library's sources. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  cacheDir: fileURLToPath(new URL('../node_modules/.vite-e2e', import.meta.url)),
  plugins: [runs, lost],
  // A page that was reloaded in the middle of a test, for a dependency or a change, would fail it.
  optimizeDeps: {
    include: [
      'idb',
      'redux',
      '@reduxjs/toolkit',
      'zustand/middleware',
      'zustand/vanilla',
      '@langchain/langgraph/web',
      '@langchain/langgraph-checkpoint',
      '@langchain/langgraph-checkpoint-validation',
      '@vitest/expect',
      'chai',
    ],
    noDiscovery: true,
  },
  server: { hmr: false, watch: null, allowedHosts: [INTRANET] },
});
