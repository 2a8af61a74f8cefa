import { followRun, KernelError, openRun } from 'rewake';
import { describe, expect, test, vi } from 'vitest';
import { fakePage } from './fake-page.ts';
import { initialState, options, refusal, scene } from './run-scene.ts';
import { turns } from './turn.ts';

describe('a follower', () => {
  const changed = (run: { subscribe(listener: () => void): () => void }) =>
    new Promise<void>((resolve) => {
      const end = run.subscribe(() => {
        end();
        resolve();
      });
    });

  test('recovers, and then follows the owner, event by event', async () => {
    const owner = await openRun(options());
    await owner.appendAll([1, 2]);
    const follower = await followRun(options());
    expect(follower).toMatchObject({
      runId: 'a',
      state: { sum: 3, count: 2 },
      seq: 2,
      recovery: { replayed: 2 },
    });
    for (const event of [3, 4]) {
      const change = changed(follower);
      await owner.append(event);
      await change;
      expect(follower.getState()).toEqual(owner.getState());
    }
    await follower.close();
    await owner.close();
    expect(scene.reports).toEqual([]);
  });

  test('reads only the tail, and the same state stays the same reference', async () => {
    const follower = await followRun(options());
    await scene.stores.events.append('a', [1, 2, 3]);
    await follower.refresh();
    const { state } = follower;
    let heard = 0;
    follower.subscribe(() => heard++);
    const scan = vi.spyOn(scene.stores.events, 'scan');
    await follower.refresh();
    expect(scan).not.toHaveBeenCalled();
    expect(follower.state).toBe(state);
    expect(heard).toBe(0);
    await scene.stores.events.append('a', [4]);
    await Promise.all([follower.refresh(), follower.refresh(), follower.refresh()]);
    expect(scan.mock.calls).toEqual([['a', 4, 1]]);
    expect(follower).toMatchObject({ state: { sum: 10, count: 4 }, seq: 4 });
    await follower.close();
  });

  test('starts over where the log was deleted', async () => {
    await scene.stores.events.append('a', [1, 2, 3]);
    const follower = await followRun(options());
    await scene.stores.events.delete('a');
    await follower.refresh();
    expect(follower).toMatchObject({ state: initialState, seq: 0 });
    await scene.stores.events.append('a', [7]);
    await follower.refresh();
    expect(follower).toMatchObject({ state: { sum: 7, count: 1 }, seq: 1 });
    await follower.close();
  });

  test('a tail that cannot be read is reported, and the state stays', async () => {
    const owner = await openRun(options());
    const follower = await followRun(options());
    const error = new KernelError('connection-lost', 'injected', { operation: 'head' });
    vi.spyOn(scene.stores.events, 'head').mockRejectedValueOnce(error);
    await owner.append(1);
    await vi.waitFor(() => expect(scene.reports).toEqual([error]));
    expect(follower.state).toEqual(initialState);
    const change = changed(follower);
    await owner.append(2);
    await change;
    expect(follower.state).toEqual({ sum: 3, count: 2 });
    await Promise.all([follower.close(), owner.close()]);
  });

  test('without BroadcastChannel says so, and can be refreshed', async () => {
    vi.stubGlobal('BroadcastChannel', undefined);
    const follower = await followRun(options());
    expect(scene.reports).toEqual([refusal('unavailable')]);
    const owner = await openRun(options());
    await owner.append(1);
    await follower.refresh();
    expect(follower.state).toEqual({ sum: 1, count: 1 });
    await Promise.all([follower.close(), owner.close()]);
    vi.unstubAllGlobals();
  });

  test('asked to read again while it reads: one reading after the other, and each event is heard once', async () => {
    const { events } = scene.stores;
    const follower = await followRun(options());
    const heard: number[] = [];
    follower.onEvent(({ event }) => heard.push(event));
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const scanned = events.scan.bind(events);
    const scan = vi.spyOn(events, 'scan').mockImplementationOnce(async (...where) => {
      await held;
      return scanned(...where);
    });
    await events.append('a', [1]);
    const first = follower.refresh();
    await vi.waitFor(() => expect(scan).toHaveBeenCalled());
    await events.append('a', [2]);
    const second = follower.refresh();
    await turns(3);
    expect(scan).toHaveBeenCalledTimes(1);
    go();
    await Promise.all([first, second]);
    expect(heard).toEqual([1, 2]);
    expect(follower).toMatchObject({ state: { sum: 3, count: 2 }, seq: 2 });
    await follower.close();
  });

  test('in the back/forward cache it hears nothing; back again, it reads what has come and follows', async () => {
    const owner = await openRun(options());
    const page = fakePage();
    const follower = await followRun(options());
    vi.unstubAllGlobals();
    const elsewhere = await followRun(options());
    page.show('pagehide');
    const heardElsewhere = changed(elsewhere);
    await owner.append(1);
    await heardElsewhere;
    expect(follower.state).toEqual(initialState);
    for (const act of [() => page.show('pageshow'), () => owner.append(2)]) {
      const change = changed(follower);
      act();
      await change;
      expect(follower.state).toEqual(owner.state);
    }
    await Promise.all([elsewhere.close(), follower.close(), owner.close()]);
    expect(scene.reports).toEqual([]);
  });

  test('closed while it reads: it stays as it is', async () => {
    const follower = await followRun(options());
    await scene.stores.events.append('a', [1]);
    const reading = follower.refresh();
    await follower.close();
    await reading;
    expect(follower.state).toEqual(initialState);
  });

  test('after close it stays as it is', async () => {
    const owner = await openRun(options());
    const follower = await followRun(options());
    await follower.close();
    await owner.append(1);
    await expect(follower.refresh()).rejects.toEqual(refusal('closed'));
    expect(follower.state).toEqual(initialState);
    await owner.close();
  });
});
