import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { HttpEventStore } from 'rewake/http';
import { afterAll, beforeAll, expect, test } from 'vitest';

let server: ChildProcess;
let url: URL;

beforeAll(async () => {
  // As `npm run example:server` starts it, without a shell between: it is stopped by its own pid.
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  const [, ...args] = scripts['example:server'].split(' ');
  server = spawn(process.execPath, args, {
    env: { ...process.env, PORT: '0', TOKEN: 'secret' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!server.stdout) throw new Error('It has no output.');
  const [line] = await once(createInterface(server.stdout), 'line');
  url = new URL(line);
}, 120_000);

afterAll(async () => {
  const exit = once(server, 'exit');
  server.kill();
  await exit;
});

test('starts with one command, keeps what is appended over HTTP, and lets nobody in without the token', async () => {
  expect(url.hash).toBe('#secret');
  const rewake = `${url.origin}/rewake`;
  const headers = { Authorization: 'Bearer secret' };
  const events = new HttpEventStore<{ text: string }>({ url: rewake, headers });
  const head = await events.append('a', [{ text: 'one' }, { text: 'two' }], { expectedHead: 0, writer: 'w' });
  expect(head.seq).toBe(2);
  const other = new HttpEventStore<{ text: string }>({ url: rewake, headers });
  expect((await other.scan('a', 2)).events).toEqual([{ seq: 2, event: { text: 'two' }, version: 1 }]);
  await expect(new HttpEventStore({ url: rewake }).head('a')).rejects.toMatchObject({ code: 'unavailable' });
});

test('serves a page, and the sources that it needs', async () => {
  const page = await fetch(new URL('/', url));
  expect(await page.text()).toContain('On the server, live');
  const script = await fetch(new URL('/page.ts', url));
  expect(script.headers.get('Content-Type')).toContain('javascript');
  expect(await script.text()).toContain('HttpEventStore');
});
