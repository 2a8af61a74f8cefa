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

const noBase = { base: async () => undefined };

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
    expect(await run()).toEqual({
      state: initialState,
      seq: 0,
      logId: null,
      snapshotSeq: 0,
      baseSeq: 0,
      replayed: 0,
    });
  });

  test('without a snapshot the whole log is replayed', async () => {
    const { logId } = await events.append('a', [1, 2, 3]);
    const state = { sum: 6, count: 3 };
    expect(await run()).toEqual({ state, seq: 3, logId, snapshotSeq: 0, baseSeq: 0, replayed: 3 });
  });

  test('with a snapshot only the tail is replayed, from the event after atSeq on', async () => {
    const { logId } = await events.append('a', [1, 2, 3, 4]);
    // Not what the log says, so that it shows that nothing before it was replayed.
    await snapshots.save({ runId: 'a', atSeq: 2, logId, state: { sum: 1000, count: 2 } });
    const state = { sum: 1007, count: 4 };
    expect(await run()).toEqual({ state, seq: 4, logId, snapshotSeq: 2, baseSeq: 0, replayed: 2 });
  });

  test('with a snapshot at the head nothing is replayed', async () => {
    const { logId } = await events.append('a', [1, 2]);
    const state = { sum: 3, count: 2 };
    await snapshots.save({ runId: 'a', atSeq: 2, logId, state });
    expect(await run()).toEqual({ state, seq: 2, logId, snapshotSeq: 2, baseSeq: 0, replayed: 0 });
  });

  test('a long log is read in pages, each event once', async () => {
    const log = Array.from({ length: 100_000 }, (_, index) => index);
    await events.append('a', log);
    const pages: number[] = [];
    const counting: Pick<EventStore<number>, 'head' | 'scan' | 'base'> = {
      head: (runId) => events.head(runId),
      base: (runId) => events.base(runId),
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
    const growing: Pick<EventStore<number>, 'head' | 'scan' | 'base'> = {
      head: (runId) => events.head(runId),
      base: (runId) => events.base(runId),
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
      baseSeq: 0,
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
      baseSeq: 0,
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
    const log = {
      ...noBase,
      head: async () => ({ seq: 3, logId }),
      scan: async () => ({ logId, events: page }),
    };
    const error = await run({ events: log }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RunError);
    expect(error).toMatchObject({ code: 'unreadable', runId: 'a', seq, operation: 'recover' });
  });

  test('a log that got shorter and kept its identity: unreadable, and not read for ever', async () => {
    const logId = 'l';
    const log = {
      ...noBase,
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

describe('a compacted log', () => {
  // Not what the log says, so that it shows where the state comes from.
  const ofBase: State = { sum: 1000, count: 0 };
  const ofSnapshot: State = { sum: 2000, count: 0 };
  const compact = (atSeq: number, logId: string | null, version = 1) =>
    events.compact('a', { atSeq, logId, version, state: ofBase });

  test('without a snapshot: the base, and the events after it', async () => {
    const { logId } = await events.append('a', [1, 2, 3, 4]);
    await compact(2, logId);
    const state = { sum: 1007, count: 2 };
    expect(await run()).toEqual({ state, seq: 4, logId, snapshotSeq: 0, baseSeq: 2, replayed: 2 });
    await compact(4, logId);
    expect(await run()).toEqual({ state: ofBase, seq: 4, logId, snapshotSeq: 0, baseSeq: 4, replayed: 0 });
  });

  test.each([
    [1, 'base'],
    [2, 'snapshot'],
    [3, 'snapshot'],
    [4, 'snapshot'],
  ])('a base at 2, and a snapshot at %i: the %s, which is the newest', async (atSeq, newest) => {
    const { logId } = await events.append('a', [1, 2, 3, 4]);
    await snapshots.save({ runId: 'a', atSeq, logId, state: ofSnapshot });
    await compact(2, logId);
    const { snapshotSeq, baseSeq, state, replayed, ignoredSnapshot } = await run();
    const isBase = newest === 'base';
    expect([snapshotSeq, baseSeq]).toEqual(isBase ? [0, 2] : [atSeq, 0]);
    expect(state.sum).toBe(isBase ? 1007 : 2000 + Number([7, 7, 4, 0][atSeq - 1]));
    expect(replayed).toBe(4 - (isBase ? 2 : atSeq));
    expect(ignoredSnapshot).toBeUndefined();
  });

  test('a snapshot that cannot be used is reported, and the base is used', async () => {
    const { logId } = await events.append('a', [1, 2, 3]);
    await compact(2, logId);
    await snapshots.save({ runId: 'a', atSeq: 3, logId: 'another', state: ofSnapshot });
    expect(await run()).toMatchObject({
      state: { sum: 1003 },
      snapshotSeq: 0,
      baseSeq: 2,
      ignoredSnapshot: { reason: 'other-log', atSeq: 3 },
    });
  });

  test('the base is read only if it is needed: a log that begins with event 1 costs nothing more', async () => {
    const { logId } = await events.append('a', [1, 2, 3]);
    let reads = 0;
    const counting = {
      head: events.head.bind(events),
      scan: events.scan.bind(events),
      base: (runId: string) => {
        reads++;
        return events.base(runId);
      },
    };
    await run({ events: counting });
    await snapshots.save({ runId: 'a', atSeq: 2, logId, state: ofSnapshot });
    await compact(2, logId);
    await run({ events: counting });
    expect(reads).toBe(0);
  });

  test('compacted between two pages, further and further: a right state all the same', async () => {
    const log = Array.from({ length: 45_000 }, (_, index) => index % 7);
    const { logId } = await events.append('a', log);
    const scans: number[] = [];
    const shrinking: Pick<EventStore<number>, 'head' | 'scan' | 'base'> = {
      head: (runId) => events.head(runId),
      base: (runId) => events.base(runId),
      async scan(runId, from, limit) {
        scans.push(from);
        const atSeq = { 2: 15_000, 4: 30_000, 5: 44_999 }[scans.length];
        if (atSeq) await events.compact('a', { atSeq, logId, version: 1, state: fold(log.slice(0, atSeq)) });
        return events.scan(runId, from, limit);
      },
    };
    const { state, seq, baseSeq } = await run({ events: shrinking });
    expect({ state, seq }).toEqual({ state: fold(log), seq: 45_000 });
    expect(baseSeq).toBeGreaterThan(0);
    expect(scans.length).toBeGreaterThan(5);
  });

  test('compacted while it reads, and a newer snapshot is there by then: the snapshot, which needs no base', async () => {
    const { logId } = await events.append('a', [1, 2, 3, 4]);
    const overtaken: Pick<EventStore<number>, 'head' | 'scan' | 'base'> = {
      head: (runId) => events.head(runId),
      base: (runId) => events.base(runId),
      async scan(...scan) {
        await snapshots.save({ runId: 'a', atSeq: 3, logId, state: ofSnapshot });
        await compact(2, logId);
        return events.scan(...scan);
      },
    };
    expect(await run({ events: overtaken })).toMatchObject({
      state: { sum: 2004 },
      snapshotSeq: 3,
      baseSeq: 0,
    });
  });

  test('compacted, deleted and begun anew before its base is read: the state is of the new log', async () => {
    const { logId } = await events.append('a', [1, 2, 3]);
    await compact(2, logId);
    const replaced: Pick<EventStore<number>, 'head' | 'scan' | 'base'> = {
      head: (runId) => events.head(runId),
      scan: (...scan) => events.scan(...scan),
      async base(runId) {
        const base = await events.base(runId);
        await events.delete('a');
        await events.append('a', [5, 5, 5]);
        return base;
      },
    };
    expect(await run({ events: replaced })).toMatchObject({ state: fold([5, 5, 5]), seq: 3, baseSeq: 0 });
  });

  test('a base that cannot be read, or is of a higher version, is never ignored', async () => {
    const { logId } = await events.append('a', [1, 2, 3]);
    await compact(2, logId, 2);
    await expect(run()).rejects.toMatchObject({ code: 'newer-version', seq: 2, runId: 'a' });
    const error = new RunError('unreadable', 'injected', { operation: 'base' });
    const broken = {
      head: events.head.bind(events),
      scan: events.scan.bind(events),
      base: () => Promise.reject(error),
    };
    await expect(run({ events: broken })).rejects.toBe(error);
  });
});
