import {
  type EventStore,
  InMemoryEventStore,
  InMemorySnapshotStore,
  RunError,
  recover,
  type SequencedEvent,
  SnapshotStoreError,
} from 'rewake';
import { beforeEach, describe, expect, test } from 'vitest';
import { initialState, reduce, type State } from './run-scene.ts';

const fold = (log: readonly number[]) => log.reduce(reduce, initialState);

let snapshots: InMemorySnapshotStore<State>;
let events: InMemoryEventStore<number>;

beforeEach(() => {
  snapshots = new InMemorySnapshotStore();
  events = new InMemoryEventStore();
});

const run = (change = {}) =>
  recover({ runId: 'a', stores: { snapshots, events, ...change }, reduce, initialState, ...change });

describe('recover', () => {
  test('an unknown run: the initial state at seq 0', async () => {
    expect(await run()).toEqual({ state: initialState, seq: 0, logId: null, snapshotSeq: 0, replayed: 0 });
  });

  test('without a snapshot the whole log is replayed', async () => {
    const { logId } = await events.append('a', [1, 2, 3]);
    const state = { sum: 6, count: 3 };
    expect(await run()).toEqual({ state, seq: 3, logId, snapshotSeq: 0, replayed: 3 });
  });

  test('with a snapshot only the tail is replayed, from the event after atSeq on', async () => {
    const { logId } = await events.append('a', [1, 2, 3, 4]);
    // Not what the log says, so that it shows that nothing before it was replayed.
    await snapshots.save({ runId: 'a', atSeq: 2, logId, state: { sum: 1000, count: 2 } });
    const state = { sum: 1007, count: 4 };
    expect(await run()).toEqual({ state, seq: 4, logId, snapshotSeq: 2, replayed: 2 });
  });

  test('with a snapshot at the head nothing is replayed', async () => {
    const { logId } = await events.append('a', [1, 2]);
    const state = { sum: 3, count: 2 };
    await snapshots.save({ runId: 'a', atSeq: 2, logId, state });
    expect(await run()).toEqual({ state, seq: 2, logId, snapshotSeq: 2, replayed: 0 });
  });

  test('a long log is read in pages, each event once', async () => {
    const log = Array.from({ length: 100_000 }, (_, index) => index);
    await events.append('a', log);
    const pages: number[] = [];
    const counting: Pick<EventStore<number>, 'head' | 'scan'> = {
      head: (runId) => events.head(runId),
      async scan(...scan) {
        const page = await events.scan(...scan);
        pages.push(page.events.length);
        return page;
      },
    };
    expect(await run({ events: counting })).toMatchObject({ state: fold(log), replayed: 100_000 });
    expect(pages).toEqual(Array(10).fill(10_000));
  });

  test('events that are appended meanwhile are left for later: the state is that at seq', async () => {
    await events.append('a', [1, 2]);
    const growing: Pick<EventStore<number>, 'head' | 'scan'> = {
      head: (runId) => events.head(runId),
      async scan(...scan) {
        await events.append('a', [100]);
        return events.scan(...scan);
      },
    };
    expect(await run({ events: growing })).toMatchObject({
      state: { sum: 3, count: 2 },
      seq: 2,
      replayed: 2,
    });
  });
});

describe('a snapshot that cannot be used is ignored and reported', () => {
  test('ahead of the log', async () => {
    const { logId } = await events.append('a', [1, 2]);
    await snapshots.save({ runId: 'a', atSeq: 3, logId, state: { sum: 1000, count: 3 } });
    expect(await run()).toEqual({
      state: { sum: 3, count: 2 },
      seq: 2,
      logId,
      snapshotSeq: 0,
      replayed: 2,
      ignoredSnapshot: { reason: 'ahead-of-log', atSeq: 3 },
    });
  });

  test.each(['unreadable', 'newer-version'] as const)('%s', async (code) => {
    const { logId } = await events.append('a', [1, 2]);
    const error = new SnapshotStoreError(code, 'injected', { operation: 'loadLatest', runId: 'a' });
    const broken = { loadLatest: () => Promise.reject(error) };
    expect(await run({ snapshots: broken })).toEqual({
      state: { sum: 3, count: 2 },
      seq: 2,
      logId,
      snapshotSeq: 0,
      replayed: 2,
      ignoredSnapshot: { reason: code, error },
    });
  });
});

describe('never a wrong state', () => {
  test('any other failure of the snapshot store comes through', async () => {
    const error = new SnapshotStoreError('connection-lost', 'injected', {
      operation: 'loadLatest',
      runId: 'a',
    });
    await expect(run({ snapshots: { loadLatest: () => Promise.reject(error) } })).rejects.toBe(error);
  });

  const numbered = (...seqs: number[]): SequencedEvent<number>[] =>
    seqs.map((seq) => ({ seq, event: seq, version: 1 }));

  test.each<[string, SequencedEvent<number>[], number]>([
    ['an event is missing', numbered(1, 3), 2],
    ['the first event is missing', numbered(2, 3), 1],
    ['the last event is missing', [], 1],
    ['an event is there twice', numbered(1, 1), 2],
    ['the order is wrong', numbered(2, 1), 1],
  ])('%s: unreadable, naming the seq', async (_, page, seq) => {
    const logId = 'l';
    const log = { head: async () => ({ seq: 3, logId }), scan: async () => ({ logId, events: page }) };
    const error = await run({ events: log }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RunError);
    expect(error).toMatchObject({ code: 'unreadable', runId: 'a', seq, operation: 'recover' });
  });

  test('a log that got shorter and kept its identity: unreadable, and not read for ever', async () => {
    const logId = 'l';
    const log = {
      head: async () => ({ seq: 25_000, logId }),
      scan: async (_: string, from: number, limit = 0) => ({
        logId,
        events: from > 1 ? [] : numbered(...Array.from({ length: limit }, (_, index) => index + 1)),
      }),
    };
    await expect(run({ events: log })).rejects.toMatchObject({ code: 'unreadable', seq: 10_001 });
  });

  test('the reducer throws: reducer-threw, naming the seq, with its error as the cause', async () => {
    await events.append('a', [1, 2, 3]);
    const cause = new Error('I know no 2');
    const picky = (state: State, event: number) => {
      if (event === 2) throw cause;
      return reduce(state, event);
    };
    const error = await run({ reduce: picky }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RunError);
    expect(error).toMatchObject({ code: 'reducer-threw', runId: 'a', seq: 2, cause });
    expect(String(error)).toContain('I know no 2');
  });
});
