import { HttpEventStore } from 'rewake/http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Example, startExample } from '../e2e/example-server.ts';

let example: Example;
let url: URL;

beforeAll(async () => {
  example = await startExample('secret');
  url = new URL(example.notesUrl);
}, 120_000);
afterAll(() => example?.stop());

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
  expect(await script.text()).toContain('storesOnServer');
});

test('serves the demo, without a script that its policy would refuse', async () => {
  expect(example.demoUrl).toBe(`${url.origin}/demo/#secret`);
  const page = await (await fetch(example.demoUrl)).text();
  expect([...page.matchAll(/<script [^>]*src="([^"]+)"/g)].map(([, src]) => src)).toEqual(['/demo/main.ts']);
  const script = await fetch(new URL('/demo/main.ts', url));
  expect(script.headers.get('Content-Type')).toContain('javascript');
  expect(await script.text()).toContain('run-server.ts');
});
