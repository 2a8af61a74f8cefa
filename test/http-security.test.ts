import { connect } from 'node:net';
import { isKernelError } from 'rewake';
import { type HandleOptions, type HttpAccess, handle } from 'rewake/http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { direct, everybody, inMemory, over, serve } from './http-scene.ts';

// Each test is a row of the table in docs/http.md.

const json = { 'Content-Type': 'application/json' };
const onError = () => {};

/** What {@link handle} answers, and whether the stores were touched. */
async function ask(path: string, init: RequestInit = {}, options: Partial<HandleOptions> = {}) {
  const stores = inMemory();
  const { logId } = await stores.events.append('mine', [1]);
  const calls: string[] = [];
  const watched = <Store extends object>(store: Store): Store =>
    new Proxy(store, {
      get(_, name) {
        const method = Reflect.get(store, name);
        if (typeof method !== 'function') return method;
        return (...all: unknown[]) => {
          calls.push(String(name));
          return method.apply(store, all);
        };
      },
    });
  const response = await handle(
    new Request(`http://server.test${path}`, init),
    { snapshots: watched(stores.snapshots), events: watched(stores.events) },
    { ...everybody, onError, ...options },
  );
  const text = response.headers.get('Content-Type') === 'text/event-stream' ? '' : await response.text();
  return { status: response.status, headers: response.headers, text, calls, stores, logId };
}

const requests: [string, string][] = [
  ['GET', '/events?run=mine'],
  ['POST', '/events?run=mine'],
  ['DELETE', '/events?run=mine'],
  ['GET', '/commits?run=mine'],
  ['GET', '/head?run=mine'],
  ['GET', '/base?run=mine'],
  ['POST', '/base?run=mine'],
  ['PUT', '/base?run=mine'],
  ['GET', '/snapshot?run=mine'],
  ['PUT', '/snapshot?run=mine'],
  ['DELETE', '/snapshot?run=mine'],
  ['GET', '/runs'],
  ['GET', '/snapshots'],
];
const initOf = (method: string): RequestInit =>
  method === 'POST' || method === 'PUT'
    ? { method, headers: json, body: '{"events":[],"atSeq":1,"logId":null,"version":1,"state":0}' }
    : { method };

describe('nobody is let in by default', () => {
  test.each(requests)(
    '%s %s: authorize is asked before anything else, and only true lets in',
    async (method, path) => {
      for (const said of [
        false,
        undefined,
        null,
        1,
        'true',
        {},
        Promise.resolve(false),
        Promise.resolve('yes'),
      ]) {
        const asked: HttpAccess[] = [];
        const authorize = (_: Request, access: HttpAccess) => {
          asked.push(access);
          return said as boolean;
        };
        const { status, calls } = await ask(path, initOf(method), { authorize });
        expect([status, calls]).toEqual([403, []]);
        expect(asked).toEqual([
          { runId: path.includes('mine') ? 'mine' : undefined, operation: expect.any(String) },
        ]);
      }
    },
  );

  test('each request has an operation of its own', async () => {
    const operations = new Set<string>();
    for (const [method, path] of requests) {
      const authorize = (_: Request, { operation }: HttpAccess) => Boolean(operations.add(operation));
      await ask(path, initOf(method), { authorize });
    }
    expect(operations.size).toBe(requests.length);
  });

  test('an authorize that throws lets nobody in: 503, and only the server hears why', async () => {
    const heard = vi.fn();
    const authorize = () => Promise.reject(new Error('secret'));
    const { status, calls, text } = await ask('/head?run=mine', {}, { authorize, onError: heard });
    expect([status, calls]).toEqual([503, []]);
    expect(text).not.toContain('secret');
    expect(heard).toHaveBeenCalledWith(
      expect.objectContaining({ cause: expect.objectContaining({ message: 'secret' }) }),
    );
  });

  test.each([undefined, {}, { authorize: true }, { authorize: undefined }])(
    'without authorize there is no answer at all: %o',
    async (options) => {
      const answer = Reflect.apply(handle, undefined, [
        new Request('http://x.test/runs'),
        inMemory(),
        options,
      ]);
      await expect(answer).rejects.toMatchObject({ code: 'invalid-argument' });
    },
  );

  test('the body is not read before', async () => {
    let isRead = false;
    const body = new ReadableStream(
      {
        pull() {
          isRead = true;
        },
      },
      { highWaterMark: 0 },
    );
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers: json, body, duplex: 'half' };
    expect(await ask('/events?run=mine', init, { authorize: () => false })).toMatchObject({ status: 403 });
    expect(isRead).toBe(false);
  });
});

