import { calls } from './langgraph.ts';

// The same in a dedicated worker or a Service Worker, which is told by message what to call.

addEventListener('message', async ({ data, ports }: MessageEvent<keyof typeof calls>) => {
  const answer = await calls[data]().catch(String);
  ports[0]?.postMessage(answer);
});
// A Service Worker has to say at once that it listens to these.
if ('skipWaiting' in self && typeof self.skipWaiting === 'function') self.skipWaiting();
