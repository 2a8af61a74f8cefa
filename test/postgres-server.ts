import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findPostgres, idsOf } from '../.ci/postgres.js';
import { freePort } from '../e2e/free-port.ts';

/** A PostgreSQL server of the test's own: in a temporary folder, on a port of its own. */
export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Ends every process at once, as a crash does, and starts it again, which recovers from its log. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** Whether there is one to be started; in CI there has to be. */
export function hasPostgres(): boolean {
  const found = findPostgres() !== undefined;
  if (!found && process.env.CI) throw new Error('PostgreSQL, which the tests need, is not installed.');
  return found;
}

/** `settings` are those of postgresql.conf. */
export async function startPostgres(settings: Record<string, string> = {}): Promise<PostgresServer> {
  const programs = findPostgres();
  if (!programs)
    throw new Error(
      'There is no PostgreSQL here, which this needs. Install it (apt-get install postgresql), or put its initdb and ' +
        'postgres into the PATH.',
    );
  const folder = mkdtempSync(join(tmpdir(), 'rewake-postgres-'));
  // It refuses to run as root.
  const owner: { uid?: number; gid?: number } = process.getuid?.() === 0 ? idsOf('postgres') : {};
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid ?? owner.uid);
  const data = join(folder, 'data');
  const create = ['-D', data, '-U', 'rewake', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  const created = spawnSync(programs.initdb, create, { ...owner, cwd: folder, encoding: 'utf8' });
  if (created.status !== 0) throw new Error(`initdb failed: ${created.error ?? created.stderr}`);
  const port = Number(await freePort());
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    ...settings,
  };
  const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const start = async (): Promise<ChildProcess> => {
    const server = spawn(programs.postgres, ['-D', data, '-p', String(port), ...options], {
      ...owner,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said: string[] = [];
    for await (const line of createInterface({ input: server.stderr, crlfDelay: Number.POSITIVE_INFINITY })) {
      said.push(line);
      if (line.includes('ready to accept connections')) {
        server.stderr.resume();
        return server;
      }
    }
    throw new Error(`PostgreSQL did not start:\n${said.join('\n')}`);
  };
  let server = await start();
  const end = async (signal: NodeJS.Signals) => {
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
  };
  return {
    ...{ host: '127.0.0.1', port, user: 'rewake', database: 'postgres' },
    async crash() {
      await end('SIGQUIT');
      server = await start();
    },
    async stop() {
      await end('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
