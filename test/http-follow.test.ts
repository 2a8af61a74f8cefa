import { followRun, openRun } from 'rewake';
import { handle } from 'rewake/http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { direct, everybody, inMemory, over, type Send, serve } from './http-scene.ts';
import { changed } from './stores-scene.ts';

const definition = {
  initialState: 0,
  reduce: (sum: number, add: number) => sum + add,
};

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Resolves when the follower's state is this. */
const until = (run: { state: unknown; subscribe(listener: () => void): () => void }, state: unknown) =>
  new Promise<void>((resolve) => {
    const check = () => run.state === state && resolve();
    run.subscribe(check);
    check();
  });

describe('a follower over node:http', () => {
  test('hears at once of what another client appends through the same process', async () => {
    // So seldom that only the process itself can tell.
    const server = await serve({ ...everybody, pollEvery: 3_600_000 });
    const client = () => over<number, number>(fetch, { url: `${server.url}/x` });
    const owner = await openRun<number, number>({ runId: 'a', ...definition, stores: client() });
    const onError = vi.fn();
    const follower = await followRun<number, number>({
      runId: 'a',
      ...definition,
      stores: client(),
      onError,
    });
    try {
      const seqs: number[] = [];
      follower.onEvent(({ seq }) => seqs.push(seq));
      for (const sum of [1, 2, 3]) {
        const seen = until(follower, sum);
        await owner.append(1);
        await seen;
      }
      expect(seqs).toEqual([1, 2, 3]);
      await owner.compact();
      const seen = until(follower, 10);
      await owner.append(7);
      await seen;
      expect(onError).not.toHaveBeenCalled();
    } finally {
      await Promise.all([owner.close(), follower.close()]);
      await server.close();
    }
  });

  test('hears of what another process appends when the head is read the next time', async () => {
    const stores = inMemory();
    const server = await serve({ ...everybody, pollEvery: 5 }, () => stores);
    const follower = await followRun<number, number>({
      runId: 'a',
      ...definition,
      onError: () => {},
      stores: over<number, number>(fetch, { url: server.url }),
    });
    try {
      const seen = until(follower, 5);
      await stores.events.append('a', [2, 3]);
      await seen;
      expect(follower.seq).toBe(2);
    } finally {
      await follower.close();
      await server.close();
    }
  });
});

