import { InMemoryEventStore, InMemorySnapshotStore, type KernelError, type RunStores } from 'rewake';
import { openWorkflow, type Step, type Workflow, type WorkflowOptions } from 'rewake/workflow';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { JournalEvent } from '../src/workflow/journal.ts';

// What the tests of workflows share: a workflow "a" in two stores in memory, and time that stands still.

export const scene: {
  stores: { snapshots: InMemorySnapshotStore<unknown>; events: InMemoryEventStore<unknown> };
  reports: KernelError[];
  open: Workflow<unknown>[];
} = { stores: newStores(), reports: [], open: [] };

export function newStores() {
  return { snapshots: new InMemorySnapshotStore<unknown>(), events: new InMemoryEventStore<unknown>() };
}

export const START = Date.UTC(2026, 0, 1);

beforeEach(() => {
  // Only these: fake-indexeddb, notices and the turns of the event loop need the others.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: START });
  scene.stores = newStores();
  scene.reports = [];
  scene.open = [];
});

afterEach(async () => {
  await Promise.all(scene.open.map((flow) => flow.close()));
  vi.useRealTimers();
});

type Body<R> = (step: Step) => Promise<R>;

export const options = <R>(run: Body<R>): WorkflowOptions<unknown, R> => ({
  runId: 'a',
  stores: scene.stores as RunStores<unknown, unknown>,
  onError: (error: KernelError) => void scene.reports.push(error),
  run: (_, step) => run(step),
});

/** Opens it, and closes it after the test. */
export async function open<R>(run: Body<R>, more: Partial<WorkflowOptions<unknown, R>> = {}) {
  const flow = await openWorkflow({ ...options(run), ...more });
  scene.open.push(flow);
  return flow;
}

/**
 * A crash: whoever has the stores until now writes nothing any more, and nobody owns anything. What is there, a new pair
 * of stores holds.
 */
export async function crash(): Promise<void> {
  const old = scene.stores;
  const stores = newStores();
  const dead = () => new Promise<never>(() => {});
  Object.assign(old.events, { append: dead, compact: dead });
  Object.assign(old.snapshots, { save: dead });
  for (const runId of await old.events.runIds()) {
    const base = await old.events.base(runId);
    if (base) await stores.events.begin(runId, base);
    const { events } = await old.events.scan(runId, (base?.atSeq ?? 0) + 1);
    for (const { event, version } of events) await stores.events.append(runId, [event], { version });
    const snapshot = await old.snapshots.loadLatest(runId);
    const { logId } = await stores.events.head(runId);
    if (snapshot) await stores.snapshots.save({ ...snapshot, logId });
  }
  // That would also set the clock back.
  const now = Date.now();
  vi.clearAllTimers();
  vi.setSystemTime(now);
  scene.stores = stores;
  scene.open = [];
}

export const journal = async () =>
  (await scene.stores.events.scan('a', 1)).events.map(({ event }) => event as JournalEvent);

/** The journal in short: `begun`, `a#1 started`, `a#1 succeeded`, … */
export const log = async () =>
  (await journal()).map((event) =>
    [
      'key' in event ? event.key : [],
      event.type.replace(/^(workflow|step)-/, ''),
      'retryAt' in event ? '(retry)' : [],
    ]
      .flat()
      .join(' '),
  );

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
}

export async function pass(ms: number): Promise<void> {
  await settle();
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}

/** A promise, and what settles it. */
export function deferred<T = void>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((...both) => {
    [resolve, reject] = both;
  });
  return { promise, resolve, reject };
}

export const refusal = (code: string) => expect.objectContaining({ code, runId: 'a' });
