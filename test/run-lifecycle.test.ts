import { followRun, openRun, openStores, type Run } from 'rewake';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Locks } from '../src/run/locks.ts';
import { FakeLocks } from './fake-locks.ts';
import { type FakePage, fakePage } from './fake-page.ts';
import { FaultyFactory } from './faulty-factory.ts';
import { log, options, refusal, type State, scene } from './run-scene.ts';
import { turns } from './turn.ts';

describe('the life of a run', () => {
  test('status and closed after close; subscribers are called', async () => {
    const run = await openRun(options());
    const seen: string[] = [];
    run.subscribe(() => seen.push(run.status));
    await run.append(1);
    const closing = run.close();
    await closing;
    expect(seen).toEqual(['open', 'closed']);
    expect(await run.closed).toBeUndefined();
  });

  test('after a theft, subscribers are called at once, and closed tells why', async () => {
    const run = await openRun(options());
    const seen: string[] = [];
    run.subscribe(() => seen.push(run.status));
    const thief = await openRun({ ...options(), ifOwned: 'steal' });
    const error = await run.closed;
    expect(error).toEqual(refusal('conflict'));
    expect(seen).toEqual(['closed']);
    expect(scene.reports).toEqual([error]);
    await thief.close();
  });
});

describe('close', () => {
  test('waits for what is in flight, saves a snapshot, and may be called twice', async () => {
    const run = await openRun(options());
    const appends = [run.append(1), run.append(2)];
    const closing = run.close();
    expect(run.close()).toBe(closing);
    await closing;
    expect(await Promise.all(appends)).toEqual([1, 2]);
    expect((await scene.stores.snapshots.loadLatest('a'))?.atSeq).toBe(2);
    await expect(run.append(3)).rejects.toEqual(refusal('closed'));
    expect(scene.reports).toEqual([]);
  });

  test('is what `await using` does', async () => {
    const run = await openRun(options());
    await run[Symbol.asyncDispose]();
    await expect(run.append(1)).rejects.toEqual(refusal('closed'));
  });
});

