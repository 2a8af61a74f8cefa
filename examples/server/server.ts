import { createServer, type RequestListener, type Server } from 'node:http';
import { PGlite } from '@electric-sql/pglite';
import { handle } from 'rewake/http';
import { migratePostgres, PostgresEventStore, PostgresSnapshotStore } from 'rewake/postgres';
import { nodeListener } from './node-listener.ts';

// Runs on a server: PostgreSQL within this process (PGlite), behind HTTP, beside a page that uses it.

interface ServerOptions {
  /** 0 for any that is free. */
  readonly port: number;
  /** Who knows it may do everything: a server for one person. */
  readonly token: string;
  /** Where the database is; without one, it is in memory. */
  readonly folder?: string | undefined;
  /** Answers everything else. */
  readonly page: RequestListener;
}

export async function startServer({ port, token, folder, page }: ServerOptions): Promise<Server> {
  const database = new PGlite(folder);
  await migratePostgres(database);
  const stores = {
    snapshots: new PostgresSnapshotStore(database),
    events: new PostgresEventStore(database),
  };
  // With several users: find out who it is, and whether this run is theirs.
  const authorize = ({ headers }: Request) => headers.get('Authorization') === `Bearer ${token}`;
  const runs = nodeListener((request) => handle(request, stores, { authorize }));
  const server = createServer((incoming, outgoing) =>
    incoming.url?.startsWith('/rewake/') ? runs(incoming, outgoing) : page(incoming, outgoing),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}
