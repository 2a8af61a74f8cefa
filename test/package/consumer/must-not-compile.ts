import {
  type ErrorCode,
  type EventStore,
  IndexedDbSnapshotStore,
  isKernelError,
  openRun,
  openStores,
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

/** The code of an error tells what else it has. */
export function narrowed(error: unknown): number | undefined {
  if (isKernelError(error, 'conflict')) return error.actual;
  if (!isKernelError(error)) return undefined;
  if (error.code === 'conflict') return error.expected;
  // @ts-expect-error: only a conflict has it.
  const seq: number | undefined = error.code === 'quota' ? error.actual.valueOf() : undefined;
  // @ts-expect-error: no such code.
  if (isKernelError(error, 'oops')) return 1;
  return seq;
}

/** What the stores have depends on where they are. */
export async function stores(): Promise<string> {
  const stores = await openStores<Sum, { amount: number }>();
  // @ts-expect-error: only those in memory have a reason.
  stores.reason;
  return stores.backend === 'memory' ? stores.reason.message : stores.databaseName;
}

/** An option may be given as undefined, as an application does that passes its own options on. */
export const passedOn = (signal: AbortSignal | undefined) =>
  openRun({
    runId: 'sum',
    reduce: (total: number, { amount }: { amount: number }) => total + amount,
    initialState: 0,
    signal,
    onError: undefined,
    stores: undefined,
    version: undefined,
  });

export async function unannotated(): Promise<void> {
  const run = await openRun({
    runId: 'list',
    // @ts-expect-error: an empty list without a type is a never[], which takes nothing.
    reduce: ({ list }, item: string) => ({ list: [...list, item] }),
    initialState: { list: [] },
  });
  await run.append('a');
}
