import {
  deleteDatabase,
  deleteRun,
  type EventStore,
  followRun,
  InMemorySnapshotStore,
  KernelError,
  openRun,
  openStores,
  type RunDefinition,
} from 'rewake';
import { type MirrorOptions, mirrorRun, restoreRun } from 'rewake/hand-over';
import { beforeEach, expect, test, vi } from 'vitest';
import { FaultyFactory } from './faulty-factory.ts';
import { type AnyStores, inMemory } from './stores-scene.ts';

const runId = 'a';
const sum: RunDefinition<number, number> = { initialState: 0, reduce: (sum, add) => sum + add };

let primary: AnyStores;
let mirrored: AnyStores;
let marks: InMemorySnapshotStore<unknown>;

beforeEach(() => {
  primary = inMemory();
  mirrored = inMemory();
  marks = new InMemorySnapshotStore();
});

const open = (stores: AnyStores = primary) => openRun({ runId, ...sum, stores: stores as never });
const eventsOf = async ({ events }: AnyStores) =>
  (await events.scan(runId, 1)).events.map(({ event }) => event);
const places = () => ({ from: primary, to: mirrored, marks });

/** A mirror whose appends wait for `go`. */
function gate(): { to: AnyStores; waiting: (() => void)[]; go: () => void } {
  const waiting: (() => void)[] = [];
  const { events, snapshots } = mirrored;
  const append: EventStore<unknown>['append'] = async (...args) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return events.append(...args);
  };
  const get = (_: object, name: string | symbol) =>
    name === 'append' ? append : Reflect.get(events, name).bind(events);
  return {
    to: { snapshots, events: new Proxy<EventStore<unknown>>(events, { get }) },
    waiting,
    go: () => waiting.shift()?.(),
  };
}

test('the databases are gone: every mirrored event comes back, and what was not mirrored was told', async () => {
  const indexedDB = new FaultyFactory();
  const stores = await openStores<number, number>({ indexedDB });
  const run = await openRun({ runId, ...sum, stores, onError: () => {} });
  // The marks are lost with the rest.
  const { to, waiting, go } = gate();
  const mirror = mirrorRun({ run, from: stores, to, marks: stores.snapshots });
  await run.appendAll([1, 2, 3]);
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  const flushed = mirror.flush();
  go();
  await flushed;
  expect([mirror.seq, mirror.behind]).toEqual([3, 0]);
  await run.appendAll([4, 5]);
  expect([mirror.seq, mirror.behind]).toEqual([3, 2]);

  mirror.close();
  await deleteDatabase({ indexedDB });
  await expect(run.append(6)).rejects.toMatchObject({ code: 'conflict' });
  const anew = await openStores<number, number>({ indexedDB });
  expect(await anew.events.runIds()).toEqual([]);
  const restored = await restoreRun({ runId, from: mirrored, to: anew, marks: anew.snapshots });
  expect(restored).toMatchObject({ seq: 3, appended: 3 });
  const back = await openRun({ runId, ...sum, stores: anew });
  expect([back.seq, back.state]).toEqual([3, 6]);
  // And it is mirrored again.
  const again = mirrorRun({ run: back, from: anew, to: mirrored, marks: anew.snapshots });
  await back.append(4);
  await again.flush();
  expect(await eventsOf(mirrored)).toEqual([1, 2, 3, 4]);
  again.close();
  await back.close();
});

test('a mirror follows, also a compaction, and never holds up the run', async () => {
  const run = await open();
  await run.appendAll([1, 2]);
  const mirror = mirrorRun({ run, ...places() });
  // What was there before it.
  await vi.waitFor(() => expect(mirror.seq).toBe(2));
  await Promise.all([run.append(3), run.append(4)]);
  await mirror.flush();
  expect(await eventsOf(mirrored)).toEqual([1, 2, 3, 4]);
  mirror.close();
  await run.append(5);
  await run.compact();
  const next = mirrorRun({ run, ...places() });
  await next.flush();
  expect(await mirrored.events.base(runId)).toMatchObject({ atSeq: 5, state: 15 });
  next.close();
  await run.close();
});

