import {
  type ErrorCode,
  type EventStore,
  IndexedDbSnapshotStore,
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
