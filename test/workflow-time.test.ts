import type { Step } from 'rewake/workflow';
import { listWorkflows } from 'rewake/workflow';
import { expect, test, vi } from 'vitest';
import { crash, open, pass, START, scene, settle } from './workflow-scene.ts';

const DAY = 86_400_000;

/** Records after how many milliseconds each sleep ended. */
const sleeper = (ms: number, ended: number[]) => async (step: Step) => {
  await step.sleep('nap', ms);
  ended.push(Date.now() - START);
};

test('a sleep ends at its stored deadline, and not before, whatever happens meanwhile', async () => {
  const ended: number[] = [];
  const first = await open(sleeper(10_000, ended));
  await settle();
  expect([first.status, first.wakesAt]).toEqual(['waiting', START + 10_000]);
  await pass(4_000);
  await crash();
  const second = await open(sleeper(10_000, ended));
  await pass(3_000);
  await second.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.setSystemTime(START + 9_000);
  const third = await open(sleeper(10_000, ended));
  await pass(999);
  expect(ended).toEqual([]);
  await pass(1);
  await third.result;
  expect(ended).toEqual([10_000]);
});

test('a sleep that is over when the workflow is opened ends at once', async () => {
  const ended: number[] = [];
  const first = await open(sleeper(10_000, ended));
  await settle();
  await first.close();
  vi.setSystemTime(START + DAY);
  await (await open(sleeper(10_000, ended))).result;
  expect(ended).toEqual([DAY]);
});

test('sleepUntil takes a Date or a number', async () => {
  const ended: number[] = [];
  const flow = await open(async (step) => {
    await step.sleepUntil('date', new Date(START + 1_000));
    ended.push(Date.now() - START);
    await step.sleepUntil('number', START + 3_000);
    ended.push(Date.now() - START);
    await step.sleepUntil('past', START);
    ended.push(Date.now() - START);
  });
  for (const ms of [1_000, 2_000]) await pass(ms);
  await flow.result;
  expect(ended).toEqual([1_000, 3_000, 3_000]);
});

test('a sleep of more than 24.8 days', async () => {
  const ended: number[] = [];
  const flow = await open(sleeper(30 * DAY, ended));
  await pass(30 * DAY - 1);
  expect(ended).toEqual([]);
  await pass(1);
  await flow.result;
  expect(ended).toEqual([30 * DAY]);
});

test('a clock that jumps forward, as after a suspended laptop, ends a sleep within a minute', async () => {
  const ended: number[] = [];
  const flow = await open(sleeper(DAY, ended));
  await pass(1_000);
  vi.setSystemTime(START + 2 * DAY);
  await pass(60_000);
  await flow.result;
  expect(ended).toEqual([2 * DAY + 59_000]);
});

test('a clock that jumps back makes no sleep longer, open or not', async () => {
  const ended: number[] = [];
  const flow = await open(sleeper(10 * 60_000, ended));
  await pass(5 * 60_000);
  vi.setSystemTime(START - 365 * DAY);
  await pass(5 * 60_000);
  await flow.result;
  expect(ended).toEqual([-365 * DAY + 5 * 60_000]);

  const runId = 'b';
  const closed = await open(sleeper(60_000, ended), { runId });
  await settle();
  await closed.close();
  vi.setSystemTime(START - 3 * 365 * DAY);
  const again = await open(sleeper(60_000, ended), { runId });
  await pass(60_000);
  await again.result;
  expect(ended.at(-1)).toBe(-3 * 365 * DAY + 60_000);
});

test('retries and timeouts obey a clock that jumps back, too', async () => {
  const attempts: number[] = [];
  const flow = await open((step) =>
    step.do('a', { retries: { limit: 1, delay: 60_000 }, timeout: 60_000 }, ({ attempt }) => {
      attempts.push(attempt);
      return attempt === 1 ? Promise.reject(new Error('no')) : new Promise(() => {});
    }),
  );
  await settle();
  vi.setSystemTime(START - DAY);
  await pass(60_000);
  expect(attempts).toEqual([1, 2]);
  vi.setSystemTime(START - 2 * DAY);
  await pass(60_000);
  await expect(flow.result).rejects.toMatchObject({ cause: { name: 'TimeoutError' } });
});

test('wakesAt is the earliest deadline if nothing runs, also for a workflow that is not open', async () => {
  let finish = () => {};
  const body = (step: Step) =>
    Promise.all([
      step.sleep('long', 9_000),
      step.do('a', () => new Promise<void>((resolve) => (finish = resolve))),
      step.waitForEvent('wait', { type: 'x', timeout: 7_000 }),
      step.do('b', { retries: { limit: 1, delay: 5_000 } }, ({ attempt }) => {
        if (attempt === 1) throw new Error('no');
      }),
    ]);
  const flow = await open(body);
  await settle();
  expect([flow.status, flow.wakesAt]).toEqual(['running', undefined]);
  finish();
  await settle();
  expect([flow.status, flow.wakesAt]).toEqual(['waiting', START + 5_000]);
  await pass(5_000);
  expect(flow.wakesAt).toBe(START + 7_000);
  await flow.close();
  expect(await listWorkflows({ stores: scene.stores })).toEqual([
    { runId: 'a', owner: 'nobody', status: 'waiting', since: START, version: 1, wakesAt: START + 7_000 },
  ]);
});
