import {
  type ErrorCode,
  type EventStore,
  IndexedDbSnapshotStore,
  openRun,
  type Reducer,
  type Snapshot,
  type SnapshotStore,
} from 'rewake';

// @ts-expect-error: only what `exports` names can be imported.
export type { EventStore as Deep } from 'rewake/dist/event-store.js';

interface Sum {
  total: number;
}

export async function mistakes(
  snapshots: SnapshotStore<Sum>,
  events: EventStore<{ amount: number }>,
): Promise<void> {
  // @ts-expect-error: a snapshot says at which seq it was taken.
  await snapshots.save({ runId: 'sum', state: { total: 3 } });
  // @ts-expect-error: the state is of the store's type.
  await snapshots.save({ runId: 'sum', atSeq: 2, state: { totl: 3 } });
  // @ts-expect-error: there may be no snapshot.
  (await snapshots.loadLatest('sum')).state;
  // @ts-expect-error: a runId is a string.
  await snapshots.delete(7);

  // @ts-expect-error: events are appended as an array.
  await events.append('sum', { amount: 1 });
  // @ts-expect-error: an event is of the log's type.
  await events.append('sum', [{ amount: '1' }]);
  // @ts-expect-error: a scan says from where.
  await events.scan('sum');
}

// @ts-expect-error: no such option.
export const store = new IndexedDbSnapshotStore<Sum>({ database: 'mine' });

// @ts-expect-error: a reducer returns a state.
export const reduce: Reducer<Sum, { amount: number }> = ({ total }, { amount }) => total + amount;

// @ts-expect-error: no such code.
export const code: ErrorCode = 'oops';

export function rewind(snapshot: Snapshot<Sum>): void {
  // @ts-expect-error: a snapshot is not changed.
  snapshot.atSeq = 1;
}

/** Types flow from the reducer and the initial state: nobody writes a type argument. */
export async function run(): Promise<number> {
  const run = await openRun({
    runId: 'sum',
    reduce: ({ total }: Sum, { amount }: { amount: number }) => ({ total: total + amount }),
    initialState: { total: 0 },
  });
  await run.append({ amount: 1 });
  await run.appendAll([{ amount: 1 }, { amount: 2 }]);
  // @ts-expect-error: several events are appended by another method.
  await run.append([{ amount: 1 }]);
  // @ts-expect-error: an event is of the reducer's type.
  await run.append({ amount: '1' });
  // @ts-expect-error: the state moves by events only.
  run.state = { total: 7 };
  // @ts-expect-error: no such state.
  run.state.totl;
  // @ts-expect-error: no such way to own a run.
  await openRun({ runId: 'sum', reduce: (state: number) => state, initialState: 0, owner: 'maybe' });
  return run.getState().total;
}
