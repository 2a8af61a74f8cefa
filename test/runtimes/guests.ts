import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { eventStoreCases, snapshotStoreCases, storesCases } from 'rewake/conformance';
import { expect } from 'vitest';
import { bun, deno, node } from './packages.js';

const root = join(import.meta.dirname, '../..');

/** How each runs a file. Bun would take `rewake` from the sources, which is what `paths` in tsconfig.json says. */
export const runtimes: Record<string, string[]> = {
  Node: [node],
  bun: [bun, '--no-install', '--tsconfig-override=package.json'],
  Deno: [deno, 'run', '--allow-all', '--quiet'],
};

/** The conformance suite, as guest.ts names its cases. */
export const names: string[] = [
  ...snapshotStoreCases.map(({ name }) => `snapshots: ${name}`),
  ...eventStoreCases.map(({ name }) => `events: ${name}`),
  ...storesCases.map(({ name }) => `both: ${name}`),
];

interface Outcome {
  readonly name: string;
  readonly error?: string;
}

/** Runs guest.ts, which has to run these cases and no others, all of which pass. */
export async function expectAll(runtime: string, args: string[], cases: string[]): Promise<void> {
  const [program = '', ...options] = runtimes[runtime] ?? [];
  const guest = join(import.meta.dirname, 'guest.ts');
  const { stdout } = await promisify(execFile)(program, [...options, guest, ...args], {
    cwd: root,
    maxBuffer: 1e8,
  });
  const outcomes = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Outcome => JSON.parse(line));
  expect(outcomes.filter(({ error }) => error)).toEqual([]);
  expect(outcomes.map(({ name }) => name)).toEqual(cases);
}

const servers: Record<string, string[]> = {
  bun: runtimes.bun ?? [],
  Deno: [deno, 'serve', '--allow-all', '--host=127.0.0.1', '--port=0'],
};

/** server.ts as each of them serves it. */
export async function serveIn(runtime: string) {
  const [program = '', ...options] = servers[runtime] ?? [];
  const child = spawn(program, [...options, join(import.meta.dirname, 'server.ts')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  const port = await new Promise<string>((resolve, reject) => {
    for (const input of [child.stdout, child.stderr])
      createInterface(input).on('line', (line) => {
        said.push(line);
        const [, port] = /http:\/\/[^/]*:(\d+)/.exec(line) ?? [];
        if (port) resolve(port);
      });
    child.on('exit', () => reject(new Error(`It did not start:\n${said.join('\n')}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}
