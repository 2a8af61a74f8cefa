import { isKernelError, openRun, recover } from 'rewake';
import { listWorkflows, openWorkflow, type Step, sendEvent } from 'rewake/workflow';
import { expect, test, vi } from 'vitest';
import { anyJournal } from '../src/workflow/journal.ts';
import { open, options, refusal, scene, settle } from './workflow-scene.ts';

// What is recorded of a workflow, and what is not.

const shared = () => ({ view: new Uint8Array(new SharedArrayBuffer(8)) });

test('what can be cloned and not stored is refused with the place, and stops no workflow', async () => {
  const caught: unknown[] = [];
  const flow = await open(async (step) => {
    const failing = (work: () => unknown) =>
      step.do('step', async () => work()).catch((error: unknown) => void caught.push(error));
    await failing(() => [new Map([['key', shared()]])]);
    await failing(() => {
      throw shared();
    });
    await failing(() => {
      throw Object.assign(new Error('no'), { code: 7, memory: shared(), buffer: new SharedArrayBuffer(8) });
    });
  });
  await flow.result;
  const [result, thrown, field] = caught;
  expect(result).toMatchObject({
    code: 'not-cloneable',
    message: expect.stringContaining('.view cannot be stored'),
  });
  expect(thrown).toMatchObject({ name: 'Error', message: expect.any(String) });
  expect(field).toMatchObject({ message: 'no', code: 7 });
  for (const name of ['memory', 'buffer']) expect(field).not.toHaveProperty(name);

  const failed = await open(async () => shared(), { runId: 'b' });
  await expect(failed.result).rejects.toMatchObject({ cause: { code: 'not-cloneable' } });
  const cyclic: { self?: unknown; buffers?: unknown } = {};
  cyclic.self = cyclic;
  cyclic.buffers = new Set([new SharedArrayBuffer(8)]);
  await expect(open(async () => 1, { runId: 'c', input: cyclic })).rejects.toMatchObject({
    code: 'not-cloneable',
  });
  await expect(
    sendEvent({ runId: 'c', type: 'x', payload: shared(), stores: scene.stores }),
  ).rejects.toMatchObject({ code: 'not-cloneable', message: expect.stringContaining('payload.view') });
  expect((await scene.stores.events.runIds()).sort()).toEqual(['a', 'b']);
});

test('what was thrown is kept as it was then, whatever becomes of it', async () => {
  const details = { times: 1 };
  const flow = await open(async (step) => {
    const error = Object.assign(new Error('one'), { details });
    await step
      .do('error', () => Promise.reject(error))
      .catch((caught) => {
        caught.details.times = 2;
      });
    await step
      .do('value', () => Promise.reject(details))
      .catch((caught) => {
        caught.times = 3;
      });
    details.times = 4;
    const odd = Object.assign(new Error(), { name: 5, message: 6, stack: 7 });
    await step.do('odd', () => Promise.reject(odd)).catch(() => {});
  });
  await flow.result;
  const [error, value, odd] = flow.getState().steps.map((step) => step.error);
  expect(error).toMatchObject({ fields: { details: { times: 1 } } });
  expect(value).toEqual({ thrown: { times: 1 } });
  expect(odd).toEqual({ name: '5', message: '6' });
});

test('of a chain of causes, nine errors are kept', async () => {
  let error = new Error('0');
  for (let link = 1; link < 20; link++) error = new Error(String(link), { cause: error });
  const flow = await open(() => Promise.reject(error));
  await flow.result.catch(() => {});
  const messages: string[] = [];
  for (let next = Object(flow.getState().error); next; next = next.cause) messages.push(next.message);
  expect(messages).toEqual(['19', '18', '17', '16', '15', '14', '13', '12', '11']);
});

test('a journal with anything after its end is refused', async () => {
  const body = async () => 1;
  await (await open(body)).result;
  await scene.stores.events.append('a', [{ type: 'step-started', key: 'late#1', kind: 'do', at: 0 }]);
  const opening = openWorkflow({ ...options(body) });
  await expect(opening).rejects.toEqual(refusal('reducer-threw'));
});

const eight = async (step: Step) => {
  for (let count = 0; count < 8; count++) await step.do('a', () => count);
  await step.waitForEvent('wait', { type: 'go' });
};

test('another version of the code recovers from the snapshot of the one before', async () => {
  const first = await open(eight);
  await settle();
  await first.close();
  const scan = vi.spyOn(scene.stores.events, 'scan');
  await open(eight, { version: 2 });
  // Which was saved when it was closed, so that there is nothing to replay.
  expect(scan.mock.calls.filter(([runId]) => runId === 'a')).toEqual([]);
});

test('an opening that adds little saves no snapshot', async () => {
  const first = await open(eight);
  await settle();
  await first.close();
  const save = vi.spyOn(scene.stores.snapshots, 'save');
  const second = await open(async (step) => {
    await eight(step);
    await step.waitForEvent('wait', { type: 'never' });
  });
  await sendEvent({ runId: 'a', type: 'go', stores: scene.stores });
  await settle();
  expect(second.getState().steps).toHaveLength(10);
  await second.close();
  expect(save).not.toHaveBeenCalled();
});

test('an ordinary run that was compacted is no workflow', async () => {
  const { stores } = scene;
  const counter = {
    initialState: { begun: 1 },
    reduce: ({ begun }: { begun: number }) => ({ begun: begun + 1 }),
  };
  const run = await openRun<{ begun: number }, unknown>({
    runId: 'count',
    stores: stores as never,
    ...counter,
  });
  await run.append('x');
  await run.close();
  const { state, seq, logId } = await recover({ runId: 'count', stores: stores as never, ...counter });
  await stores.events.compact('count', { atSeq: seq, logId, version: 1, state });
  expect(await listWorkflows({ stores })).toEqual([]);
  await expect(recover({ runId: 'count', stores: stores as never, ...anyJournal })).resolves.toMatchObject({
    seq: 1,
  });
  expect(isKernelError(await open(async () => 1, { runId: 'count' }).catch((error) => error))).toBe(false);
});
