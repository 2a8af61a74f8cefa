import { describe, expect, test } from 'vitest';
import type { EventStore } from '../src/contracts/event-store.ts';
import { EventStoreError } from '../src/errors/kernel-error.ts';
import {
  InMemoryEventStore,
  InMemorySnapshotStore,
  openRun,
  type RunDefinition,
  recover,
} from '../src/index.ts';
import { EventPages } from '../src/inspector/event-pages.ts';
import { Replay } from '../src/inspector/replay.ts';
import { factsOf, snapshotText } from '../src/inspector/run-facts.ts';
import { Search } from '../src/inspector/search.ts';
import { openWorkflow } from '../src/workflow/index.ts';

// What the inspector reads of logs, through the contracts alone.

const newStores = () => ({
  snapshots: new InMemorySnapshotStore<unknown>(),
  events: new InMemoryEventStore<unknown>(),
});

/** Stores with a run `a` of the events 1, 2, 3, … */
async function storesWith(events: number) {
  const stores = newStores();
  await stores.events.append(
    'a',
    Array.from({ length: events }, (_, n) => n + 1),
  );
  return stores;
}

/** Resolves when it was called. */
function signal() {
  let tell = () => {};
  const next = () =>
    new Promise<void>((resolve) => {
      tell = resolve;
    });
  return { next, tell: () => tell() };
}

/** A store that notes what is scanned, or refuses to. */
function watched(store: EventStore<unknown>, scan: EventStore<unknown>['scan']): EventStore<unknown> {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'scan') return scan;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('the pages of a log', () => {
  test('are read where somebody looks, once', async () => {
    const { events } = await storesWith(100_000);
    const scans: unknown[] = [];
    const store = watched(events, (runId, from, limit) => {
      scans.push([from, limit]);
      return events.scan(runId, from, limit);
    });
    const loaded = signal();
    const pages = new EventPages(store, 'a', loaded.tell);
    await pages.refresh();
    expect(pages.head.seq).toBe(100_000);
    scans.length = 0;
    const next = loaded.next();
    expect(pages.at(99_999)).toBeUndefined();
    expect(pages.at(99_998)).toBeUndefined();
    await next;
    expect(pages.at(99_999)).toEqual({ seq: 99_999, event: 99_999, version: 1 });
    expect(pages.at(99_501)).toMatchObject({ event: 99_501 });
    expect(scans).toEqual([[99_501, 500]]);
  });

  test('have what has come since, also in a page that was read before', async () => {
    const { events } = await storesWith(3);
    const loaded = signal();
    const pages = new EventPages(events, 'a', loaded.tell);
    await pages.refresh();
    let next = loaded.next();
    pages.at(3);
    await next;
    expect(await pages.refresh()).toBe(false);
    await events.append('a', [4]);
    expect(await pages.refresh()).toBe(true);
    next = loaded.next();
    pages.at(4);
    await next;
    expect(pages.at(4)).toMatchObject({ event: 4 });
  });

  test('are those of the new log after a deletion, and begin after the base after a compaction', async () => {
    const { events } = await storesWith(3);
    const loaded = signal();
    const pages = new EventPages(events, 'a', loaded.tell);
    await pages.refresh();
    let next = loaded.next();
    pages.at(1);
    await next;
    await events.delete('a');
    await events.append('a', ['x', 'y', 'z']);
    expect(await pages.refresh()).toBe(true);
    expect(pages.at(1)).toBeUndefined();
    next = loaded.next();
    await next;
    expect(pages.at(1)).toMatchObject({ event: 'x' });

    const { logId } = pages.head;
    await events.compact('a', { atSeq: 2, logId, version: 1, state: 'xy' });
    expect(await pages.refresh()).toBe(true);
    expect([pages.first, pages.base?.state]).toEqual([3, 'xy']);
    expect(await pages.refresh()).toBe(false);
    await events.compact('a', { atSeq: 3, logId, version: 1, state: 'xyz' });
    expect(await pages.refresh()).toBe(true);
    expect(pages.first).toBe(4);
  });

  test('of a damaged log have everything but what is damaged', async () => {
    const { events } = await storesWith(600);
    const store = watched(events, async (runId, from, limit = 1) => {
      if (from <= 77 && from + limit > 77)
        throw new EventStoreError('unreadable', 'damaged.', { operation: 'scan', runId });
      return events.scan(runId, from, limit);
    });
    const pages = new EventPages(store, 'a', () => {});
    await pages.refresh();
    const read = await pages.read(1, 500);
    expect(read.map(({ seq }) => seq)).toEqual(Array.from({ length: 500 }, (_, n) => n + 1));
    expect(read.filter((event) => 'error' in event).map(({ seq }) => seq)).toEqual([77]);
  });
});

test('a search finds all events that match, goes on with what comes, and notices another log', async () => {
  const { events } = await storesWith(2_500);
  const pages = new EventPages(events, 'a', () => {});
  await pages.refresh();
  const search = new Search(pages, '99 -199');
  const progress: number[] = [];
  await search.run(() => progress.push(search.seq));
  expect(progress).toEqual([1_000, 2_000, 2_500]);
  const expected = Array.from({ length: 2_500 }, (_, n) => n + 1).filter(
    (n) => /99/.test(`${n}`) && !/199/.test(`${n}`),
  );
  expect(search.found).toEqual(expected);

  await events.append('a', [99, 1]);
  await pages.refresh();
  await search.run(() => {});
  expect(search.found).toEqual([...expected, 2_501]);
  expect(search.isOfThisLog).toBe(true);
  await events.delete('a');
  await pages.refresh();
  expect(search.isOfThisLog).toBe(false);
});

