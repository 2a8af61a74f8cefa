import {
  type EventStore,
  InMemoryEventStore,
  InMemorySnapshotStore,
  type KernelError,
  type RunStores,
  type SnapshotStore,
} from 'rewake';
import { beforeEach, expect } from 'vitest';

// What the tests of runs share: a run "a" that sums numbers, and two stores in memory.

export interface State {
  readonly sum: number;
  readonly count: number;
}

export const initialState: State = { sum: 0, count: 0 };

/** Refuses NaN. */
export function reduce({ sum, count }: State, event: number): State {
  if (Number.isNaN(event)) throw new RangeError('not a number');
  return { sum: sum + event, count: count + 1 };
}

export const scene: {
  stores: { snapshots: SnapshotStore<State>; events: EventStore<number> };
  reports: KernelError[];
} = { stores: newStores(), reports: [] };

function newStores() {
  return { snapshots: new InMemorySnapshotStore<State>(), events: new InMemoryEventStore<number>() };
}

beforeEach(() => {
  scene.stores = newStores();
  scene.reports = [];
});

export const options = () => ({
  runId: 'a',
  reduce,
  initialState,
  stores: scene.stores as RunStores<State, number>,
  onError: (error: KernelError) => void scene.reports.push(error),
});

export const log = async () => (await scene.stores.events.scan('a', 1)).events.map(({ event }) => event);

export const refusal = (code: string) => expect.objectContaining({ code, runId: 'a' });
