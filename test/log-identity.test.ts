import {
  type EventStore,
  followRun,
  IndexedDbEventStore,
  IndexedDbSnapshotStore,
  InMemoryEventStore,
  InMemorySnapshotStore,
  openRun,
  recover,
  type SnapshotStore,
} from 'rewake';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fakePage } from './fake-page.ts';
import { plant, remove } from './fault-cases/scene.ts';
import { FaultyFactory } from './faulty-factory.ts';

// A seq comes again when a run is deleted and begun anew; the identity of its log does not.

type State = readonly string[];
const reduce = (state: State, event: string): State => [...state, event];
const definition = { reduce, initialState: [] as State };

interface Stores {
  readonly snapshots: SnapshotStore<State>;
  readonly events: EventStore<string>;
}

let factory: FaultyFactory;

beforeEach(() => {
  factory = new FaultyFactory();
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const inMemory = (): [Stores, Stores] => {
  const stores = { snapshots: new InMemorySnapshotStore<State>(), events: new InMemoryEventStore<string>() };
  return [stores, stores];
};
const inIndexedDb = (): [Stores, Stores] => {
  const open = (indexedDB: IDBFactory): Stores => ({
    snapshots: new IndexedDbSnapshotStore({ indexedDB }),
    events: new IndexedDbEventStore({ indexedDB }),
  });
  return [open(factory), open(factory.otherPage())];
};

/** What anybody finds in the log, and gets by recovering the run. */
async function stored({ snapshots, events }: Stores) {
  const log = (await events.scan('a', 1)).events.map(({ event }) => event);
  const { state } = await recover({ runId: 'a', stores: { snapshots, events }, ...definition });
  return { log, state };
}

async function beginAnew({ snapshots, events }: Stores, log: readonly string[]): Promise<void> {
  await Promise.all([events.delete('a'), snapshots.delete('a')]);
  if (log.length > 0) await events.append('a', log);
}

describe.each([
  ['in memory', inMemory],
  ['in IndexedDB', inIndexedDb],
])('a run that another tab has deleted and begun anew, %s', (_, open) => {
  let stale: Stores;
  let other: Stores;

  beforeEach(() => {
    [stale, other] = open();
  });

  const openStale = async () => {
    const run = await openRun({ runId: 'a', ...definition, stores: stale });
    for (const event of ['old 1', 'old 2', 'old 3']) await run.append(event);
    return run;
  };
  const anew = ['new 1', 'new 2', 'new 3'];

  test('an append at the same seq is refused with conflict', async () => {
    const run = await openStale();
    await beginAnew(other, anew);
    await expect(run.append('from the stale tab')).rejects.toMatchObject({
      code: 'conflict',
      expected: 3,
      actual: 3,
      message: expect.stringContaining('begun anew'),
    });
    expect(await stored(other)).toEqual({ log: anew, state: anew });
  });

  test.each([3, 5])('the snapshot of its closing gives no wrong state in a log of %i', async (length) => {
    const run = await openStale();
    const log = [...anew, 'new 4', 'new 5'].slice(0, length);
    await beginAnew(other, log);
    await run.close();
    expect(await stored(other)).toEqual({ log, state: log });
    const owner = await openRun({ runId: 'a', ...definition, stores: other });
    await owner.append('next');
    await owner.close();
    expect(await stored(other)).toEqual({ log: [...log, 'next'], state: [...log, 'next'] });
    expect((await other.snapshots.loadLatest('a'))?.atSeq).toBe(length + 1);
  });

  test('back from the back/forward cache, the run closes itself with conflict', async () => {
    const page = fakePage();
    const reports: unknown[] = [];
    const run = await openRun({
      runId: 'a',
      ...definition,
      stores: stale,
      onError: ({ code }) => reports.push(code),
    });
    for (const event of ['old 1', 'old 2', 'old 3']) await run.append(event);
    page.show('pagehide');
    await beginAnew(other, anew);
    page.show('pageshow');
    await vi.waitFor(() => expect(reports).toEqual(['conflict']));
    await expect(run.append('late')).rejects.toMatchObject({ code: 'conflict' });
    expect(await stored(other)).toEqual({ log: anew, state: anew });
  });

  test.each([2, 3, 4])('a follower starts over, with a new log of %i', async (length) => {
    const run = await openStale();
    const follower = await followRun({ runId: 'a', ...definition, stores: other });
    expect(follower.state).toHaveLength(3);
    const log = [...anew, 'new 4'].slice(0, length);
    await beginAnew(other, log);
    await follower.refresh();
    expect(follower.state).toEqual(log);
    await Promise.all([follower.close(), run.close()]);
  });

  test('recovery that is reading its pages begins again, and mixes nothing', async () => {
    const numbered = (word: string, length: number) =>
      Array.from({ length }, (_, index) => `${word} ${index}`);
    await stale.events.append('a', numbered('old', 25_000));
    const log = numbered('new', 25_000);
    let pages = 0;
    const interrupted: Pick<EventStore<string>, 'head' | 'scan' | 'base'> = {
      head: (runId) => stale.events.head(runId),
      base: (runId) => stale.events.base(runId),
      async scan(...where) {
        if (++pages === 2) await beginAnew(other, log);
        return stale.events.scan(...where);
      },
    };
    // A list that shares all but its end with the one before, because 25,000 copies would take long.
    type List = readonly [rest: List, event: string] | undefined;
    const { state, seq } = await recover<List, string>({
      runId: 'a',
      stores: { snapshots: { loadLatest: async () => undefined }, events: interrupted },
      reduce: (rest, event) => [rest, event],
      initialState: undefined,
    });
    expect(seq).toBe(25_000);
    const found: string[] = [];
    for (let list = state; list; list = list[0]) found.push(list[1]);
    expect(found.reverse()).toEqual(log);
  });
});

describe('a log of rewake 0.1, which has no identity', () => {
  const snapshot = { format: 1, atSeq: 2, state: ['old 1', 'old 2'] };

  /** As 0.1 has left it: a log of three events and a snapshot at 2. */
  async function planted(): Promise<[Stores, Stores]> {
    const [one, two] = inIndexedDb();
    await one.events.runIds();
    await plant(factory, 'events', ['a', 3], { format: 1, events: ['old 1', 'old 2', 'old 3'] });
    await plant(factory, 'snapshots', 'a', snapshot);
    await plant(factory, 'guards', 'a', 2);
    return [one, two];
  }
  const recovery = ({ snapshots, events }: Stores) =>
    recover({ runId: 'a', stores: { snapshots, events }, ...definition });

  test('it is recovered with its snapshot, and gets an identity by the next append, which the snapshot shares', async () => {
    const [stores] = await planted();
    expect(await stores.events.head('a')).toEqual({ seq: 3, logId: null });
    expect(await recovery(stores)).toMatchObject({ seq: 3, logId: null, snapshotSeq: 2, replayed: 1 });
    const run = await openRun({ runId: 'a', ...definition, stores });
    await run.append('new 4');
    const { logId } = await stores.events.head('a');
    expect(logId).toEqual(expect.any(String));
    expect(await stores.snapshots.loadLatest('a')).toEqual({
      runId: 'a',
      atSeq: 2,
      logId,
      state: snapshot.state,
    });
    expect(await recovery(stores)).toMatchObject({ seq: 4, logId, snapshotSeq: 2, replayed: 2 });
    await run.close();
  });

  test.each([{}, { expectedHead: 3, logId: null }])(
    'an append without a run names it, too: %j',
    async (how) => {
      const [stores] = await planted();
      const { logId } = await stores.events.append('a', ['new 4'], how);
      expect(logId).toEqual(expect.any(String));
      expect(await recovery(stores)).toMatchObject({ logId, snapshotSeq: 2, replayed: 2 });
    },
  );

  test('a snapshot ahead of it does not become one of its own', async () => {
    const [stores] = await planted();
    await plant(factory, 'snapshots', 'a', { format: 1, atSeq: 4, state: ['never'] });
    await stores.events.append('a', ['new 4']);
    expect(await recovery(stores)).toMatchObject({ ignoredSnapshot: { reason: 'other-log', atSeq: 4 } });
  });

  test('a stale tab cannot append to the log that takes its place', async () => {
    const [stale, other] = await planted();
    const run = await openRun({ runId: 'a', ...definition, stores: stale });
    const anew = ['new 1', 'new 2', 'new 3'];
    await beginAnew(other, anew);
    await expect(run.append('from the stale tab')).rejects.toMatchObject({ code: 'conflict' });
    await run.close();
    expect(await stored(other)).toEqual({ log: anew, state: anew });
  });

  test('what old code saves beside new code gives no wrong state, and stands in nobody’s way', async () => {
    const [stores] = inIndexedDb();
    await stores.events.append('a', ['new 1', 'new 2', 'new 3']);
    await plant(factory, 'snapshots', 'a', snapshot);
    await plant(factory, 'guards', 'a', 2);
    const run = await openRun({ runId: 'a', ...definition, stores });
    expect(run.state).toEqual(['new 1', 'new 2', 'new 3']);
    expect(run.recovery.ignoredSnapshot).toEqual({ reason: 'other-log', atSeq: 2 });
    await run.append('new 4');
    await run.close();
    expect((await stores.snapshots.loadLatest('a'))?.atSeq).toBe(4);
    expect(run.recovery.logId).toBe((await stores.events.head('a')).logId);
  });

  test('a log that old code has deleted, and not its identity, is empty, and the next one another', async () => {
    const [stores] = inIndexedDb();
    const { logId } = await stores.events.append('a', ['one']);
    await remove(factory, 'events', ['a', 1]);
    expect(await stores.events.head('a')).toEqual({ seq: 0, logId: null });
    expect(await stores.events.scan('a', 1)).toEqual({ logId: null, events: [] });
    const anew = await stores.events.append('a', ['one'], { expectedHead: 0, logId: null });
    expect(anew.seq).toBe(1);
    expect(anew.logId).not.toBe(logId);
    // The one that was left behind is gone.
    expect(await stores.events.head('a')).toEqual(anew);
    const { logId: next } = await stores.events.append('a', ['two'], { expectedHead: 1, logId: anew.logId });
    expect(next).toBe(anew.logId);
  });

  test('a log of 0.2.0, which kept the identity in guards: replayed once, and the same from then on', async () => {
    const [stores] = await planted();
    await plant(factory, 'guards', ['a'], 'before');
    await plant(factory, 'snapshots', 'a', { ...snapshot, logId: 'before' });
    const run = await openRun({ runId: 'a', ...definition, stores });
    expect(run.state).toEqual(['old 1', 'old 2', 'old 3']);
    expect(run.recovery.ignoredSnapshot).toEqual({ reason: 'other-log', atSeq: 2 });
    await run.append('new 4');
    await run.close();
    expect(await recovery(stores)).toMatchObject({ seq: 4, snapshotSeq: 4 });
  });

  test('an identity that is damaged is none, and keeps nobody out', async () => {
    const [stores] = await planted();
    await plant(factory, 'events', ['a', [5]], { broken: true });
    expect(await stores.events.head('a')).toEqual({ seq: 3, logId: null });
    const run = await openRun({ runId: 'a', ...definition, stores });
    expect(await run.append('new 4')).toBe(4);
    await run.close();
    expect(await stored(stores)).toMatchObject({ state: ['old 1', 'old 2', 'old 3', 'new 4'] });
  });
});
