import { runCases } from './conformance.ts';

// A dedicated worker or a Service Worker: whoever sends it a codec's name and a port gets the outcomes through it.
addEventListener('message', async ({ data, ports: [port] }) => {
  port?.postMessage(await runCases(data));
});
