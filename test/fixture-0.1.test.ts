import { openRun, openStores, recover } from 'rewake';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FaultyFactory } from './faulty-factory.ts';
import { dump } from './fixtures/dump.ts';
import { load, platforms, readDump } from './fixtures/load.ts';
import { type StoredRun, storedRuns } from './fixtures/runs-0.1.ts';

// Databases that 0.1 really wrote, in browsers and in Node; see fixtures/make-0.1.js. Whatever is released opens
// them, loses nothing of them, and goes on with them.

let factory: FaultyFactory;
/** What a test that fails leaves open would keep the next one waiting. */
const left: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const live of left.splice(0)) await live.close();
});

/** Another page's stores of the same database: nothing is shared but what is stored. */
const stores = (page: FaultyFactory = factory.otherPage()) =>
  openStores<unknown, unknown>({ indexedDB: page });

const recovered = async ({ runId, reduce, initialState }: StoredRun) =>
  recover({ runId, stores: await stores(), reduce, initialState });

async function opened({ runId, reduce, initialState }: StoredRun, reports: unknown[] = []) {
  const live = await openRun({
    runId,
    stores: await stores(),
    reduce,
    initialState,
    snapshotEvery: 1_000_000,
    onError: (error) => void reports.push(error),
  });
  left.push(live);
  return live;
}

/** The list of the events alone, whatever the run's own reducer makes of them. */
async function eventsOf({ runId }: Pick<StoredRun, 'runId'>): Promise<unknown[]> {
  const { events } = await stores();
  const none = { loadLatest: async () => undefined };
  const seen: unknown[] = [];
  await recover({
    runId,
    stores: { snapshots: none, events },
    reduce: (_, event) => seen.push(event),
    initialState: 0,
  });
  return seen;
}

test('the platforms stored the same, but for the names that writers have given themselves', () => {
  const anonymous = (line: string) => line.replace(/"writer":"[0-9a-z]+"/, '"writer":"somebody"');
  const [first, ...others] = platforms.map((platform) => readDump(platform).map(anonymous));
  expect(first?.length).toBeGreaterThan(80);
  for (const other of others) expect(other).toEqual(first);
});

describe.each(platforms)('a database that 0.1 wrote in %s', (platform) => {
  beforeEach(async () => {
    factory = new FaultyFactory();
    await load(factory, readDump(platform));
  });

  test('is loaded as it was', async () => {
    expect(await dump(factory)).toEqual(readDump(platform));
  });

  test('recovering and reading change nothing in it', async () => {
    for (const run of storedRuns) await recovered(run);
    const { snapshots, events } = await stores();
    await snapshots.runIds();
    await events.runIds();
    expect(await dump(factory)).toEqual(readDump(platform));
  });

  test('lists its runs', async () => {
    const { snapshots, events } = await stores();
    const names = (have: (run: StoredRun) => boolean) =>
      storedRuns
        .filter(have)
        .map(({ runId }) => runId)
        .sort();
    expect((await events.runIds()).sort()).toEqual(names(({ seq }) => seq > 0));
    const saved = names(({ snapshotSeq, ahead, state, seq }) =>
      Boolean(ahead || snapshotSeq || (seq === 0 && (state as unknown[]).length > 0)),
    );
    expect((await snapshots.runIds()).sort()).toEqual(saved);
  });

  test.each(storedRuns.map((run) => [run.runId, run] as const))('%j recovers', async (_, run) => {
    const { state, seq, snapshotSeq, ahead } = run;
    const recovery = await recovered(run);
    expect(recovery).toMatchObject({ seq, snapshotSeq, replayed: seq - snapshotSeq });
    expect(recovery.state).toEqual(state);
    expect(recovery.ignoredSnapshot?.reason).toBe(ahead && 'ahead-of-log');
    const events = await eventsOf(run);
    expect(events).toHaveLength(seq);
    if (Array.isArray(state) && seq > 0) expect(events).toEqual(state);
  });

  test.each(storedRuns.map((run) => [run.runId, run] as const))('%j goes on', async (_, run) => {
    const reports: unknown[] = [];
    const { reduce } = run;
    const live = await opened(run, reports);
    expect(live.state).toEqual(run.state);
    expect(await live.append(1_000)).toBe(run.seq + 1);
    let state = reduce(run.state, 1_000);
    expect(await recovered(run)).toMatchObject({ seq: run.seq + 1, snapshotSeq: run.snapshotSeq });
    expect((await recovered(run)).state).toEqual(state);

    await live.snapshot();
    const more = [live.append('two'), live.append('three'), live.append('four')];
    expect(await Promise.all(more)).toEqual([2, 3, 4].map((added) => run.seq + added));
    state = ['two', 'three', 'four'].reduce(reduce, state);
    // As after a crash: from what is stored alone.
    const crashed = await recovered(run);
    expect(crashed).toMatchObject({ seq: run.seq + 4, snapshotSeq: run.seq + 1, replayed: 3 });
    expect(crashed.state).toEqual(state);
    expect(crashed.ignoredSnapshot).toBeUndefined();
    await live.close();

    const again = await opened(run, reports);
    expect(again.recovery).toMatchObject({ seq: run.seq + 4, snapshotSeq: run.seq + 4, replayed: 0 });
    expect(again.state).toEqual(state);
    expect(await again.append('five')).toBe(run.seq + 5);
    await again.close();
    expect(await eventsOf(run)).toHaveLength(run.seq + 5);
    expect((await recovered(run)).state).toEqual(reduce(state, 'five'));
    expect(reports).toEqual([]);
  });

  test('what goes on in one run leaves all others as they were', async () => {
    for (const run of storedRuns) {
      const live = await opened(run);
      await live.append('more');
      await live.close();
    }
    for (const run of storedRuns) {
      const { seq, state } = await recovered(run);
      expect(seq).toBe(run.seq + 1);
      expect(state).toEqual(run.reduce(run.state, 'more'));
    }
  });

  test('a stale writer that 0.1 knew by its name appends nothing twice', async () => {
    const { events } = await stores();
    const options = { expectedHead: 9, writer: 'tab 8' };
    await events.append('stores, one by one', [10, 11, 12], options);
    const refused = events.append('stores, one by one', [10, 11, 12], { ...options, writer: 'tab 1' });
    await expect(refused).rejects.toMatchObject({ code: 'conflict' });
    expect(await eventsOf({ runId: 'stores, one by one' })).toHaveLength(12);
  });

  test('a run of it can be deleted and begun anew', async () => {
    const [run] = storedRuns;
    if (!run) throw new Error('There is no run.');
    const { snapshots, events } = await stores();
    await events.delete(run.runId);
    await snapshots.delete(run.runId);
    const live = await opened(run);
    expect(live).toMatchObject({ seq: 0, state: run.initialState });
    expect(await live.append('new')).toBe(1);
    await live.close();
    expect(await recovered(run)).toMatchObject({ seq: 1, snapshotSeq: 1, state: ['new'] });
  });
});
