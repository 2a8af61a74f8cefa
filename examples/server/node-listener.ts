import type { IncomingMessage, RequestListener } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** Answers the requests of `node:http` with a function of the Fetch API. Hono, srvx and others have one like it. */
export const nodeListener =
  (answer: (request: Request) => Promise<Response>): RequestListener =>
  async (incoming, outgoing) => {
    try {
      const request = requestOf(incoming);
      const { status, headers, body } = await answer(request);
      outgoing.writeHead(status, {
        ...Object.fromEntries(headers),
        // Somebody may send a body for ever.
        ...(request.bodyUsed && !incoming.complete && { Connection: 'close' }),
      });
      if (body) await pipeline(body, outgoing);
      else outgoing.end();
    } catch {
      // The other end has gone away, or has not sent a request.
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(400, { Connection: 'close' }).end();
    }
  };

function requestOf(incoming: IncomingMessage): Request {
  const { method = 'GET', url = '/' } = incoming;
  const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [
    name,
    `${value}`,
  ]);
  // `//elsewhere/events` is a path here, and `http://elsewhere/events` is for proxies.
  if (!url.startsWith('/')) throw new TypeError(url);
  const target = new URL(`http://${incoming.headers.host ?? 'localhost'}${url}`);
  if (method === 'GET' || method === 'HEAD') return new Request(target, { method, headers });
  const chunks = incoming[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    },
    // What nobody reads, Node throws away.
    { highWaterMark: 0 },
  );
  // The types of the DOM do not know of `duplex` yet, which Node demands.
  const init: RequestInit & { duplex: 'half' } = { method, headers, body, duplex: 'half' };
  return new Request(target, init);
}