const asked: RunDefinition<unknown, unknown> = {
  initialState: 0,
  reduce: (sum, add) => Number(sum) + Number(add),
};

describe('a replay', () => {
  test('gives the state after each event, forwards, backwards and far away, whatever the snapshot says', async () => {
    const stores = await storesWith(5_000);
    const { logId } = await stores.events.head('a');
    await stores.snapshots.save({ runId: 'a', atSeq: 4_000, logId, state: 'wrong' });
    const replay = new Replay('a', stores, asked);
    for (const seq of [5_000, 4_999, 1, 0, 2_500, 4_000, 4_001, 3_999])
      expect(await replay.stateAt(seq, logId)).toBe((seq * (seq + 1)) / 2);
  });

  test('puts each event through the reducer about once, and few for the next state', async () => {
    const stores = await storesWith(5_000);
    const { logId } = await stores.events.head('a');
    let calls = 0;
    const counting: RunDefinition<unknown, unknown> = {
      ...asked,
      reduce: (sum, add) => {
        calls++;
        return Number(sum) + Number(add);
      },
    };
    const replay = new Replay('a', stores, counting);
    await replay.stateAt(5_000, logId);
    expect(calls).toBe(5_000);
    await replay.stateAt(4_999, logId);
    expect(calls).toBeLessThanOrEqual(6_000);
    calls = 0;
    await replay.stateAt(5_000, logId);
    expect(calls).toBe(0);
  });

  test('of a compacted log begins with its base', async () => {
    const stores = await storesWith(3_000);
    const { logId } = await stores.events.head('a');
    const base = { atSeq: 2_500, logId, version: 1, state: (2_500 * 2_501) / 2 };
    await stores.events.compact('a', base);
    const replay = new Replay('a', stores, asked);
    expect(await replay.stateAt(2_500, logId)).toBe(base.state);
    expect(await replay.stateAt(3_000, logId)).toBe((3_000 * 3_001) / 2);
    await expect(replay.stateAt(2_499, logId)).rejects.toMatchObject({ code: 'compacted' });
  });

  test('forgets its states when the run is begun anew, and rejects as a recovery does', async () => {
    const stores = await storesWith(3);
    const replay = new Replay('a', stores, asked);
    expect(await replay.stateAt(3, (await stores.events.head('a')).logId)).toBe(6);
    await stores.events.delete('a');
    await stores.events.append('a', [10, 20, 30]);
    const { logId } = await stores.events.head('a');
    expect(await replay.stateAt(3, logId)).toBe(60);
    const refuse = () => {
      throw new Error('No.');
    };
    const refusing = new Replay('a', stores, { ...asked, reduce: refuse });
    await expect(refusing.stateAt(2, logId)).rejects.toMatchObject({ code: 'reducer-threw', seq: 1 });
    const newer = new Replay('a', stores, { ...asked, version: 2, upcast: (event) => Number(event) * 2 });
    expect(await newer.stateAt(2, logId)).toBe(60);
  });

  test('writes nothing', async () => {
    const stores = await storesWith(3);
    const { logId } = await stores.events.head('a');
    await new Replay('a', stores, asked).stateAt(3, logId);
    expect(await stores.snapshots.runIds()).toEqual([]);
    expect((await recover({ runId: 'a', stores, ...asked })).state).toBe(6);
  });
});

describe('what is told of a run', () => {
  test('is its head, and whether it is a workflow and how that ended', async () => {
    const stores = newStores();
    const run = await openRun({ runId: 'sum', stores, ...asked });
    await run.appendAll([1, 2]);
    await run.close();
    expect(await factsOf(stores, 'sum')).toMatchObject({ seq: 2, workflow: undefined });
    expect(await factsOf(stores, 'nobody')).toEqual({ seq: 0, logId: null, workflow: undefined });

    const done = await openWorkflow({ runId: 'done', stores, run: () => 7 });
    expect(await done.result).toBe(7);
    expect(await factsOf(stores, 'done')).toMatchObject({ seq: 2, workflow: 'completed' });
    const waiting = await openWorkflow({
      runId: 'waiting',
      stores,
      run: (_, step) => step.waitForEvent('x', { type: 'x' }),
    });
    const cancelled = waiting.result.catch(({ code }) => code);
    await expect.poll(() => waiting.status).toBe('waiting');
    const before = await factsOf(stores, 'waiting');
    expect(before).toMatchObject({ workflow: 'workflow' });
    expect(await factsOf(stores, 'waiting', before)).toBe(before);
    await waiting.cancel();
    expect(await cancelled).toBe('cancelled');
    expect(await factsOf(stores, 'waiting', before)).toMatchObject({ workflow: 'cancelled' });
  });

  test('says of the snapshot how far behind it is, and why it would be ignored', async () => {
    const stores = await storesWith(10);
    const pages = new EventPages(stores.events, 'a', () => {});
    await pages.refresh();
    const { logId } = pages.head;
    const text = () => snapshotText(stores, pages);
    expect(await text()).toBe('none');
    await stores.snapshots.save({ runId: 'a', atSeq: 4, logId, version: 2, state: 10 });
    expect(await text()).toBe('at 4, version 2, 6 behind');
    await stores.snapshots.save({ runId: 'a', atSeq: 10, logId, state: 55 });
    expect(await text()).toBe('at 10');
    await stores.snapshots.save({ runId: 'a', atSeq: 10, logId: 'other', state: 55 });
    expect(await text()).toBe('at 10: ignored, of another log');
    await stores.snapshots.save({ runId: 'a', atSeq: 11, logId, state: 55 });
    expect(await text()).toBe('at 11: ignored, ahead of the log');
  });
});