describe('the run that is asked about is the run that is touched', () => {
  test.each([
    '/events',
    '/events?run=',
    '/events?run',
    '/events?run=a&run=mine',
    '/events?run=mine&run=mine',
    '/events?RUN=mine',
    '/events?run[]=mine',
    '/events?run=%5C',
    '/events?run=%5Cu006dine',
    '/events?run=%5Cud83d%5Cude00',
  ])('%s names no run: 400', async (path) => {
    const authorize = vi.fn(() => true);
    expect(await ask(path, {}, { authorize })).toMatchObject({ status: 400, calls: [] });
    expect(authorize).not.toHaveBeenCalled();
  });

  test.each([
    '..',
    '.',
    '../mine',
    '/mine',
    'mine/../a',
    'mine%2f',
    '%2e%2e',
    'mine\u0000',
    'mine?run=a',
    'mine#a',
    'mine&run=a',
    ' mine',
    'Mine',
    '__proto__',
    'constructor',
    '\\',
    '\\u006dine',
    '\ud800',
    '"',
    "'; DROP TABLE runs; --",
  ])('the run %j is that and no other one', async (runId) => {
    const stores = inMemory();
    await stores.events.append('mine', ['secret']);
    const asked = new Set<string | undefined>();
    const authorize = (_: Request, access: HttpAccess) => Boolean(asked.add(access.runId));
    const { events, snapshots } = over(direct(stores, { authorize }));
    expect((await events.scan(runId, 1)).events).toEqual([]);
    await events.append(runId, ['theirs'], { expectedHead: 0, logId: null });
    await snapshots.save({ runId, atSeq: 1, state: 1 });
    await events.delete(runId);
    expect([...asked]).toEqual([runId]);
    expect(await stores.events.runIds()).toEqual(['mine']);
    expect(await stores.snapshots.runIds()).toEqual([runId]);
  });

  test.each([
    '/rewake/../events',
    '/a/b/events',
    '//elsewhere.test/events',
    '/events;a',
    '/events%2f',
    '/EVENTS',
    '/events/',
    '/',
    '/__proto__',
    '/constructor',
    '/toString',
  ])('the path %s names a resource by its last part, or nothing', async (path) => {
    const { status } = await ask(`${path}?run=mine`);
    expect(status).toBe(/\/events$/.test(path) ? 200 : 404);
  });

  test('a body cannot name another run', async () => {
    const body = JSON.stringify({
      runId: 'mine',
      run: 'mine',
      atSeq: 7,
      state: 'forged',
      events: ['forged'],
    });
    for (const [method, path] of [
      ['PUT', '/snapshot?run=a'],
      ['POST', '/events?run=a'],
    ] as const) {
      const { stores, status } = await ask(path, { method, headers: json, body });
      expect(status).toBe(200);
      expect(await stores.snapshots.loadLatest('mine')).toBeUndefined();
      expect((await stores.events.head('mine')).seq).toBe(1);
    }
  });
});