describe('the Server-Sent Events', () => {
  const commits = (
    stores: ReturnType<typeof inMemory>,
    headers: Record<string, string> = {},
    pollEvery = 1_000,
  ) => handle(new Request('http://x.test/commits?run=a', { headers }), stores, { ...everybody, pollEvery });
  const readerOf = (response: Response) => {
    const reader = response.body?.getReader();
    const next = async () => {
      const chunk = await reader?.read();
      return chunk?.done ? undefined : new TextDecoder().decode(chunk?.value);
    };
    return { next, cancel: () => reader?.cancel() };
  };

  test('begin with the head, unless it is the Last-Event-ID', async () => {
    const stores = inMemory();
    const { logId } = await stores.events.append('a', [1, 2]);
    const first = await commits(stores);
    expect(first.headers.get('Content-Type')).toBe('text/event-stream');
    const { next, cancel } = readerOf(first);
    expect(await next()).toBe(`id: 2-${logId}\ndata: {"seq":2,"logId":"${logId}"}\n\n`);
    cancel();
    const known = readerOf(await commits(stores, { 'Last-Event-ID': `2-${logId}` }));
    expect(await known.next()).toBe(':\n\n');
    known.cancel();
    await stores.events.append('a', [3]);
    const missed = readerOf(await commits(stores, { 'Last-Event-ID': `2-${logId}` }));
    expect(await missed.next()).toContain(`id: 3-${logId}`);
    missed.cancel();
  });

  test('a comment comes after 5 seconds of silence, and after 5 minutes the end, however seldom the head is read', async () => {
    vi.useFakeTimers();
    const stores = inMemory();
    const { next } = readerOf(await commits(stores, {}, 3_600_000));
    await next();
    const from = Date.now();
    let spokeAt = 0;
    const reading = next().finally(() => {
      spokeAt = Date.now() - from;
    });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await reading).toBe(':\n\n');
    expect(spokeAt).toBe(5_000);
    let rest: string | undefined = '';
    const toTheEnd = (async () => {
      while (rest !== undefined) rest = await next();
    })();
    await vi.advanceTimersByTimeAsync(279_000);
    expect(rest).toBe(':\n\n');
    await vi.advanceTimersByTimeAsync(1_000);
    await toTheEnd;
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a client that goes away is forgotten: its head is read no more', async () => {
    vi.useFakeTimers();
    const stores = inMemory();
    const head = vi.spyOn(stores.events, 'head');
    const { next, cancel } = readerOf(await commits(stores));
    await next();
    const reading = next();
    await vi.advanceTimersByTimeAsync(3_000);
    const before = head.mock.calls.length;
    expect(before).toBeGreaterThan(3);
    await cancel();
    await reading;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(head).toHaveBeenCalledTimes(before);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('watch', () => {
  test('asks again from where it was when the answer ends, and tells an outage once', async () => {
    vi.useFakeTimers();
    const stores = inMemory();
    const { logId } = await stores.events.append('a', [1]);
    const asked: (string | null)[] = [];
    const ends: (() => void)[] = [];
    let isDown = false;
    const send: Send = async (url, init) => {
      const request = new Request(url, init);
      asked.push(request.headers.get('Last-Event-ID'));
      if (isDown) throw new TypeError('fetch failed');
      const { body, headers } = await direct(stores, { ...everybody, pollEvery: 100 })(url, init);
      const cut = new TransformStream<Uint8Array, Uint8Array>();
      ends.push(() => stop.abort());
      const stop = new AbortController();
      body?.pipeTo(cut.writable, { signal: stop.signal }).catch(() => {});
      return new Response(cut.readable, { headers });
    };
    const { events } = over(send);
    const onChange = vi.fn();
    const onError = vi.fn();
    const end = events.watch('a', { onChange, onError });
    await vi.advanceTimersByTimeAsync(10);
    expect(onChange).toHaveBeenCalledTimes(1);
    expect(asked).toEqual([null]);

    isDown = true;
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(onError).toHaveBeenCalledTimes(1);
    expect(onError).toHaveBeenCalledWith(
      expect.objectContaining({
        name: 'EventStoreError',
        code: 'unavailable',
        operation: 'watch',
        runId: 'a',
      }),
    );
    expect(asked.length).toBeGreaterThan(3);
    expect(new Set(asked)).toEqual(new Set([null, `1-${logId}`]));

    isDown = false;
    await stores.events.append('a', [2]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(onChange).toHaveBeenCalledTimes(2);

    // Each outage, whether or not anything has changed between two of them.
    for (const outages of [2, 3]) {
      isDown = true;
      ends.at(-1)?.();
      await vi.advanceTimersByTimeAsync(5_000);
      expect(onError).toHaveBeenCalledTimes(outages);
      isDown = false;
      await vi.advanceTimersByTimeAsync(2_000);
      expect(onChange).toHaveBeenCalledTimes(2);
    }
    isDown = true;
    ends.at(-1)?.();
    await vi.advanceTimersByTimeAsync(5_000);
    const before = asked.length;
    end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(before);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a server that goes silent is given up after the timeout', async () => {
    vi.useFakeTimers();
    let asked = 0;
    const send: Send = async (_, { signal }) => {
      asked++;
      const body = new ReadableStream({
        start: (controller) => signal?.addEventListener('abort', () => controller.error(new Error('cut'))),
      });
      return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
    };
    const onError = vi.fn();
    const end = over(send).events.watch('a', { onChange: () => {}, onError });
    await vi.advanceTimersByTimeAsync(29_000);
    expect([asked, onError.mock.calls.length]).toEqual([1, 0]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect([asked, onError.mock.calls.length]).toEqual([2, 1]);
    end();
  });

  test('a head that cannot be read is told to the server, and ends the answer', async () => {
    const stores = inMemory();
    const cause = new Error('the database is gone');
    const onError = vi.fn();
    const events = changed(stores.events, { head: () => Promise.reject(cause) });
    const request = new Request('http://x.test/commits?run=a');
    const response = await handle(request, { ...stores, events }, { ...everybody, onError });
    expect(await response.text()).toBe('');
    expect(onError).toHaveBeenCalledWith(cause);
  });

  test('a bad run id throws', () => {
    const { events } = over(direct(inMemory()));
    const watcher = { onChange: () => {}, onError: () => {} };
    expect(() => events.watch('', watcher)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });
});
