import fc from 'fast-check';
import { isKernelError, openRun, recover } from 'rewake';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { direct, inMemory, over, type Send } from './http-scene.ts';

// Requests that never arrive, and answers that are lost after the server has committed.

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** What becomes of a request. */
const faults = ['none', 'before', 'after', 'cut', 'proxy before', 'proxy after'] as const;
type Fault = (typeof faults)[number];
/** In a mild network a request is tried a few times; in a harsh one, many are given up. */
const network = (weight: number) =>
  fc.array(
    fc.oneof(
      { weight, arbitrary: fc.constant<Fault>('none') },
      { weight: 2, arbitrary: fc.constantFrom(...faults) },
    ),
    { maxLength: 60, size: 'max' },
  );
const someFaults = fc.oneof(network(3), network(0));

function faulty(stores: ReturnType<typeof inMemory>, plan: readonly Fault[]) {
  const whole = direct(stores);
  const left = [...plan];
  const network = { isWhole: false, lost: 0 };
  const send: Send = async (url, init) => {
    const fault = network.isWhole ? 'none' : (left.shift() ?? 'none');
    if (fault !== 'none') network.lost++;
    if (fault === 'before') throw new TypeError('fetch failed');
    if (fault === 'proxy before') return new Response('<h1>Bad gateway</h1>', { status: 502 });
    const response = await whole(url, init);
    if (fault === 'after') throw new TypeError('fetch failed');
    if (fault === 'proxy after') return new Response('<h1>Gateway timeout</h1>', { status: 504 });
    const { status, headers } = response;
    if (fault === 'cut') return new Response((await response.text()).slice(0, -1), { status, headers });
    return response;
  };
  return { send, network };
}

const operations = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('append' as const),
      size: fc.integer({ min: 0, max: 3 }),
      isNamed: fc.boolean(),
    }),
    fc.record({
      kind: fc.constantFrom('compact' as const, 'delete' as const, 'save' as const, 'begin' as const),
    }),
  ),
  { maxLength: 12 },
);

test('whatever is lost: what resolved is there, what was refused is not, and nothing is there twice', async () => {
  let lost = 0;
  await fc.assert(
    fc.asyncProperty(someFaults, operations, async (plan, script) => {
      const stores = inMemory();
      const { send, network } = faulty(stores, plan);
      const { events, snapshots } = over(send);
      /** The log: its base and its events. */
      let model: { base: number; events: unknown[] } = { base: 0, events: [] };
      let next = 0;
      const found = async () => {
        const base = (await stores.events.base('a'))?.atSeq ?? 0;
        return { base, events: (await stores.events.scan('a', base + 1)).events.map(({ event }) => event) };
      };
      for (const operation of script) {
        const head = await stores.events.head('a');
        const { base, events: all } = model;
        let after = model;
        let call: () => Promise<unknown>;
        let isRepeatable = true;
        switch (operation.kind) {
          case 'append': {
            const batch = Array.from({ length: operation.size }, () => next++);
            const writer = operation.isNamed ? `w${next}` : undefined;
            call = () => events.append('a', batch, { expectedHead: head.seq, logId: head.logId, writer });
            after = { base, events: [...all, ...batch] };
            isRepeatable = operation.isNamed;
            break;
          }
          case 'compact':
            call = () => events.compact('a', { atSeq: head.seq, logId: head.logId, version: 1, state: 0 });
            if (head.seq === 0) continue;
            after = { base: head.seq, events: [] };
            break;
          case 'begin':
            call = () => events.begin('a', { atSeq: head.seq + 5, version: 1, state: 0 }, head);
            after = { base: head.seq + 5, events: [] };
            isRepeatable = false;
            break;
          case 'delete':
            call = () => events.delete('a');
            after = { base: 0, events: [] };
            break;
          case 'save':
            await snapshots.delete('a').catch(() => {});
            call = () => snapshots.save({ runId: 'a', atSeq: head.seq, state: next });
            break;
        }
        const error: unknown = await call().then(
          () => undefined,
          (error) => error,
        );
        if (error === undefined) {
          expect(await found()).toEqual(after);
          if (operation.kind === 'save') expect((await stores.snapshots.loadLatest('a'))?.state).toBe(next);
          model = after;
          continue;
        }
        // Nobody else writes: it may be that it is unknown, and nothing else.
        const isUnknown = isKernelError(error, 'connection-lost');
        if (!isUnknown && operation.kind !== 'save') throw error;
        const now = await found();
        expect([model, after]).toContainEqual(now);
        if (isRepeatable && operation.kind !== 'save') {
          network.isWhole = true;
          await call();
          network.isWhole = false;
          expect(await found()).toEqual(after);
          model = after;
        } else model = now;
      }
      lost += network.lost;
    }),
    { numRuns: 300 },
  );
  expect(lost).toBeGreaterThan(100);
});

test('a run over a bad network: each event that was acknowledged is in the log, at its seq, once', async () => {
  let acknowledged = 0;
  await fc.assert(
    fc.asyncProperty(someFaults, fc.array(fc.boolean(), { maxLength: 25 }), async (plan, awaits) => {
      const stores = inMemory();
      const { send, network } = faulty(stores, plan);
      const client = over<readonly number[], number>(send);
      const definition = {
        initialState: [] as readonly number[],
        reduce: (all: readonly number[], event: number) => [...all, event],
      };
      network.isWhole = true;
      const run = await openRun({
        runId: 'a',
        ...definition,
        stores: client,
        onError: () => {},
        snapshotEvery: 3,
      });
      network.isWhole = false;
      const appends: Promise<number | undefined>[] = [];
      for (const [event, isAwaited] of awaits.entries()) {
        const append = run.append(event).catch(() => undefined);
        appends.push(append);
        if (isAwaited) await append;
      }
      const seqs = await Promise.all(appends);
      await run.close();
      network.isWhole = true;
      const { state } = await recover({ runId: 'a', ...definition, stores: client });
      expect(new Set(state).size).toBe(state.length);
      expect(state).toEqual(awaits.slice(0, state.length).map((_, event) => event));
      for (const [event, seq] of seqs.entries()) if (seq !== undefined) expect(state[seq - 1]).toBe(event);
      acknowledged += seqs.filter((seq) => seq !== undefined).length;
    }),
    { numRuns: 200 },
  );
  expect(acknowledged).toBeGreaterThan(100);
});
