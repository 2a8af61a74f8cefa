import { createRequire } from 'node:module';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { installed } from './packages.js';

/** What takes Neon's driver to a PostgreSQL: each WebSocket is a connection of its own. */
export async function neonProxy(postgres: { host: string; port: number }) {
  const { WebSocketServer, createWebSocketStream } = createRequire(installed('ws/'))('ws');
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket: unknown) => {
    const stream: Duplex = createWebSocketStream(socket);
    pipeline(stream, connect(postgres.port, postgres.host), stream).catch(() => {});
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    address: `127.0.0.1:${server.address().port}/`,
    stop() {
      for (const client of server.clients) client.terminate();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
