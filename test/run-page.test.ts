import 'fake-indexeddb/auto';
import {
  deleteRun,
  followRun,
  isKernelError,
  KernelError,
  listRuns,
  openRun,
  openStores,
  ownerOf,
  RunError,
} from 'rewake';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeLocks } from './fake-locks.ts';
import { FaultyFactory } from './faulty-factory.ts';
import { initialState, log, options, reduce, refusal, scene } from './run-scene.ts';

// What a page can see of runs, and do about them.

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('an event that is an array', () => {
  test('is one event', async () => {
    type Event = readonly ['add', number];
    const stores = { snapshots: scene.stores.snapshots as never, events: scene.stores.events as never };
    const run = await openRun({
      runId: 'tuples',
      stores,
      reduce: (sum: number, [, amount]: Event) => sum + amount,
      initialState: 0,
    });
    expect(await run.append(['add', 3])).toBe(1);
    expect(
      await run.appendAll([
        ['add', 1],
        ['add', 2],
      ]),
    ).toBe(3);
    expect(run.state).toBe(6);
    await run.close();
  });
});

describe('waiting for a run', () => {
  test('onWait is called once, if somebody else owns it', async () => {
    const waits: string[] = [];
    const owner = await openRun({ ...options(), onWait: () => waits.push('owner') });
    const waiting = openRun({ ...options(), onWait: () => waits.push('second') });
    await vi.waitFor(() => expect(waits).toEqual(['second']));
    await owner.close();
    await (await waiting).close();
    expect(waits).toEqual(['second']);
  });

  test('a component that unmounts while it waits, and mounts again, does not hang', async () => {
    const owner = await openRun(options());
    const mount = () => {
      const unmounted = new AbortController();
      const opening = openRun({ ...options(), signal: unmounted.signal });
      const unmount = () => {
        unmounted.abort();
        return opening.then(
          (run) => run.close(),
          (error: unknown) => expect(isKernelError(error, 'aborted')).toBe(true),
        );
      };
      return { opening, unmount };
    };
    await mount().unmount();
    const second = mount();
    await owner.close();
    expect((await second.opening).status).toBe('open');
    await second.unmount();
    await (await openRun({ ...options(), ifOwned: 'fail' })).close();
  });
});

describe('without IndexedDB', () => {
  beforeEach(() => {
    vi.stubGlobal('indexedDB', undefined);
  });

  const definition = { reduce, initialState };

  test('a run says that it is in memory, and why', async () => {
    const errors: unknown[] = [];
    const run = await openRun({ runId: 'says so', ...definition, onError: (error) => errors.push(error) });
    expect(run.backend).toBe('memory');
    expect(run.reason).toMatchObject({ code: 'unavailable' });
    expect(errors).toEqual([run.reason]);
    await run.close();
  });

  test('without onError, it goes to the console', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const run = await openRun({ runId: 'console', ...definition });
    expect(warn.mock.calls).toEqual([[run.reason]]);
    warn.mockRestore();
    await run.close();
  });

  test('requireDurable rejects instead, and opens nothing', async () => {
    const opening = openRun({ runId: 'durable', ...definition, requireDurable: true });
    await expect(opening).rejects.toMatchObject({ code: 'unavailable', name: 'RunError' });
  });

  test('whoever opens it in this page shares it, and one at a time owns it', async () => {
    const onError = () => {};
    const first = await openRun({ runId: 'shared', ...definition, onError });
    await first.append(1);
    await expect(openRun({ runId: 'shared', ...definition, onError, ifOwned: 'fail' })).rejects.toMatchObject(
      {
        code: 'conflict',
      },
    );
    await first.close();
    const second = await openRun({ runId: 'shared', ...definition, onError });
    expect(second.state.sum).toBe(1);
    await second.close();
  });
});

test('with IndexedDB, a run says so; with stores of your own, what they say', async () => {
  const run = await openRun({ runId: 'durable', reduce, initialState, requireDurable: true });
  expect(run).toMatchObject({ backend: 'indexeddb' });
  expect(run.reason).toBeUndefined();
  await run.close();
  const custom = await openRun(options());
  expect(custom.backend).toBe('custom');
  await custom.close();
});

