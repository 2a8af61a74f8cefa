import 'fake-indexeddb/auto';
import { IndexedDbEventStore, IndexedDbSnapshotStore, openRun, ownerOf, recover } from 'rewake';
import {
  deleteWorkflow,
  followWorkflow,
  listWorkflows,
  openWorkflow,
  type Step,
  sendEvent,
} from 'rewake/workflow';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Locks } from '../src/run/locks.ts';
import { anyJournal } from '../src/workflow/journal.ts';
import { FakeLocks } from './fake-locks.ts';
import { LateLocks } from './late-locks.ts';
import {
  deferred,
  log,
  newStores,
  open,
  options,
  pass,
  refusal,
  START,
  scene,
  settle,
} from './workflow-scene.ts';

let locks: Locks | undefined;

function useLocks(given: Locks | undefined): void {
  locks = given;
  vi.stubGlobal('navigator', {
    get locks() {
      return locks;
    },
  });
}

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Executes step a, and step b until `gate` opens. */
const body = (gate: Promise<string>, seen: unknown[]) => async (step: Step) => {
  await step.do('a', () => void seen.push('a'));
  return step.do('b', async ({ attempt, interrupted, idempotencyKey, signal }) => {
    seen.push({ attempt, interrupted, idempotencyKey });
    signal.addEventListener('abort', () => seen.push(signal.reason));
    return gate;
  });
};

describe('a theft in the middle of a step', () => {
  test('the thief executes the step again; the signal of the loser is aborted and its outcome lost', async () => {
    const gates = [deferred<string>(), deferred<string>()] as const;
    const seen: [unknown[], unknown[]] = [[], []];
    const loser = await open(body(gates[0].promise, seen[0]));
    await settle();
    const thief = await open(body(gates[1].promise, seen[1]), { ifOwned: 'steal' });
    await settle();
    const [, first] = seen[0] as { idempotencyKey: string }[];
    expect(seen[0].slice(1)).toEqual([
      { attempt: 1, interrupted: false, idempotencyKey: first?.idempotencyKey },
      refusal('conflict'),
    ]);
    expect(seen[1]).toEqual([{ attempt: 2, interrupted: true, idempotencyKey: first?.idempotencyKey }]);
    await expect(loser.result).rejects.toEqual(refusal('conflict'));
    expect(loser.status).toBe('stopped');
    gates[0].resolve('lost');
    await settle();
    gates[1].resolve('won');
    expect(await thief.result).toBe('won');
    const a = ['begun', 'a#1 started', 'a#1 succeeded', 'b#1 started'];
    expect(await log()).toEqual([...a, 'taken', 'b#1 started', 'b#1 succeeded', 'completed']);
  });

  test('what the loser, told late, could still append is not executed again', async () => {
    useLocks(new LateLocks());
    const databaseName = crypto.randomUUID();
    const pair = () => ({
      snapshots: new IndexedDbSnapshotStore<unknown>({ databaseName }),
      events: new IndexedDbEventStore<unknown>({ databaseName }),
      databaseName,
    });
    const gate = deferred<string>();
    const calls: string[] = [];
    const twoSteps = async (step: Step) => {
      const b = await step.do('b', () => {
        calls.push('b');
        return gate.promise;
      });
      return step.do('c', () => {
        calls.push('c');
        return `${b}, c`;
      });
    };
    const stores = pair();
    const loser = await open(twoSteps, { stores });
    await vi.waitUntil(() => calls.length === 1);
    const others = pair();
    const { events } = others;
    const append = events.append.bind(events);
    // The thief has recovered, and has not appended yet: the loser records its outcome.
    events.append = async (...args) => {
      events.append = append;
      gate.resolve('b');
      await vi.waitUntil(async () => (await stores.events.head('a')).seq > 2);
      return append(...args);
    };
    const thief = await open(twoSteps, { stores: others, ifOwned: 'steal' });
    expect(await thief.result).toBe('b, c');
    await expect(loser.result).rejects.toMatchObject({ code: 'conflict' });
    expect(calls.filter((name) => name === 'b')).toEqual(['b']);
    const { events: journal } = await others.events.scan('a', 1);
    const types = journal.map(({ event }) => Object(event).type);
    expect(types.filter((type) => type === 'workflow-begun')).toHaveLength(1);
    // On a slow machine the loser may have ended it, too, before the thief appends that it has taken it.
    expect(types.filter((type) => type !== 'workflow-taken').at(-1)).toBe('workflow-completed');
  });

  test('a thief of a workflow that is just beginning', async () => {
    const { events } = scene.stores;
    const append = events.append.bind(events);
    const released = deferred();
    events.append = async (...args) => {
      events.append = append;
      await released.promise;
      return append(...args);
    };
    const first = open(async (step) => step.do('a', () => 1));
    await settle();
    const second = open(async (step) => step.do('a', () => 2), { ifOwned: 'steal' });
    await settle();
    released.resolve();
    await expect(first).rejects.toMatchObject({ code: 'conflict' });
    expect(await (await second).result).toBe(2);
    expect((await log()).filter((line) => line === 'begun')).toHaveLength(1);
  });

  test('code that does not fit the journal takes it away, and appends nothing', async () => {
    const loser = await open(async (step) => step.do('a', () => new Promise(() => {})));
    await settle();
    const thief = await open(async () => {}, { ifOwned: 'steal' });
    await expect(thief.result).rejects.toMatchObject({ code: 'non-deterministic' });
    await expect(loser.result).rejects.toMatchObject({ code: 'conflict' });
    expect(await log()).toEqual(['begun', 'a#1 started']);
  });

  test('cancel right after a theft is recorded, and so is one that comes to an end too late', async () => {
    await open(async (step) => step.do('a', () => new Promise(() => {})));
    await settle();
    const thief = await open(async (step) => step.do('a', () => new Promise(() => {})), { ifOwned: 'steal' });
    await thief.cancel('enough');
    await expect(thief.result).rejects.toMatchObject({ code: 'cancelled', cause: 'enough' });
    expect((await log()).at(-1)).toBe('cancelled');
  });
});

