import { createServer } from 'node:net';

/** A port that nobody listens on. */
export function freePort(): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address
          ? resolve(String(address.port))
          : reject(new Error('There is no free port.')),
      );
    });
  });
}