describe('in a page', () => {
  let page: FakePage;

  beforeEach(() => {
    page = fakePage();
    vi.stubGlobal('document', { hidden: false });
  });

  afterEach(() => {
    vi.unstubAllGlobals();
  });

  /** In another tab. */
  async function openElsewhere() {
    const here = globalThis.addEventListener;
    vi.stubGlobal('addEventListener', undefined);
    const other = await openRun({ ...options(), ifOwned: 'fail', onError: () => {} });
    vi.stubGlobal('addEventListener', here);
    return other;
  }

  test('a snapshot is saved when the page is hidden', async () => {
    const run = await openRun(options());
    await run.appendAll([1, 2]);
    const save = vi.spyOn(scene.stores.snapshots, 'save');
    page.dispatchEvent(new Event('visibilitychange'));
    expect(save).not.toHaveBeenCalled();
    vi.stubGlobal('document', { hidden: true });
    page.dispatchEvent(new Event('visibilitychange'));
    await vi.waitFor(async () => expect((await scene.stores.snapshots.loadLatest('a'))?.atSeq).toBe(2));
    await run.close();
    page.dispatchEvent(new Event('visibilitychange'));
    expect(save).toHaveBeenCalledTimes(1);
  });

  test('left for good: the run stays open until the page ends', async () => {
    const run = await openRun(options());
    page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false }));
    expect(run.status).toBe('open');
    expect(await run.append(1)).toBe(1);
    await run.close();
  });

  test('into the back/forward cache: the run is free, no snapshot is begun; back again: it goes on', async () => {
    const run = await openRun(options());
    await run.append(1);
    const save = vi.spyOn(scene.stores.snapshots, 'save');
    page.show('pagehide');
    vi.stubGlobal('document', { hidden: true });
    page.dispatchEvent(new Event('visibilitychange'));
    expect(save).not.toHaveBeenCalled();
    const other = await openElsewhere();
    await other.close();
    page.show('pageshow');
    expect(await run.append(2)).toBe(2);
    await expect(openRun({ ...options(), ifOwned: 'fail' })).rejects.toEqual(refusal('conflict'));
    const follower = await followRun(options());
    const followed = new Promise<void>((resolve) => void follower.subscribe(resolve));
    await run.append(3);
    await followed;
    save.mockClear();
    page.dispatchEvent(new Event('visibilitychange'));
    expect(save).toHaveBeenCalledTimes(1);
    await Promise.all([follower.close(), run.close()]);
    expect(scene.reports).toEqual([]);
  });

  test.each([
    ['somebody else owns it', false],
    ['somebody else has gone on with it', true],
  ])('back again, and %s: the run closes itself with conflict', async (_, closes) => {
    const run = await openRun(options());
    await run.append(1);
    page.show('pagehide');
    const other = await openElsewhere();
    await other.append(2);
    if (closes) await other.close();
    page.show('pageshow');
    await vi.waitFor(() => expect(scene.reports).toEqual([refusal('conflict')]));
    await expect(run.append(3)).rejects.toBe(scene.reports[0]);
    expect(await log()).toEqual([1, 2]);
    await other.close();
  });

  test('back again and closed at once, while somebody else owns it: nothing is written', async () => {
    const run = await openRun(options());
    await run.append(1);
    page.show('pagehide');
    const other = await openElsewhere();
    page.show('pageshow');
    const append = run.append(2);
    await run.close();
    await expect(append).rejects.toEqual(refusal('conflict'));
    expect(await log()).toEqual([1]);
    expect(await scene.stores.snapshots.loadLatest('a')).toBeUndefined();
    expect(await other.append(3)).toBe(2);
    await other.close();
  });

  /** Locks that are granted some turns later, as a busy browser grants them. */
  class SlowLocks extends FakeLocks {
    override request: Locks['request'] = async (...request) => {
      await turns(5);
      return this.slowly(...request);
    };
    readonly slowly = new FakeLocks().request;
  }

  describe.each(['before', 'after'])(
    'what the application does in its own pageshow, %s the run does',
    (when) => {
      beforeEach(async () => {
        vi.stubGlobal('navigator', { locks: new SlowLocks() });
        scene.stores = await openStores({
          indexedDB: new FaultyFactory(),
          databaseName: crypto.randomUUID(),
        });
      });

      async function openWith(inPageshow: (run: Run<State, number>) => void): Promise<Run<State, number>> {
        let act = () => {};
        const listen = () => page.addEventListener('pageshow', () => act());
        if (when === 'before') listen();
        const run = await openRun(options());
        if (when === 'after') listen();
        act = () => inPageshow(run);
        await run.append(1);
        page.show('pagehide');
        page.show('pageshow');
        return run;
      }

      const isFree = async () => {
        const next = await openRun({ ...options(), ifOwned: 'wait' });
        await next.close();
        return next;
      };

      test('close: the run is free', async () => {
        const run = await openWith((run) => run.close());
        await run.close();
        expect((await isFree()).seq).toBe(1);
        expect(scene.reports).toEqual([]);
      });

      test('append: it is appended, and the run goes on', async () => {
        const appends: Promise<number>[] = [];
        const run = await openWith((run) => appends.push(run.append(10)));
        expect(await Promise.all(appends)).toEqual([2]);
        expect(await run.append(100)).toBe(3);
        await run.close();
        expect((await isFree()).state.sum).toBe(111);
        expect(scene.reports).toEqual([]);
      });

      test('append and close: both', async () => {
        const appends: Promise<number>[] = [];
        const run = await openWith((run) => {
          appends.push(run.append(10));
          run.close();
        });
        await run.close();
        expect(await Promise.all(appends)).toEqual([2]);
        expect((await isFree()).state.sum).toBe(11);
        expect(scene.reports).toEqual([]);
      });
    },
  );

  test('closed as the page leaves, and never back: what was appended is durable, and the run free', async () => {
    const run = await openRun(options());
    page.show('pagehide');
    const append = run.append(1);
    await run.close();
    expect(await append).toBe(1);
    expect(await log()).toEqual([1]);
    const other = await openElsewhere();
    await other.close();
  });

  test('an append that was in flight when the page left is its own when it returns', async () => {
    const run = await openRun(options());
    const { events } = scene.stores;
    let answer = () => {};
    const append = events.append.bind(events);
    vi.spyOn(events, 'append').mockImplementationOnce(async (...call) => {
      const head = await append(...call);
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return head;
    });
    const inFlight = run.append(1);
    await vi.waitFor(async () => expect(await log()).toEqual([1]));
    page.show('pagehide');
    page.show('pageshow');
    const next = run.append(2);
    // Long after it owns the run again.
    await turns(5);
    answer();
    expect(await Promise.all([inFlight, next])).toEqual([1, 2]);
    expect(scene.reports).toEqual([]);
    await run.close();
  });
});
