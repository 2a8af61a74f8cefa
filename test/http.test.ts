import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type AnyKernelError,
  EventStoreError,
  isKernelError,
  type KernelError,
  SnapshotStoreError,
} from 'rewake';
import { HttpEventStore, HttpSnapshotStore } from 'rewake/http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { direct, everybody, inMemory, over, type Send, serve } from './http-scene.ts';
import { changed } from './stores-scene.ts';

beforeEach(() => {
  // The pauses between tries are a random part of their limit: here none.
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const failing = (stores = inMemory()) => {
  const sent: Request[] = [];
  const answers: (((request: Request) => Promise<Response>) | undefined)[] = [];
  const whole = direct(stores);
  const send: Send = async (url, init) => {
    const request = new Request(url, init);
    sent.push(request.clone());
    const answer = answers.shift();
    return answer ? answer(request) : whole(url, init);
  };
  return { stores, sent, answers, ...over(send) };
};
const refuse = () => Promise.reject(new TypeError('fetch failed'));
const answer = (status: number, body = '', type = 'text/html') =>
  Promise.resolve(new Response(body, { status, headers: { 'Content-Type': type } }));

describe('what goes over the wire', () => {
  test('an append is a POST with If-Match and Idempotency-Key, answered with an ETag', async () => {
    const { sent, events, stores } = failing();
    const { logId } = await events.append('a/../ü?', [1], { expectedHead: 0, logId: null, writer: 'w "1"' });
    await events.append('a/../ü?', [{ two: 2 }, undefined], { expectedHead: 1, logId, version: 2 });
    const [first, second] = sent;
    expect(first?.method).toBe('POST');
    expect(first?.url).toBe('http://server.test/rewake/events?run=a%2F..%2F%C3%BC%3F');
    expect(first?.headers.get('If-Match')).toBe('"0-"');
    expect(first?.headers.get('Idempotency-Key')).toBe('"w%20%221%22"');
    expect(second?.headers.get('If-Match')).toBe(`"1-${logId}"`);
    expect(await second?.json()).toMatchObject({ version: 2, events: [{ two: 2 }, { rewake: 1 }] });
    const head = await direct(stores)('http://server.test/head?run=a%2F..%2F%C3%BC%3F', {});
    expect(head.headers.get('ETag')).toBe(`"3-${logId}"`);
    expect(head.headers.get('Cache-Control')).toBe('no-store');
    expect(await head.json()).toEqual({ seq: 3, logId });
  });

  test('a refused append is a 412 with a problem, a refused snapshot a 409, compacted events a 410', async () => {
    const stores = inMemory();
    const { logId } = await stores.events.append('a', [1, 2, 3]);
    await stores.events.compact('a', { atSeq: 2, logId, version: 1, state: 'two' });
    await stores.snapshots.save({ runId: 'a', atSeq: 3, state: 'three' });
    const send = direct(stores);
    const json = { 'Content-Type': 'application/json' };
    const append = await send('http://x.test/events?run=a', {
      method: 'POST',
      headers: { ...json, 'If-Match': '"7"' },
      body: '{"events":[1]}',
    });
    expect(append.headers.get('Content-Type')).toBe('application/problem+json');
    expect(await append.json()).toEqual({
      status: 412,
      title: 'conflict',
      detail: expect.stringMatching(/^its head is 3, not 7/),
      code: 'conflict',
      operation: 'append',
      runId: 'a',
      expected: 7,
      actual: 3,
    });
    const save = await send('http://x.test/snapshot?run=a', {
      method: 'PUT',
      headers: json,
      body: '{"atSeq":1,"state":0}',
    });
    expect([append.status, save.status]).toEqual([412, 409]);
    expect((await send('http://x.test/events?run=a&from=1', {})).status).toBe(410);
  });

  test('errors come back as what the store has rejected with', async () => {
    const stores = inMemory();
    const { logId } = await stores.events.append('"a"', [1, 2, 3]);
    await stores.events.compact('"a"', { atSeq: 2, logId, version: 2, state: 'two' });
    await stores.snapshots.save({ runId: '"a"', atSeq: 3, state: 'three' });
    const { events, snapshots } = over(direct(stores));
    const errorOf = (call: Promise<unknown>): Promise<KernelError> =>
      call.then(
        () => expect.fail(),
        (error) => error,
      );
    const pairs = [
      (s: typeof stores) => s.events.append('"a"', [1], { expectedHead: 7 }),
      (s: typeof stores) => s.events.append('"a"', [1], { expectedHead: 3, logId: 'other' }),
      (s: typeof stores) => s.events.scan('"a"', 1),
      (s: typeof stores) => s.events.compact('"a"', { atSeq: 9, logId, version: 2, state: 1 }),
      (s: typeof stores) => s.events.compact('"a"', { atSeq: 3, logId, version: 1, state: 1 }),
      (s: typeof stores) => s.events.begin('"a"', { atSeq: 9, version: 2, state: 1 }),
      (s: typeof stores) => s.snapshots.save({ runId: '"a"', atSeq: 1, state: 'late' }),
    ];
    for (const call of pairs) {
      const [here, there] = [await errorOf(call(stores)), await errorOf(call({ events, snapshots }))];
      expect({ ...there, message: there.message, name: there.name }).toEqual({
        ...here,
        message: here.message,
        name: here.name,
      });
      expect(there).toBeInstanceOf(here.name === 'EventStoreError' ? EventStoreError : SnapshotStoreError);
    }
  });

  test('what the store says to nobody, such as the cause of a failure, stays on the server', async () => {
    const onError = vi.fn();
    const cause = new Error('password=hunter2');
    const stores = inMemory();
    const broken = {
      ...stores,
      events: changed(stores.events, {
        head: () => Promise.reject(cause),
        base: () =>
          Promise.reject(
            new EventStoreError('unreadable', 'damaged', { operation: 'base', runId: 'a', cause }),
          ),
      }),
    };
    const send = direct(broken, { ...everybody, onError });
    for (const [resource, code] of [
      ['head', 'unknown'],
      ['base', 'unreadable'],
    ]) {
      const response = await send(`http://x.test/${resource}?run=a`, {});
      expect(response.status).toBe(500);
      const text = await response.text();
      expect(JSON.parse(text).code).toBe(code);
      expect(text).not.toContain('hunter2');
      expect(onError).toHaveBeenLastCalledWith(expect.objectContaining({ code, cause }));
    }
  });

  test('run ids that are too long for a URL reject with invalid-argument, and nothing is sent', async () => {
    const { sent, events, snapshots } = failing();
    const runId = 'é'.repeat(2_000);
    const refused = { code: 'invalid-argument', runId };
    for (const call of [
      events.append(runId, [1]),
      events.scan(runId, 1),
      events.head(runId),
      events.base(runId),
      events.delete(runId),
      snapshots.loadLatest(runId),
      snapshots.save({ runId, atSeq: 1, state: 1 }),
      snapshots.delete(runId),
      events.append('a', [1], { expectedHead: 0, writer: runId }).catch((error) => {
        throw { ...error, runId };
      }),
    ])
      await expect(call).rejects.toMatchObject(refused);
    expect(sent).toEqual([]);
  });

  test('a long scan is asked for in pages, and is of one log', async () => {
    const { sent, events, stores } = failing();
    const { logId } = await stores.events.append(
      'a',
      Array.from({ length: 25_000 }, (_, n) => n),
    );
    const page = await events.scan('a', 2);
    expect(page.logId).toBe(logId);
    expect(page.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 24_999 }, (_, n) => n + 2));
    expect(sent.map(({ url }) => new URL(url).searchParams.get('from'))).toEqual(['2', '10002', '20002']);
    expect((await events.scan('a', 1, 15_000)).events).toHaveLength(15_000);
  });

  test('a run that is begun anew between two pages is scanned anew', async () => {
    const { answers, events, stores } = failing();
    await stores.events.append(
      'a',
      Array.from({ length: 10_001 }, () => 'old'),
    );
    answers.push(undefined, async (request) => {
      await stores.events.delete('a');
      await stores.events.append(
        'a',
        Array.from({ length: 10_002 }, () => 'new'),
      );
      return direct(stores)(request.url, {});
    });
    const page = await events.scan('a', 1);
    expect(new Set(page.events.map(({ event }) => event))).toEqual(new Set(['new']));
    expect(page.events).toHaveLength(10_002);
  });
});

