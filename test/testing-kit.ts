import { followRun, openRun, openStores, type RunDefinition } from 'rewake';
import { fakeTime, outcomeOf, testStores } from 'rewake/testing';
import { openWorkflow, type Step, sendEvent } from 'rewake/workflow';
import { expect, test } from 'vitest';

const counter: RunDefinition<number, number> = { initialState: 0, reduce: (sum, add) => sum + add };

/** `rewake/testing`, for each environment of vitest. */
export function testingKit(): void {
  const inner = {
    'in memory': async () => undefined,
    'in a database of their own': () => openStores<number, number>({ databaseName: crypto.randomUUID() }),
  };

  test.each(Object.entries(inner))('stores %s are fresh, and outlive a crash', async (_, open) => {
    const stores = testStores<number, number>(await open());
    const run = await openRun({ runId: 'a', ...counter, stores });
    await run.append(2);
    const states: string[] = [];
    const follower = await followRun({ runId: 'a', ...counter, stores });
    follower.subscribe(() => states.push('heard'));
    run.append(3).finally(() => states.push('settled'));

    const next = await openRun({ runId: 'a', ...counter, stores: stores.crash(), ifOwned: 'fail' });
    expect(next.state).toBe(2);
    expect(await next.append(4)).toBe(2);
    await next.close();
    expect([run.status, follower.state, states]).toEqual(['open', 2, []]);
    expect((await openRun({ runId: 'a', ...counter, stores: testStores(await open()) })).state).toBe(0);
  });

  test('a crash comes before an event is durable, or right after it', async () => {
    for (const [when, state] of [['crashBefore', 1] as const, ['crashAfter', 6] as const]) {
      const stores = testStores<number, number>();
      const crashed = stores[when]((add) => add === 2);
      const run = await openRun({ runId: 'a', ...counter, stores });
      await run.append(1);
      let settled = 0;
      for (const appending of [run.appendAll([2, 3]), run.append(4)]) void appending.finally(() => settled++);
      const next = await openRun({ runId: 'a', ...counter, stores: await crashed });
      expect([next.state, settled]).toEqual([state, 0]);
      await next.close();
    }
  });

  test('the next call fails, and only that', async () => {
    const stores = testStores<number, number>();
    const errors: string[] = [];
    const run = await openRun({ runId: 'a', ...counter, stores, onError: ({ code }) => errors.push(code) });
    stores.failNext('save', 'quota');
    await run.append(1);
    await expect(run.snapshot()).rejects.toMatchObject({ name: 'SnapshotStoreError', code: 'quota' });
    await run.snapshot();
    stores.failNext('append', 'quota');
    await expect(run.append(2)).rejects.toMatchObject({ code: 'quota' });
    expect((await run.closed)?.code).toBe('quota');
    const next = await openRun({ runId: 'a', ...counter, stores });
    expect([next.state, next.recovery.snapshotSeq]).toEqual([1, 1]);
    await next.close();
  });

  test('a workflow crashes at a step, and goes on without executing what is recorded', async () => {
    using time = fakeTime(Date.UTC(2026, 0, 1));
    const calls: string[] = [];
    const body = async (_: unknown, step: Step) => {
      for (const name of ['one', 'two'])
        await step.do(name, ({ interrupted }) => void calls.push(interrupted ? `${name} again` : name));
      await step.sleep('a day', 86_400_000);
      const { payload } = await step.waitForEvent('wait', { type: 'go', timeout: 1_000 });
      return payload;
    };
    const stores = testStores<unknown, unknown>();
    const crashed = stores.crashBefore(outcomeOf('two#1'));
    await openWorkflow({ runId: 'a', stores, run: body });
    const next = await crashed;
    const flow = await openWorkflow({ runId: 'a', stores: next, run: body });
    await time.pass(86_399_999);
    expect([calls, flow.status]).toEqual([['one', 'two', 'two again'], 'waiting']);
    expect(flow.wakesAt).toBe(Date.now() + 1);
    await time.pass(1);
    expect(flow.wakesAt).toBe(Date.now() + 1_000);
    await sendEvent({ runId: 'a', type: 'go', payload: 'gone', stores: next });
    await time.pass(0);
    expect(await flow.result).toBe('gone');
    expect(new Date()).toEqual(new Date('2026-01-02'));
  });

  test('an attempt that will be repeated is no outcome', () => {
    const failed = { type: 'step-failed', key: 'a#1', at: 1, error: {} };
    const events = [{ ...failed, retryAt: 2 }, failed, { ...failed, key: 'b#1' }, undefined];
    expect(events.map(outcomeOf('a#1'))).toEqual([false, true, false, false]);
    expect(outcomeOf('a#1')({ ...failed, type: 'step-succeeded' })).toBe(true);
    expect(outcomeOf('a#1')({ ...failed, type: 'step-started' })).toBe(false);
  });

  test('the clock and the timers are put back; until then they fire in their order', async () => {
    const { Date: realDate, setTimeout: realTimeout } = globalThis;
    const time = fakeTime(1_000);
    const fired: string[] = [];
    setTimeout((...args: unknown[]) => fired.push(`two at ${Date.now()} ${args}`), 2, 'with', 'arguments');
    setTimeout(() => {
      fired.push(`one at ${Date.now()}`);
      setTimeout(() => fired.push('nested'));
    }, 1);
    setTimeout(() => fired.push('late'), 4);
    clearTimeout(setTimeout(() => fired.push('cleared'), 1));
    await time.pass(3);
    expect(fired).toEqual(['one at 1001', 'nested', 'two at 1002 with,arguments']);
    expect([Date.now(), new Date() instanceof Date, new Date(5).getTime()]).toEqual([1_003, true, 5]);
    expect(new Date()).toEqual(new Date(1_003));
    time.restore();
    expect([Date, setTimeout]).toEqual([realDate, realTimeout]);
  });
}
