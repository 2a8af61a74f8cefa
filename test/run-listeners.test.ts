import { deleteRun, followRun, openRun, type SequencedEvent } from 'rewake';
import { describe, expect, test } from 'vitest';
import { options, refusal, type State, scene } from './run-scene.ts';

describe('subscribe and getState', () => {
  test('listeners hear of each change; the state is the same reference until it changes', async () => {
    // All of them are bound.
    const { subscribe, getState, append, appendAll, close } = await openRun(options());
    const heard: State[] = [];
    const end = subscribe(() => heard.push(getState()));
    expect(getState()).toBe(getState());
    await append(1);
    await appendAll([2, 3]);
    await appendAll([]);
    end();
    await append(4);
    expect(heard).toEqual([
      { sum: 1, count: 1 },
      { sum: 6, count: 3 },
    ]);
    await close();
  });

  test.each([
    ['of a run', openRun],
    ['of a follower', followRun],
  ])('a listener %s that throws harms nobody and is reported', async (_, open) => {
    const source = await open(options());
    const cause = new Error('listener');
    let heard = 0;
    source.subscribe(() => {
      throw cause;
    });
    source.subscribe(() => heard++);
    if ('append' in source) expect(await source.append(1)).toBe(1);
    else {
      await scene.stores.events.append('a', [1]);
      await source.refresh();
    }
    expect(heard).toBe(1);
    expect(scene.reports).toMatchObject([{ code: 'unknown', cause }]);
    await source.close();
  });
});

describe('onEvent', () => {
  test('owner and follower hear each durable event once, in order, with its seq', async () => {
    const run = await openRun({ ...options(), version: 3 });
    const follower = await followRun({ ...options(), version: 3 });
    const heard: [string, SequencedEvent<number>][] = [];
    run.onEvent((event) => heard.push(['owner', event]));
    const end = follower.onEvent((event) => heard.push(['follower', event]));
    const first = run.append(10);
    expect(heard).toEqual([]);
    await Promise.all([first, run.appendAll([20, 30])]);
    await follower.refresh();
    const expected = [10, 20, 30].map((event, index) => ({ seq: index + 1, event, version: 3 }));
    for (const who of ['owner', 'follower'])
      expect(heard.filter(([name]) => name === who).map(([, event]) => event)).toEqual(expected);
    end();
    await run.append(40);
    await follower.refresh();
    expect(heard).toHaveLength(7);
    await Promise.all([run.close(), follower.close()]);
  });

  test('an event that the log refuses is never heard', async () => {
    const run = await openRun(options());
    const heard: unknown[] = [];
    run.onEvent((event) => heard.push(event));
    await scene.stores.events.append('a', [100]);
    await expect(run.append(1)).rejects.toEqual(refusal('conflict'));
    expect(heard).toEqual([]);
  });

  test('a follower hears a run that is begun anew from its first event', async () => {
    const run = await openRun(options());
    await run.appendAll([1, 2, 3]);
    const follower = await followRun(options());
    const heard: number[] = [];
    follower.onEvent(({ seq, event }) => heard.push(seq, event));
    await run.close();
    await deleteRun({ runId: 'a', stores: scene.stores });
    const anew = await openRun(options());
    await anew.appendAll([7, 8, 9]);
    await anew.snapshot();
    await follower.refresh();
    expect(heard).toEqual([1, 7, 2, 8, 3, 9]);
    await Promise.all([anew.close(), follower.close()]);
  });
});

test('a function that subscribes twice is called twice, and once after one of the two has ended', async () => {
  const run = await openRun(options());
  const follower = await followRun(options());
  for (const source of [run, follower]) {
    let calls = 0;
    const listener = () => calls++;
    const ends = [source.subscribe(listener), source.subscribe(listener)];
    await run.append(1);
    await follower.refresh();
    expect(calls).toBe(2);
    ends[0]?.();
    ends[0]?.();
    await run.append(1);
    await follower.refresh();
    expect(calls).toBe(3);
  }
  await Promise.all([follower.close(), run.close()]);
});