describe('if an answer is lost', () => {
  const lost = async (request: Request, stores: ReturnType<typeof inMemory>) => {
    await direct(stores)(request.url, {
      method: request.method,
      headers: request.headers,
      body: await request.text(),
    });
    throw new TypeError('fetch failed');
  };

  test('an append that names writer and head is sent again, and appended once', async () => {
    const { answers, events, stores } = failing();
    answers.push((request) => lost(request, stores), refuse);
    const head = await events.append('a', [1, 2], { expectedHead: 0, writer: 'w' });
    expect(head).toEqual(await stores.events.head('a'));
    expect(head.seq).toBe(2);
  });

  test.each([undefined, { expectedHead: 0 }, { writer: 'w' }])(
    'an append with %o is not: connection-lost at once',
    async (options) => {
      const { answers, events, stores, sent } = failing();
      answers.push((request) => lost(request, stores));
      await expect(events.append('a', [1], options)).rejects.toMatchObject({
        name: 'EventStoreError',
        code: 'connection-lost',
        operation: 'append',
        runId: 'a',
        cause: expect.any(TypeError),
      });
      expect(sent).toHaveLength(1);
      expect((await stores.events.head('a')).seq).toBe(1);
    },
  );

  test('four times: a write rejects with connection-lost, a read with unavailable', async () => {
    const { answers, events, snapshots, sent } = failing();
    const calls = [
      [() => events.append('a', [1], { expectedHead: 0, writer: 'w' }), 'connection-lost', 4],
      [() => events.delete('a'), 'connection-lost', 4],
      [() => snapshots.save({ runId: 'a', atSeq: 1, state: 1 }), 'connection-lost', 4],
      [() => events.begin('a', { atSeq: 1, version: 1, state: 1 }), 'connection-lost', 1],
      [() => events.head('a'), 'unavailable', 4],
      [() => snapshots.loadLatest('a'), 'unavailable', 4],
    ] as const;
    for (const [call, code, tries] of calls) {
      answers.splice(0, 9, refuse, refuse, refuse, refuse);
      sent.length = 0;
      await expect(call()).rejects.toMatchObject({ code });
      expect(sent).toHaveLength(tries);
    }
  });

  test('and then refused by a proxy: it may still have landed', async () => {
    const { answers, events, stores } = failing();
    answers.push(
      (request) => lost(request, stores),
      () => answer(403),
    );
    await expect(events.delete('a')).rejects.toMatchObject({ code: 'connection-lost' });
  });

  test('the pauses grow, and are random', async () => {
    vi.mocked(Math.random).mockReturnValue(0.5);
    vi.useFakeTimers();
    const { answers, events, sent } = failing();
    answers.push(refuse, refuse, refuse, refuse);
    const reading = events.head('a').catch((error) => error);
    await vi.advanceTimersByTimeAsync(49);
    expect(sent).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(99);
    expect(sent).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(1);
    vi.useRealTimers();
    expect(await reading).toMatchObject({ code: 'unavailable' });
    expect(sent).toHaveLength(4);
  });
});

