import { runCases } from './conformance.ts';

// A dedicated worker or a Service Worker: whoever sends it a port gets the outcomes through it.
addEventListener('message', async ({ ports: [port] }) => {
  port?.postMessage(await runCases());
});
