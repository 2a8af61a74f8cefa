import { assert, assertEqual } from '../../src/conformance/assert.ts';
import {
  type EventStore,
  IndexedDbEventStore,
  IndexedDbSnapshotStore,
  KernelError,
  type RunStores,
  type SnapshotStore,
} from '../../src/index.ts';
import { type FaultyFactory, type StoreName, settled } from './faulty-factory.ts';

/** What is provoked and what the caller sees. It knows no test framework: it rejects where something else happens. */
export interface FaultCase {
  readonly name: string;
  run(factory: FaultyFactory): Promise<void>;
}

export const faultCase = (name: string, run: FaultCase['run']): FaultCase => ({ name, run });

export interface Stores {
  readonly snapshots: SnapshotStore<unknown>;
  readonly events: EventStore<unknown>;
}

export const storesOf = (indexedDB: IDBFactory): Stores => ({
  snapshots: new IndexedDbSnapshotStore({ indexedDB }),
  events: new IndexedDbEventStore({ indexedDB }),
});

const snapshot = (atSeq: number) => ({ runId: 'a', atSeq, state: { atSeq } });

/** A save and an append of the run "a" both reject with this code, and with no platform's error. */
export async function assertRefused({ snapshots, events }: Stores, code: string): Promise<void> {
  const writes = [snapshots.save(snapshot(9)), events.append('a', ['new'])];
  for (const [index, outcome] of (await Promise.allSettled(writes)).entries()) {
    const operation = index === 0 ? 'save' : 'append';
    assert(outcome.status === 'rejected', `${operation} is refused`);
    const { reason } = outcome;
    assert(reason instanceof KernelError, `«${reason}» is a KernelError`);
    assertEqual([reason.operation, reason.code, reason.runId], [operation, code, 'a'], `«${reason}»`);
  }
}

/** The run "a" gets a snapshot at 1 and the events one and two. */
export async function writeSomething({ snapshots, events }: Stores): Promise<void> {
  await snapshots.save(snapshot(1));
  await events.append('a', ['one', 'two']);
}

/** That is all there is. */
export async function assertNothingElse({ snapshots, events }: Stores): Promise<void> {
  assertEqual(await snapshots.loadLatest('a'), snapshot(1), 'the snapshot');
  assertEqual(await snapshots.runIds(), ['a'], 'the runs with a snapshot');
  const { events: log } = await events.scan('a', 1);
  assertEqual(
    log.map(({ event }) => event),
    ['one', 'two'],
    'the events',
  );
  assertEqual(await events.runIds(), ['a'], 'the runs with events');
}

/** Both stores do what they are there for. */
export async function assertWorks({ snapshots, events }: Stores): Promise<void> {
  await snapshots.save(snapshot(10));
  const { seq } = await events.append('a', ['later']);
  assertEqual(await snapshots.loadLatest('a'), snapshot(10), 'the snapshot');
  assertEqual((await events.scan('a', seq)).events, [{ seq, event: 'later', version: 1 }], 'the last event');
}

/** Writes a record as another release, or something else altogether, might have written it. */
export async function plant(
  factory: FaultyFactory,
  name: StoreName,
  key: IDBValidKey,
  value: unknown,
): Promise<void> {
  const connection = await settled(factory.otherPage().open('rewake'));
  await settled(connection.transaction(name, 'readwrite').objectStore(name).put(value, key));
  connection.close();
}

/** Deletes a record, whoever wrote it. */
export async function remove(factory: FaultyFactory, name: StoreName, key: IDBValidKey): Promise<void> {
  const connection = await settled(factory.otherPage().open('rewake'));
  await settled(connection.transaction(name, 'readwrite').objectStore(name).delete(key));
  connection.close();
}

/** The state of a run: its events, each with its number. No wrong one looks right. */
export type State = readonly string[];
const reduce = (state: State, event: unknown): State => [...state, `${state.length + 1}: ${event}`];
export const fold = (log: readonly unknown[]): State => log.reduce(reduce, []);

/** What `recover`, `openRun` and `followRun` need to know beside the run's id. */
export function runOf({ snapshots, events }: Stores) {
  const stores = { snapshots, events } as RunStores<State, unknown>;
  const initialState: State = [];
  return { ...stores, stores, reduce, initialState };
}

/** A turn of the event loop. */
export const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** Runs `body` in a world where long timers run out when they are told to. */
export async function withTimers(body: (runOut: () => Promise<void>) => Promise<void>): Promise<void> {
  const real = globalThis.setTimeout;
  const held: (() => void)[] = [];
  const runOut = async () => {
    while (held.length === 0) await turn();
    for (const callback of held.splice(0)) callback();
  };
  const hold = (callback: () => void, delay = 0) =>
    delay < 1_000 ? real(callback, delay) : held.push(callback);
  Object.assign(globalThis, { setTimeout: hold });
  try {
    await body(runOut);
  } finally {
    Object.assign(globalThis, { setTimeout: real });
  }
}

/** Runs `body` in a world where this property is another one. */
export async function withProperty(
  target: object,
  name: string,
  property: PropertyDescriptor,
  body: () => Promise<void>,
): Promise<void> {
  const before = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { configurable: true, ...property });
  try {
    await body();
  } finally {
    Reflect.deleteProperty(target, name);
    if (before) Object.defineProperty(target, name, before);
  }
}