test('two owners with nothing but the fence: the slower one stops, and no success is executed again', async () => {
  useLocks(undefined);
  const { snapshots, events } = newStores();
  // Without Web Locks the pages do not even share a lock.
  const page = (databaseName: string) => ({ snapshots, events, databaseName });
  const gates = [deferred<string>(), deferred<string>()] as const;
  const seen: [unknown[], unknown[]] = [[], []];
  const one = await open(body(gates[0].promise, seen[0]), { stores: page('one') });
  await settle();
  const two = await open(body(gates[1].promise, seen[1]), { stores: page('two') });
  await settle();
  gates[0].resolve('one');
  await expect(one.result).rejects.toEqual(refusal('conflict'));
  gates[1].resolve('two');
  expect(await two.result).toBe('two');
  expect(seen[1]).toMatchObject([{ attempt: 2, interrupted: true }]);
});

test('ifOwned decides who goes on, and onWait tells of a wait', async () => {
  useLocks(new FakeLocks());
  const gate = deferred<string>();
  const stores = { ...newStores(), databaseName: 'shared' };
  const first = await open(body(gate.promise, []), { stores });
  await expect(open(body(gate.promise, []), { stores, ifOwned: 'fail' })).rejects.toEqual(
    refusal('conflict'),
  );
  const onWait = vi.fn();
  const waiting = open(body(gate.promise, []), { stores, onWait });
  await vi.waitUntil(() => onWait.mock.calls.length === 1);
  await settle();
  await first.close();
  gate.resolve('done');
  expect(await (await waiting).result).toBe('done');
});

test('a follower sees the status and the steps, before the workflow begins, live and after it is deleted', async () => {
  const { stores } = scene;
  const follower = await followWorkflow({ runId: 'a', stores });
  expect(follower.getState()).toEqual({ status: 'missing', steps: [] });
  const seen: string[] = [];
  follower.subscribe(() => seen.push(follower.getState().status));
  const gate = deferred<string>();
  const flow = await open(body(gate.promise, []), { version: 7 });
  await settle();
  expect(follower.getState()).toEqual(flow.getState());
  expect(follower.getState().version).toBe(7);
  gate.resolve('done');
  await flow.result;
  await settle();
  expect(follower.getState()).toMatchObject({ status: 'completed', result: 'done' });
  await deleteWorkflow({ runId: 'a', stores });
  await settle();
  expect(follower.getState().status).toBe('missing');
  expect(new Set(seen)).toEqual(new Set(['running', 'completed', 'missing']));
  await follower.close();
  await expect(follower.refresh()).rejects.toMatchObject({ code: 'closed' });
});

