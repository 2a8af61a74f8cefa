import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { blankUrl } from '../servers.ts';

const CLEAR = '/clear';

/** The sources on an origin of its own, whose data a browser can be told to delete. */
export interface OriginServer {
  readonly url: string;
  /** Whoever visits this has all of the origin's data deleted, in every engine. */
  readonly clearUrl: string;
  close(): void;
}

/** `runs` answers what is asked of `/rewake/`. */
export async function serveOrigin(runs?: RequestListener): Promise<OriginServer> {
  const server = createServer(async (request, response) => {
    const { url = '/' } = request;
    if (runs && url.startsWith('/rewake/')) return runs(request, response);
    if (url === CLEAR) {
      response.setHeader('clear-site-data', '"storage"');
      return response.end('Cleared.');
    }
    const source = await fetch(new URL(url, blankUrl));
    response.setHeader('content-type', source.headers.get('content-type') ?? '');
    response.writeHead(source.status).end(Buffer.from(await source.arrayBuffer()));
  });
  await new Promise<void>((listening) => server.listen(0, listening));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    url: origin + new URL(blankUrl).pathname,
    clearUrl: origin + CLEAR,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
