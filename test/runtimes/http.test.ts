import { followRun, openRun } from 'rewake';
import { HttpEventStore, HttpSnapshotStore } from 'rewake/http';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { conformsAt } from '../http-scene.ts';
import { expectAll, names, runtimes, serveIn } from './guests.ts';

// The servers are bun and Deno; the client is the Node that runs this, and once each of the others.

const definition = { initialState: 0, reduce: (sum: number, add: number) => sum + add };

describe.each(['bun', 'Deno'])('a server in %s', (runtime) => {
  let server: Awaited<ReturnType<typeof serveIn>>;
  beforeAll(async () => {
    server = await serveIn(runtime);
  });
  afterAll(() => server?.stop());

  conformsAt(() => server.url);

  test.each(Object.keys(runtimes))('and the conformance suite with a client in %s', (client) =>
    expectAll(client, ['HTTP', server.url], names),
  );

  const storesAt = (path: string) => {
    const url = `${server.url}/${path}-${crypto.randomUUID()}`;
    return { snapshots: new HttpSnapshotStore<number>({ url }), events: new HttpEventStore<number>({ url }) };
  };

  test('a body that is too large is refused, whether or not its length is told, and the next is not', async () => {
    const { events } = storesAt('large');
    const large = 'x'.repeat(9 * 2 ** 20);
    await expect(events.append('a', [large as never])).rejects.toMatchObject({ code: 'invalid-argument' });
    const url = `${server.url}/large/events?run=a`;
    const headers = { 'Content-Type': 'application/json' };
    const body = new Blob([`{"events":["${large}"]}`]).stream();
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers, body, duplex: 'half' };
    expect((await fetch(url, init)).status).toBe(413);
    expect(await events.append('a', [1])).toMatchObject({ seq: 1 });
  });

  test('a follower hears at once of what another client appends', async () => {
    const stores = storesAt('told');
    const onError = vi.fn();
    const owner = await openRun({ runId: 'a', ...definition, stores });
    const follower = await followRun({ runId: 'a', ...definition, stores, onError });
    for (const sum of [1, 2, 3]) {
      const seen = new Promise<void>((resolve) => {
        follower.subscribe(() => follower.state === sum && resolve());
      });
      await owner.append(1);
      await seen;
    }
    await Promise.all([owner.close(), follower.close()]);
    expect(onError).not.toHaveBeenCalled();
  });

  test('a connection on which nothing happens is kept', async () => {
    const url = `${server.url}/silent/commits?run=a`;
    const { body } = await fetch(url);
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toContain('id: 0-');
    // Fifteen seconds: Bun cuts a connection that is silent for ten.
    for (let n = 0; n < 3; n++) expect((await reader?.read())?.value).toBe(':\n\n');
    await reader?.cancel();
  });

  test('a client that goes away is forgotten: its head is read no more', async () => {
    const heads = async (): Promise<number> => (await fetch(`${server.url}/heads`)).json();
    const onError = vi.fn();
    const follower = await followRun({ runId: 'a', ...definition, stores: storesAt('polled'), onError });
    const before = await heads();
    await vi.waitFor(async () => expect(await heads()).toBeGreaterThan(before + 5), 10_000);
    const atClose = await heads();
    await follower.close();
    let now = 0;
    await vi.waitFor(
      async () => {
        now = await heads();
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(await heads()).toBe(now);
      },
      { timeout: 20_000 },
    );
    // By itself it would end after five seconds, when nobody takes the sign of life.
    expect(now - atClose).toBeLessThan(200);
  });
});
