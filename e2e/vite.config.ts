import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { INTRANET } from './servers.ts';

/** Serves the repository as it is, so that a test page can import the library's sources. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  cacheDir: fileURLToPath(new URL('../node_modules/.vite-e2e', import.meta.url)),
  // A page that was reloaded in the middle of a test, for a dependency or a change, would fail it.
  optimizeDeps: {
    include: [
      'idb',
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
