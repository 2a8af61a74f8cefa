import { openRun, openStores, type Run } from 'rewake';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeLocks } from './fake-locks.ts';
import { FaultyFactory } from './faulty-factory.ts';
import { log, options, refusal, type State, scene } from './run-scene.ts';

describe.each(['in memory', 'without Web Locks', 'with Web Locks'])('one owner, %s', (kind) => {
  beforeEach(async () => {
    if (kind === 'with Web Locks') vi.stubGlobal('navigator', { locks: new FakeLocks() });
    if (kind === 'in memory') return;
    scene.stores = await openStores({ indexedDB: new FaultyFactory(), databaseName: crypto.randomUUID() });
  });

  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test('fail: rejects with conflict while another owns the run', async () => {
    const owner = await openRun(options());
    await expect(openRun({ ...options(), ifOwned: 'fail' })).rejects.toEqual(refusal('conflict'));
    await owner.close();
    const next = await openRun({ ...options(), ifOwned: 'fail' });
    await next.close();
  });

  test('wait: those who wait own the run one after the other, recovered to the last durable event', async () => {
    const first = await openRun(options());
    const order: number[] = [];
    const others = [1, 2, 3].map(async (number) => {
      const run = await openRun(options());
      order.push(number);
      await run.append(number);
      await run.close();
    });
    await first.append(10);
    expect(order).toEqual([]);
    await first.close();
    await Promise.all(others);
    expect(order).toEqual([1, 2, 3]);
    expect(await log()).toEqual([10, 1, 2, 3]);
  });

  test('wait is given up by signal: aborted, and the others go on', async () => {
    const owner = await openRun(options());
    const controller = new AbortController();
    const given = openRun({ ...options(), signal: controller.signal });
    const patient = openRun(options());
    controller.abort(new Error('no longer'));
    await expect(given).rejects.toMatchObject({ code: 'aborted', cause: new Error('no longer') });
    await expect(openRun({ ...options(), signal: controller.signal })).rejects.toEqual(refusal('aborted'));
    await owner.close();
    await (await patient).close();
  });

  test('steal: the former owner closes itself with conflict, and has changed nothing', async () => {
    const former = await openRun(options());
    await former.append(1);
    const thief = await openRun({ ...options(), ifOwned: 'steal' });
    await vi.waitFor(() => expect(scene.reports).toEqual([refusal('conflict')]));
    await expect(former.append(2)).rejects.toBe(scene.reports[0]);
    await former.close();
    expect(await thief.append(3)).toBe(2);
    expect(await log()).toEqual([1, 3]);
    await thief.close();
    await (await openRun(options())).close();
  });

  test('stolen while it recovers: it closes itself at once', async () => {
    const head = vi.spyOn(scene.stores.events, 'head').mockImplementationOnce(async () => {
      const thief = await openRun({ ...options(), ifOwned: 'steal' });
      await thief.close();
      return { seq: 0, logId: null };
    });
    const run = await openRun(options());
    head.mockRestore();
    await vi.waitFor(() => expect(scene.reports).toEqual([refusal('conflict')]));
    await expect(run.append(1)).rejects.toBe(scene.reports[0]);
    expect(await log()).toEqual([]);
  });

  test('stolen while it recovers, and owned by a third one when it has: that one keeps it', async () => {
    const thirds: Run<State, number>[] = [];
    vi.spyOn(scene.stores.events, 'head').mockImplementationOnce(async () => {
      const thief = await openRun({ ...options(), ifOwned: 'steal' });
      await thief.close();
      thirds.push(await openRun({ ...options(), ifOwned: 'fail' }));
      return { seq: 0, logId: null };
    });
    const run = await openRun(options());
    await run.closed;
    await run.close();
    await expect(openRun({ ...options(), ifOwned: 'fail' })).rejects.toEqual(refusal('conflict'));
    expect(await thirds[0]?.append(1)).toBe(1);
    await thirds[0]?.close();
  });

  test('steal comes before those who wait, and they wait for the thief', async () => {
    const former = await openRun(options());
    const order: string[] = [];
    const patient = openRun(options()).then((run) => {
      order.push('patient');
      return run;
    });
    const thief = await openRun({ ...options(), ifOwned: 'steal' });
    order.push('thief');
    await thief.append(1);
    await thief.close();
    await (await patient).close();
    expect(order).toEqual(['thief', 'patient']);
    await former.close();
  });

  test('a signal that is aborted when the run is open changes nothing', async () => {
    const controller = new AbortController();
    const waitedFor = await openRun(options());
    const waiting = openRun({ ...options(), signal: controller.signal });
    await waitedFor.close();
    const run = await waiting;
    controller.abort();
    await expect(openRun({ ...options(), ifOwned: 'fail' })).rejects.toEqual(refusal('conflict'));
    expect(await run.append(1)).toBe(1);
    await run.close();
  });

  test('runs of other ids are not in the way', async () => {
    const one = await openRun(options());
    const other = await openRun({ ...options(), runId: 'b', ifOwned: 'fail' });
    await Promise.all([one.close(), other.close()]);
  });

  test('where recovery fails, the run is free again', async () => {
    await scene.stores.events.append('a', [Number.NaN]);
    await expect(openRun(options())).rejects.toEqual(refusal('reducer-threw'));
    await scene.stores.events.delete('a');
    await (await openRun({ ...options(), ifOwned: 'fail' })).close();
  });
});

test('a run that is closed, or that could not be recovered, holds no lock any more', async () => {
  const locks = new FakeLocks();
  vi.stubGlobal('navigator', { locks });
  const held = async () => (await locks.query()).held.length;
  scene.stores = await openStores({ indexedDB: new FaultyFactory(), databaseName: crypto.randomUUID() });
  const run = await openRun(options());
  // Its own, and one of the database.
  expect(await held()).toBe(2);
  await run.close();
  expect(await held()).toBe(0);
  await scene.stores.events.append('a', [Number.NaN]);
  await expect(openRun(options())).rejects.toEqual(refusal('reducer-threw'));
  expect(await held()).toBe(0);
  vi.unstubAllGlobals();
});

test.each([
  ['an id that is empty', { runId: '' }],
  ['snapshotEvery 0', { snapshotEvery: 0 }],
  ['snapshotEvery 1.5', { snapshotEvery: 1.5 }],
])('%s: invalid-argument', async (_, bad) => {
  await expect(openRun({ ...options(), ...bad })).rejects.toMatchObject({
    code: 'invalid-argument',
    name: 'RunError',
  });
});
