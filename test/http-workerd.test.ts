import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { HttpEventStore } from 'rewake/http';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { conformsAt } from './http-scene.ts';

// `handle` at the edge: in workerd, the runtime of Cloudflare Workers.

const config = `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "main.js", esModule = "import { worker } from 'worker.js'; export default worker;"),
             (name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-01-01",
);
`;
const folder = mkdtempSync(join(tmpdir(), 'rewake-workerd-'));
let workerd: ChildProcess | undefined;
let url: string;

beforeAll(async () => {
  await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2022',
      lib: {
        entry: join(import.meta.dirname, 'fixtures/worker.ts'),
        formats: ['es'],
        fileName: () => 'worker.js',
      },
    },
  });
  writeFileSync(join(folder, 'config.capnp'), config);
  const bin = join(import.meta.dirname, '../node_modules/workerd/bin/workerd');
  workerd = spawn(bin, ['serve', 'config.capnp', '--control-fd=1'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!workerd.stdout) throw new Error('It has no output.');
  const [line] = await once(createInterface(workerd.stdout), 'line');
  url = `http://127.0.0.1:${JSON.parse(line).port}`;
}, 120_000);

afterAll(async () => {
  if (workerd) {
    const exit = once(workerd, 'exit');
    // It would wait for its connections to end.
    workerd.kill('SIGKILL');
    await exit;
  }
  rmSync(folder, { recursive: true });
});

conformsAt(() => url);

test('a follower hears of commits', async () => {
  const events = new HttpEventStore({ url: `${url}/${crypto.randomUUID()}/e` });
  let changes = 0;
  let changed = () => {};
  const end = events.watch('a', {
    onChange: () => {
      changes++;
      changed();
    },
    onError: () => {},
  });
  const next = () =>
    new Promise<void>((resolve) => {
      changed = resolve;
    });
  await next();
  const heard = next();
  await events.append('a', [1]);
  await heard;
  expect(changes).toBe(2);
  end();
});