test('what comes while a hand-over is under way goes with the next one, all at once', async () => {
  const run = await open();
  const { to, waiting, go } = gate();
  const mirror = mirrorRun({ run, ...places(), to });
  await run.append(1);
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  for (const n of [2, 3, 4, 5]) await run.append(n);
  go();
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  expect(await eventsOf(mirrored)).toEqual([1]);
  go();
  await vi.waitFor(() => expect(mirror.seq).toBe(5));
  expect(await eventsOf(mirrored)).toEqual([1, 2, 3, 4, 5]);
  mirror.close();
  await run.close();
});

test('a failure is told once, and the next event tries again', async () => {
  const run = await open();
  const failure = new KernelError('unavailable', 'offline', { operation: 'append' });
  const append = vi.spyOn(mirrored.events, 'append').mockRejectedValueOnce(failure);
  const onError = vi.fn();
  const mirror = mirrorRun({ run, ...places(), onError });
  await mirror.flush();
  await run.append(1);
  await vi.waitFor(() => expect(onError).toHaveBeenCalledExactlyOnceWith(failure));
  expect(mirror.behind).toBe(1);
  await run.append(2);
  await vi.waitFor(() => expect(mirror.seq).toBe(2));
  append.mockRejectedValue(failure);
  await run.append(3);
  await expect(mirror.flush()).rejects.toBe(failure);
  mirror.close();
  await run.close();
});

test('without onError, a failure goes to the console; a fork is one', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  await mirrored.events.append(runId, ['other']);
  const run = await open();
  const mirror = mirrorRun({ run, ...places() });
  await run.append(1);
  await vi.waitFor(() => expect(warn).toHaveBeenCalled());
  expect(warn.mock.calls[0]?.[0]).toMatchObject({ code: 'conflict', seq: 0, operation: 'handOver' });
  mirror.close();
  await run.close();
});

test('closed, it tells nothing and goes on with nothing', async () => {
  const run = await open();
  const { to, waiting, go } = gate();
  const onError = vi.fn();
  const mirror = mirrorRun({ run, ...places(), to, onError });
  await run.append(1);
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  await run.append(2);
  const flushed = mirror.flush();
  mirror.close();
  go();
  await expect(flushed).rejects.toMatchObject({ code: 'aborted' });
  await run.append(3);
  expect(await eventsOf(mirrored)).toEqual([1]);
  expect(onError).not.toHaveBeenCalled();
  await run.close();
});

test('a follower can be mirrored, too', async () => {
  const run = await open();
  const follower = await followRun({ runId, ...sum, stores: primary as never });
  const mirror = mirrorRun({ run: follower, ...places() });
  await run.append(1);
  await vi.waitFor(() => expect(mirror.seq).toBe(1));
  mirror.close();
  await follower.close();
  await run.close();
});

test('restoreRun does nothing if the run is here, or there is none; a deleted run comes back', async () => {
  const restore = () => restoreRun({ runId, from: mirrored, to: primary, marks });
  expect(await restore()).toBeUndefined();
  const run = await open();
  const mirror = mirrorRun({ run, ...places() });
  await run.append(1);
  await mirror.flush();
  mirror.close();
  await run.close();
  await mirrored.events.append(runId, [2]);
  expect(await restore()).toBeUndefined();
  expect(await eventsOf(primary)).toEqual([1]);
  await deleteRun({ runId, stores: primary });
  expect(await restore()).toMatchObject({ seq: 2, appended: 2 });
  expect(await eventsOf(primary)).toEqual([1, 2]);
});

test('a bad argument is refused', async () => {
  const run = await open();
  const good: MirrorOptions = { run, ...places() };
  for (const change of [{ run: {} }, { from: {} }, { to: undefined }, { marks: 1 }, { onError: 1 }])
    expect(() => mirrorRun({ ...good, ...change } as MirrorOptions)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', operation: 'mirrorRun' }),
    );
  expect(() => mirrorRun(undefined as never)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  for (const change of [{ runId: '' }, { from: {} }, { marks: { loadLatest: () => {}, save: () => {} } }])
    await expect(restoreRun({ runId, ...places(), ...change } as never)).rejects.toMatchObject({
      ...{ code: 'invalid-argument', operation: 'restoreRun' },
    });
  await run.close();
});
