import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Reports<T> {
  /** Where a page posts each, as JSON. */
  readonly url: string;
  readonly all: T[];
  close(): void;
}

/** Hears from a page that no driver drives. */
export async function hearReports<T>(): Promise<Reports<T>> {
  const all: T[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    all.push(JSON.parse(Buffer.concat(chunks).toString()));
    response.writeHead(204, { 'Access-Control-Allow-Origin': '*' }).end();
  });
  server.listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}/`,
    all,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