test('a list of the workflows, among runs of other kinds', async () => {
  const { stores } = scene;
  const run = await openRun({
    runId: 'no workflow',
    stores: stores as never,
    initialState: 0,
    reduce: (sum: number, add: number) => sum + add,
  });
  await run.append(1);
  await run.close();
  await sendEvent({ runId: 'not yet', type: 'x', stores });
  await (await open(async () => 1, { runId: 'done' })).result;
  await (await open(() => Promise.reject(new Error('no')), { runId: 'failed' })).result.catch(() => {});
  await open(async (step) => step.sleep('nap', 1_000), { runId: 'sleeps', version: 3 });
  await settle();
  const listed = await listWorkflows({ stores });
  const common = { owner: 'nobody', since: START, version: 1 };
  expect(listed.sort((one, other) => one.runId.localeCompare(other.runId))).toEqual([
    { ...common, runId: 'done', status: 'completed' },
    { ...common, runId: 'failed', status: 'failed' },
    { ...common, runId: 'sleeps', status: 'waiting', owner: 'here', version: 3, wakesAt: START + 1_000 },
  ]);
});

test('a journal that was compacted is listed and followed, and goes on', async () => {
  const { stores } = scene;
  const body = async (step: Step) =>
    `${await step.do('once', () => 'done')} ${await step.sleep('nap', 1_000)}`;
  const first = await open(body);
  await settle();
  await first.close();
  const { state, seq, logId } = await recover({ runId: 'a', stores: stores as never, ...anyJournal });
  await stores.events.compact('a', { atSeq: seq, logId, version: 1, state });
  expect(await listWorkflows({ stores })).toMatchObject([{ runId: 'a', status: 'waiting' }]);
  const follower = await followWorkflow({ runId: 'a', stores });
  expect(follower.getState().steps).toMatchObject([{ key: 'once#1', status: 'succeeded' }, { key: 'nap#1' }]);
  await follower.close();
  const second = await open(body);
  await pass(1_000);
  expect(await second.result).toBe('done undefined');
});

test('a workflow that is deleted is taken from its owner, with all that was sent to it', async () => {
  const { stores } = scene;
  const waiting = async (step: Step) => step.waitForEvent('wait', { type: 'x' });
  const flow = await open(waiting);
  await settle();
  await sendEvent({ runId: 'a', type: 'y', stores });
  await deleteWorkflow({ runId: 'a', stores });
  await expect(flow.result).rejects.toMatchObject({ code: 'conflict' });
  expect(await stores.events.runIds()).toEqual([]);
  expect(await ownerOf({ runId: 'a', stores: stores as never })).toBe('nobody');
  await deleteWorkflow({ runId: 'a', stores });
  await sendEvent({ runId: 'a', type: 'x', payload: 'new', stores });
  expect(await (await open(waiting)).result).toMatchObject({ payload: 'new' });
});

test('one that was deleted without its inbox receives what comes then, though its seqs begin again', async () => {
  const { stores } = scene;
  const twice = async (step: Step) => [
    (await step.waitForEvent('wait', { type: 'x' })).payload,
    (await step.waitForEvent('wait', { type: 'x' })).payload,
  ];
  await sendEvent({ runId: 'a', type: 'x', payload: 1, stores });
  const flow = await open(twice);
  await settle();
  await flow.close();
  await stores.events.delete('rewake:inbox:a');
  await sendEvent({ runId: 'a', type: 'x', payload: 2, stores });
  expect(await (await open(twice)).result).toEqual([1, 2]);
});

test('in memory it says so; with requireDurable it does not begin', async () => {
  vi.stubGlobal('indexedDB', undefined);
  const { stores: _, ...own } = options(async () => 1);
  const runId = crypto.randomUUID();
  await expect(openWorkflow({ ...own, runId, requireDurable: true })).rejects.toMatchObject({
    code: 'unavailable',
  });
  expect(await (await openWorkflow({ ...own, runId })).result).toBe(1);
  expect(scene.reports).toMatchObject([{ code: 'unavailable' }]);
  await pass(0);
});
