import { KernelError, listRuns } from 'rewake';
import { openWorkflow, type Step, sendEvent } from 'rewake/workflow';
import { expect, test, vi } from 'vitest';
import {
  crash,
  deferred,
  journal,
  log,
  newStores,
  open,
  options,
  pass,
  START,
  scene,
  settle,
} from './workflow-scene.ts';

const send = (type: string, payload?: unknown) =>
  sendEvent({ runId: 'a', type, payload, stores: scene.stores });

const waitFor = (type: string) => (step: Step) => step.waitForEvent<string>('wait', { type });

test('an event that is sent while a step waits for it', async () => {
  const flow = await open(waitFor('approved'));
  await settle();
  expect([flow.status, flow.wakesAt]).toEqual(['waiting', undefined]);
  await send('other', 'no');
  await settle();
  expect(flow.status).toBe('waiting');
  await send('approved', 'ann');
  expect(await flow.result).toEqual({ type: 'approved', payload: 'ann', at: START });
  expect(await journal()).toContainEqual({
    type: 'step-succeeded',
    key: 'wait#1',
    at: START,
    result: { type: 'approved', payload: 'ann', at: START },
    eventId: expect.any(String),
    eventSeq: 2,
  });
  expect(scene.reports).toEqual([]);
});

test('events that are sent before the workflow exists, and while it is closed', async () => {
  await send('one', 1);
  const body = async (step: Step) => {
    const one = await step.waitForEvent('wait', { type: 'one' });
    const two = await step.waitForEvent('wait', { type: 'two' });
    return [one.payload, two.payload];
  };
  const flow = await open(body);
  await settle();
  await flow.close();
  await send('two', 2);
  expect(await (await open(body)).result).toEqual([1, 2]);
});

test('each event is received once, in the order in which they were sent, over crashes and restarts', async () => {
  const received: unknown[] = [];
  const gate = deferred();
  const run = async ({ input }: { input: number }, step: Step): Promise<void> => {
    const both = await Promise.all([
      step.waitForEvent('first', { type: 'x' }),
      step.waitForEvent('second', { type: 'x' }),
    ]);
    await step.do('keep', () => void received.push(both.map(({ payload }) => payload)));
    if (input < 3) return step.restart(input + 1);
    await step.do('end', () => gate.promise);
  };
  for (let payload = 1; payload <= 5; payload++) await send('x', payload);
  const common = { ...options(async () => {}), run, input: 1 };
  scene.open.push(await openWorkflow(common));
  await settle();
  await settle();
  await crash();
  await send('x', 6);
  await send('x', 7);
  gate.resolve();
  await (await openWorkflow({ ...common, stores: scene.stores })).result;
  expect(received).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
});

test('a timeout is stored; an event that was sent before it counts, one that was sent after it does not', async () => {
  const body = async (step: Step) => {
    const outcomes: unknown[] = [];
    for (const type of ['x', 'y', 'z'])
      outcomes.push(
        await step.waitForEvent('wait', { type, timeout: 10_000 }).then(
          ({ payload }) => payload,
          ({ name }) => name,
        ),
      );
    return outcomes;
  };
  const first = await open(body);
  await pass(4_000);
  await first.close();
  vi.setSystemTime(START + 10_000);
  await send('x', 'in time');
  vi.setSystemTime(START + 11_000);
  const second = await open(body);
  await settle();
  expect(second.getState().steps.map(({ status }) => status)).toEqual(['succeeded', 'waiting']);
  await second.close();
  vi.setSystemTime(START + 22_000);
  await send('y', 'too late');
  const third = await open(body);
  await settle();
  await pass(9_999);
  expect(third.status).toBe('waiting');
  await pass(1);
  expect(await third.result).toEqual(['in time', 'TimeoutError', 'TimeoutError']);
  expect(vi.getTimerCount()).toBe(0);
});

test('a notice that is lost costs a minute', async () => {
  vi.stubGlobal('BroadcastChannel', undefined);
  const flow = await open(waitFor('x'));
  await settle();
  await send('x', 'heard');
  await pass(59_999);
  expect(flow.status).toBe('waiting');
  await pass(1);
  expect(await flow.result).toMatchObject({ payload: 'heard' });
  vi.unstubAllGlobals();
});

test('a reading that fails is reported, and tried again', async () => {
  const flow = await open(waitFor('x'));
  await settle();
  const { events } = scene.stores;
  const head = events.head.bind(events);
  events.head = async () => {
    throw new KernelError('connection-lost', 'injected', { operation: 'head' });
  };
  await pass(60_000);
  expect(scene.reports).toMatchObject([{ code: 'connection-lost' }]);
  events.head = head;
  await send('x', 'heard');
  expect(await flow.result).toMatchObject({ payload: 'heard' });
});

test('an inbox that cannot be opened stops the workflow; nothing is lost', async () => {
  const { events } = scene.stores;
  const head = events.head.bind(events);
  events.head = async (runId) => {
    if (runId === 'a') return head(runId);
    throw new KernelError('unreadable', 'injected', { operation: 'head' });
  };
  const flow = await open(waitFor('x'));
  await expect(flow.result).rejects.toMatchObject({ code: 'unreadable' });
  events.head = head;
  await send('x', 'heard');
  expect(await (await open(waitFor('x'))).result).toMatchObject({ payload: 'heard' });
});

test('an event lands once if the connection is lost and others send meanwhile', async () => {
  const stores = newStores();
  const { events } = stores;
  const append = events.append.bind(events);
  let faults = 3;
  events.append = async (...args) => {
    if (faults === 2) await append('rewake:inbox:a', [{ id: 'x', type: 'other', payload: 0, at: 0 }]);
    const landed = faults === 1 ? await append(...args) : undefined;
    if (faults-- > 0) throw new KernelError('connection-lost', 'injected', { operation: 'append' });
    return landed ?? append(...args);
  };
  await sendEvent({ runId: 'a', type: 'x', stores });
  const { events: inbox } = await events.scan('rewake:inbox:a', 1);
  expect(inbox.map(({ event }) => Object(event).type)).toEqual(['other', 'x']);
  faults = 10;
  await expect(sendEvent({ runId: 'a', type: 'x', stores })).rejects.toMatchObject({
    code: 'connection-lost',
  });
});

test('what cannot be sent is refused; an inbox is not among the runs of the application', async () => {
  await expect(send('x', () => {})).rejects.toMatchObject({ code: 'not-cloneable' });
  await expect(send('')).rejects.toMatchObject({ code: 'invalid-argument' });
  await send('x');
  expect(await listRuns({ stores: scene.stores })).toEqual([]);
  expect(await scene.stores.events.runIds()).toEqual(['rewake:inbox:a']);
  expect(await log()).toEqual([]);
});