describe('answers of something else', () => {
  const problem = (code: string) => JSON.stringify({ code, detail: 'it says so.' });
  const type = 'application/problem+json';
  // status, body, type, what a read and a write reject with, and how often they are sent
  test.each([
    [401, '', 'text/html', 'unavailable', 'unavailable', 1],
    [302, '', 'text/html', 'unavailable', 'unavailable', 1],
    [404, '', 'text/html', 'unavailable', 'unavailable', 1],
    [413, '', 'text/html', 'invalid-argument', 'invalid-argument', 1],
    [414, '', 'text/html', 'invalid-argument', 'invalid-argument', 1],
    [431, '', 'text/html', 'invalid-argument', 'invalid-argument', 1],
    [429, '', 'text/html', 'unavailable', 'unavailable', 4],
    [500, '', 'text/html', 'unavailable', 'connection-lost', 4],
    [502, '', 'text/html', 'unavailable', 'connection-lost', 4],
    [200, '<h1>Hotel</h1>', 'text/html', 'unavailable', 'connection-lost', 4],
    [200, '{"half":', 'application/json', 'unavailable', 'connection-lost', 4],
    [200, '{}', 'application/json', 'unavailable', 'connection-lost', 4],
    [503, problem('unavailable'), type, 'unavailable', 'unavailable', 4],
    [503, problem('connection-lost'), type, 'connection-lost', 'connection-lost', 4],
    [507, problem('quota'), type, 'quota', 'quota', 1],
    [500, problem('no code of ours'), type, 'unknown', 'unknown', 1],
    [500, 'no JSON', type, 'unavailable', 'connection-lost', 4],
  ] as const)(
    '%i %s (%s): a read is %s, a write %s, sent %i times',
    async (status, body, type, read, write, times) => {
      const { answers, events, sent } = failing();
      const again = () => {
        sent.length = 0;
        answers.splice(0, 9, ...Array.from({ length: 4 }, () => () => answer(status, body, type)));
      };
      again();
      await expect(events.head('a')).rejects.toMatchObject({ code: read });
      expect(sent).toHaveLength(times);
      again();
      await expect(events.append('a', [1], { expectedHead: 0, writer: 'w' })).rejects.toMatchObject({
        code: write,
      });
      expect(sent).toHaveLength(times);
    },
  );

  test('a redirection is not followed: the events go to no other server', async () => {
    const elsewhere = inMemory();
    const target = await serve(everybody, () => elsewhere);
    const redirecting = createServer(({ url }, response) => {
      response.writeHead(307, { Location: `${target.url}${url}` }).end();
    });
    await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = redirecting.address() as AddressInfo;
      const events = new HttpEventStore({ url: `http://127.0.0.1:${port}` });
      await expect(events.append('a', ['secret'])).rejects.toMatchObject({ code: 'unavailable' });
      expect(await elsewhere.events.runIds()).toEqual([]);
    } finally {
      redirecting.closeAllConnections();
      await Promise.all([target.close(), new Promise((resolve) => redirecting.close(resolve))]);
    }
  });
});