describe('what is sent', () => {
  test.each([
    ['no JSON', '{"events":[1]', 400],
    ['not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), 400],
    ['nothing', '', 400],
    ['no object', 'null', 400],
    ['no events', '{"event":[1]}', 400],
    ['events that are no array', '{"events":{"length":1,"0":1}}', 400],
    ['a version that is no number', '{"events":[1],"version":"2"}', 400],
    ['a version of 0', '{"events":[1],"version":0}', 400],
    ['an envelope that lies', '{"events":[{"rewake":1,"root":[7],"nodes":[]}]}', 400],
    ['an envelope of a class', '{"events":[{"rewake":1,"root":[0],"nodes":[["Function","alert(1)"]]}]}', 400],
    ['an envelope of the future', '{"events":[{"rewake":2}]}', 400],
  ])('%s: %s, and nothing is touched', async (_, body, status) => {
    expect(await ask('/events?run=mine', { method: 'POST', headers: json, body })).toMatchObject({ status });
    const { stores } = await ask('/events?run=mine', { method: 'POST', headers: json, body });
    expect((await stores.events.head('mine')).seq).toBe(1);
  });

  test.each([
    '7',
    '"-1"',
    '"x"',
    '*',
    'W/"1"',
    '"1", "2"',
    '"1-%"',
    '"1-%FF"',
    '"1-%5Cu0061"',
    '"99999999999999999999"',
    '',
  ])('If-Match: %s is no head: 400', async (etag) => {
    const init = { method: 'POST', headers: { ...json, 'If-Match': etag }, body: '{"events":[2]}' };
    const { status, stores } = await ask('/events?run=mine', init);
    expect([status, (await stores.events.head('mine')).seq]).toEqual([400, 1]);
  });

  test.each(['w', '""', '"w', '"%"', '"a"b"'])('Idempotency-Key: %s is no writer: 400', async (key) => {
    const headers = { ...json, 'If-Match': '"1"', 'Idempotency-Key': key };
    const { status, stores } = await ask('/events?run=mine', {
      method: 'POST',
      headers,
      body: '{"events":[2]}',
    });
    expect([status, (await stores.events.head('mine')).seq]).toEqual([400, 1]);
  });

  test.each(['from=0', 'from=-1', 'from=1e3', 'from=0x1', 'from=', 'limit=0', 'limit=10001', 'limit=NaN'])(
    'a scan with %s: 400',
    async (query) => {
      expect(await ask(`/events?run=mine&${query}`)).toMatchObject({ status: 400 });
    },
  );

  test('a value that would pollute prototypes is a value', async () => {
    const hostile = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    const body = `{"__proto__":{"version":7},"events":[${hostile},{"rewake":1,"root":[0],"nodes":[{"__proto__":[1],"u":[2]},{},["undefined"]]}]}`;
    const { status, stores } = await ask('/events?run=mine', { method: 'POST', headers: json, body });
    expect(status).toBe(200);
    const { events } = await over(direct(stores)).events.scan('mine', 2);
    expect(JSON.stringify(events[0]?.event)).toBe(hostile);
    expect(events[0]?.version).toBe(1);
    expect(Object.keys(Object(events[1]?.event))).toEqual(['__proto__', 'u']);
    expect(Object.getPrototypeOf(events[1]?.event)).toBe(Object.prototype);
    const save = `{"__proto__":{"atSeq":9},"atSeq":1,"state":${hostile}}`;
    expect(await ask('/snapshot?run=mine', { method: 'PUT', headers: json, body: save })).toMatchObject({
      status: 200,
    });
    expect('polluted' in {}).toBe(false);
  });

  test('JSON that is nested a million deep is refused, and the server lives', async () => {
    const body = `{"events":[${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}]}`;
    const { status, stores } = await ask('/events?run=mine', { method: 'POST', headers: json, body });
    expect(status).toBeGreaterThanOrEqual(400);
    expect((await stores.events.head('mine')).seq).toBe(1);
  });

  test.each([
    undefined,
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/jsonp',
  ])('a body of the type %s, as a form of another site can send it: 415', async (type) => {
    const headers = type === undefined ? {} : { 'Content-Type': type };
    const body = new TextEncoder().encode('{"events":[2]}');
    const { status, stores } = await ask('/events?run=mine', { method: 'POST', headers, body });
    expect([status, (await stores.events.head('mine')).seq]).toEqual([415, 1]);
  });

  test('no answer has CORS headers, also none to a preflight', async () => {
    const headers = { Origin: 'https://evil.test', 'Access-Control-Request-Method': 'POST' };
    const preflight = await ask('/events?run=mine', { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(405);
    for (const answer of [preflight, await ask('/events?run=mine', { headers })])
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test.each(['HEAD', 'PATCH', 'PUT', 'OPTIONS', 'PROPFIND', 'hasOwnProperty'])(
    '%s: 405, with what is allowed',
    async (method) => {
      const { status, headers, calls } = await ask('/events?run=mine', { method });
      expect([status, headers.get('Allow'), calls]).toEqual([405, 'GET, POST, DELETE', []]);
    },
  );

  test('nothing is cached, and nothing is taken for a page', async () => {
    const markup = '<script>alert(1)</script>';
    const { headers, text } = await ask(`/head?run=${markup}`);
    expect(headers.get('Content-Type')).toBe('application/json');
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(text).not.toContain('<');
    const problem = await ask(`/events?run=${markup}&from=0`);
    expect(problem.headers.get('Content-Type')).toBe('application/problem+json');
    expect(problem.headers.get('X-Content-Type-Options')).toBe('nosniff');
  });
});

describe('too much', () => {
  let server: Awaited<ReturnType<typeof serve>> | undefined;
  afterEach(() => server?.close());

  test('a body that says that it is too large is not read: 413, invalid-argument', async () => {
    server = await serve({ ...everybody, maxBytes: 1_000 });
    const { events } = over(fetch, { url: server.url });
    const append = events.append('a', ['x'.repeat(2_000_000)], { expectedHead: 0, writer: 'w' });
    await expect(append).rejects.toMatchObject({ code: 'invalid-argument', operation: 'append', runId: 'a' });
    expect(await events.append('a', ['x'])).toMatchObject({ seq: 1 });
  });

  test('a body that does not say it is cut off at the limit: 413', async () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1_000;
        controller.enqueue(new Uint8Array(1_000).fill(0x20));
        if (sent === 100_000) controller.close();
      },
    });
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers: json, body, duplex: 'half' };
    expect(await ask('/events?run=mine', init, { maxBytes: 10_000 })).toMatchObject({ status: 413 });
    expect(sent).toBeLessThan(20_000);
  });

  test('so it is over a real connection, which is then closed', async () => {
    server = await serve({ ...everybody, maxBytes: 1_000 });
    const chunk = `400\r\n${'x'.repeat(1_024)}\r\n`;
    const text = await talk(server.port, `${head('Transfer-Encoding: chunked')}${chunk.repeat(3)}`);
    expect(text).toMatch(/^HTTP\/1.1 413 /);
    expect(text).toMatch(/^Connection: close\r$/m);
  });

  test('a body that comes too slowly: 408, and the connection is closed', async () => {
    server = await serve({ ...everybody, bodyTimeout: 30 });
    const text = await talk(server.port, `${head('Content-Length: 100')}{"events"`);
    expect(text).toMatch(/^HTTP\/1.1 408 /);
    expect(JSON.parse(text.slice(text.indexOf('{')).replace(/\}[^}]*$/, '}'))).toMatchObject({
      code: 'timeout',
    });
  });

  test('a batch of too many events: 413, invalid-argument, and nothing is appended', async () => {
    const stores = inMemory();
    const { events } = over(direct(stores, { ...everybody, maxEvents: 3 }));
    const error: unknown = await events.append('a', [1, 2, 3, 4]).catch((error) => error);
    expect(isKernelError(error, 'invalid-argument')).toBe(true);
    expect(await events.append('a', [1, 2, 3])).toMatchObject({ seq: 3 });
  });

  test('what is no request at all gets 400', async () => {
    server = await serve();
    expect(
      await talk(server.port, 'GET http://evil.test/runs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    ).toMatch(/^HTTP\/1.1 400 /);
    expect(
      await talk(server.port, 'GET //evil.test/runs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    ).toMatch(/^HTTP\/1.1 200 /);
  });
});

const head = (length: string) =>
  `POST /events?run=a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${length}\r\n\r\n`;

/** Sends this over a connection of its own, and resolves with everything that comes back until it is closed. */
function talk(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (piece) => {
      received += piece;
    });
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}
