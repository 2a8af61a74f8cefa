// @ts-check
import { expect, test } from '@jest/globals';
import { openRun } from 'rewake';
import { fakeTime, outcomeOf, testStores } from 'rewake/testing';
import { openWorkflow } from 'rewake/workflow';

// Jest, with its own globals and ES modules.

/** @type {import('rewake').RunDefinition<number, number> & { runId: string }} */
const counter = { runId: 'a', initialState: 0, reduce: (sum, add) => sum + add };

test('a run outlives a crash', async () => {
  /** @type {import('rewake/testing').TestStores<number, number>} */
  const stores = testStores();
  const run = await openRun({ ...counter, stores });
  await run.append(2);
  const next = await openRun({ ...counter, stores: stores.crash(), ifOwned: 'fail' });
  expect([next.state, run.status]).toEqual([2, 'open']);
  await next.close();
});

test('a call fails', async () => {
  const stores = testStores();
  stores.failNext('head', 'unavailable');
  await expect(stores.events.head('a')).rejects.toMatchObject({ code: 'unavailable', operation: 'head' });
});

test('a workflow crashes at a step and sleeps for a day', async () => {
  const time = fakeTime();
  /** @type {string[]} */
  const keys = [];
  /** @type {import('rewake/workflow').WorkflowOptions<unknown, string>['run']} */
  const run = async (_, step) => {
    await step.do('charge', ({ idempotencyKey }) => void keys.push(idempotencyKey));
    await step.sleep('a day', 86_400_000);
    return 'paid';
  };
  const stores = testStores();
  const crashed = stores.crashBefore(outcomeOf('charge#1'));
  await openWorkflow({ runId: 'order', stores, run });
  const flow = await openWorkflow({ runId: 'order', stores: await crashed, run });
  await time.pass(86_400_000);
  expect(await flow.result).toBe('paid');
  expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
  time.restore();
});