test('offline, nothing is sent, and it is unavailable at once', async () => {
  vi.stubGlobal('navigator', { onLine: false });
  const { events, snapshots, sent } = failing();
  for (const call of [
    () => events.head('a'),
    () => events.append('a', [1], { expectedHead: 0, writer: 'w' }),
    () => snapshots.save({ runId: 'a', atSeq: 1, state: 1 }),
  ])
    await expect(call()).rejects.toMatchObject({ code: 'unavailable' });
  expect(sent).toEqual([]);
});

test('offline after an answer was lost: it may have landed', async () => {
  const { answers, events } = failing();
  answers.push(() => {
    vi.stubGlobal('navigator', { onLine: false });
    return refuse();
  });
  await expect(events.delete('a')).rejects.toMatchObject({ code: 'connection-lost' });
});

test('a signal gives up what is under way, what waits, and everything later', async () => {
  const controller = new AbortController();
  const reason = new Error('signed out');
  const send: Send = (_, { signal }) =>
    new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('cut'))));
  const { events } = over(send, { signal: controller.signal });
  const calls = [events.head('a'), events.append('a', [1]), events.append('a', [2])];
  controller.abort(reason);
  for (const call of [...calls, events.runIds()])
    await expect(call).rejects.toMatchObject({ code: 'aborted', cause: reason });
});

test('a server that does not answer: after the timeout it is tried again', async () => {
  const stores = inMemory();
  let silent = 2;
  const send: Send = (url, init) => {
    if (silent-- <= 0) return direct(stores)(url, init);
    return new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(new Error('cut'))));
  };
  const { events } = over(send, { timeout: 20 });
  expect(await events.append('a', [1], { expectedHead: 0, writer: 'w' })).toMatchObject({ seq: 1 });
});

test.each([
  undefined,
  {},
  { url: '' },
  { url: 'nowhere' },
  { url: 'ftp://server.test' },
  { url: 'http://server.test/?run=a' },
  { url: 'http://ann:secret@server.test/' },
  { url: 'http://server.test', fetch: 1 },
  { url: 'http://server.test', timeout: 0 },
  { url: 'http://server.test', headers: 'none' },
  { url: 'http://server.test', signal: {} },
])('the constructors refuse %o', (options) => {
  for (const Store of [HttpEventStore, HttpSnapshotStore]) {
    const open = () => Reflect.construct(Store, [options]);
    expect(open).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  }
});

test('a relative url is of the page', async () => {
  vi.stubGlobal('location', { href: 'https://page.test/app/' });
  const urls: string[] = [];
  const events = new HttpEventStore({
    url: '../rewake/',
    fetch: (url) => {
      urls.push(url);
      return answer(404);
    },
  });
  await events
    .head('a')
    .catch((error: AnyKernelError) => expect(isKernelError(error, 'unavailable')).toBe(true));
  expect(urls).toEqual(['https://page.test/rewake/head?run=a']);
});