describe.each(['with Web Locks', 'without Web Locks'])('runs that nobody has opened here, %s', (kind) => {
  beforeEach(async () => {
    vi.stubGlobal('navigator', kind === 'with Web Locks' ? { locks: new FakeLocks() } : {});
    scene.stores = await openStores({ indexedDB: new FaultyFactory(), databaseName: crypto.randomUUID() });
  });

  const place = () => ({ runId: 'a', stores: scene.stores });

  test('ownerOf and listRuns tell who owns which', async () => {
    expect(await ownerOf(place())).toBe('nobody');
    expect(await listRuns({ stores: scene.stores })).toEqual([]);
    const run = await openRun(options());
    await run.append(1);
    await scene.stores.snapshots.save({ runId: 'b', atSeq: 1, state: initialState });
    expect(await ownerOf(place())).toBe('here');
    const listed = async () =>
      (await listRuns({ stores: scene.stores })).sort((x, y) => (x.runId < y.runId ? -1 : 1));
    expect(await listed()).toEqual([
      { runId: 'a', owner: 'here' },
      { runId: 'b', owner: 'nobody' },
    ]);
    const thief = await openRun({ ...options(), ifOwned: 'steal' });
    await run.closed;
    expect(await ownerOf(place())).toBe('here');
    await thief.close();
    expect(await ownerOf(place())).toBe('nobody');
  });

  test('deleteRun takes the run from its owner, and its followers begin anew', async () => {
    const run = await openRun(options());
    await run.appendAll([1, 2]);
    await run.snapshot();
    const follower = await followRun(options());
    await deleteRun(place());
    expect(await run.closed).toEqual(refusal('conflict'));
    expect(await log()).toEqual([]);
    expect(await scene.stores.snapshots.loadLatest('a')).toBeUndefined();
    await vi.waitFor(() => expect(follower.state).toEqual(initialState));
    const anew = await openRun({ ...options(), ifOwned: 'fail' });
    expect(await anew.append(5)).toBe(1);
    await Promise.all([anew.close(), follower.close()]);
  });

  test.each(['snapshots', 'events'] as const)(
    'deleteRun that breaks off at the %s leaves the run whole, and the next one deletes it',
    async (store) => {
      const run = await openRun(options());
      await run.appendAll([1, 2]);
      await run.close();
      const failure = new KernelError('connection-lost', 'injected', { operation: 'delete' });
      const remove = vi.spyOn(scene.stores[store], 'delete').mockRejectedValueOnce(failure);
      await expect(deleteRun(place())).rejects.toBe(failure);
      const again = await openRun({ ...options(), ifOwned: 'fail' });
      expect(again.state.sum).toBe(3);
      await again.close();
      await deleteRun(place());
      remove.mockRestore();
      expect(await listRuns({ stores: scene.stores })).toEqual([]);
      // There is nothing to delete, and nobody to take it from.
      await deleteRun(place());
    },
  );
});

test('an owner in another tab is elsewhere', async () => {
  const locks = new FakeLocks();
  vi.stubGlobal('navigator', { locks });
  const stores = await openStores({ indexedDB: new FaultyFactory(), databaseName: 'tabs' });
  let release = () => {};
  locks.request('rewake ["tabs","a"]', {}, () => new Promise((resolve) => (release = resolve)));
  expect(await ownerOf({ runId: 'a', stores })).toBe('elsewhere');
  release();
});

describe('isKernelError', () => {
  const conflict = new RunError('conflict', 'a', { operation: 'append', runId: 'r', expected: 1, actual: 2 });

  test('knows the errors of this package by their code', () => {
    expect(isKernelError(conflict)).toBe(true);
    expect(isKernelError(conflict, 'conflict') && conflict.actual).toBe(2);
    expect(isKernelError(conflict, 'closed')).toBe(false);
  });

  test('knows those of another copy of the package, which instanceof does not', () => {
    class RunError extends Error {
      override name = 'RunError';
      code = 'conflict';
      operation = 'append';
    }
    const copy = new RunError('from another copy');
    expect(copy).not.toBeInstanceOf(KernelError);
    expect(isKernelError(copy, 'conflict')).toBe(true);
  });

  test.each([
    undefined,
    null,
    'conflict',
    new Error('no'),
    { code: 'conflict' },
    { name: 'RunError', code: 'conflict' },
  ])('knows that %s is none', (other) => expect(isKernelError(other)).toBe(false));
});
