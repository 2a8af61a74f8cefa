import { openStores, recover } from 'rewake';
import { median } from '../statistics.ts';
import { openDatabase, result, write } from './raw.ts';

/** Its reducer costs nothing: what grows, if anything does, is what the storage takes. */
interface Event {
  readonly type: 'counted';
  readonly by: number;
  readonly note: string;
}

const RUN = 'growing';
const TAIL = 100;
const APPENDS = 30;
const PER_APPEND = 10;

const open = () => openStores<number, Event>({ immutable: true, durability: 'default' });
const reduce = (sum: number, { by }: Event) => sum + by;

const events = (from: number, count: number): Event[] =>
  Array.from({ length: count }, (_, index) => ({
    type: 'counted',
    by: 1,
    note: `The event ${from + index}`,
  }));

/** Lets the log of a run grow to a little less than `length`: the rest is for {@link timeAppends}. */
export async function grow(length: number): Promise<void> {
  const stores = await open();
  const end = length - APPENDS * PER_APPEND;
  let head = await stores.events.head(RUN);
  while (head < end) {
    const batch = events(head + 1, Math.min(100, end - head));
    head = await stores.events.append(RUN, batch, { expectedHead: head });
  }
  await stores.snapshots.save({ runId: RUN, atSeq: length - TAIL, state: length - TAIL });
}

/** Lets the number of small runs grow to `count`. */
export async function growRuns(from: number, count: number): Promise<void> {
  const stores = await open();
  for (let next = from; next < count; ) {
    const writes: Promise<unknown>[] = [];
    for (const end = Math.min(count, next + 500); next < end; next++) {
      writes.push(stores.events.append(`run ${next}`, events(1, PER_APPEND)));
      writes.push(stores.snapshots.save({ runId: `run ${next}`, atSeq: 0, state: 0 }));
    }
    await Promise.all(writes);
  }
}

/** Small appends to a run, after as many to another one to warm up; their median in ms. */
export async function timeAppends(runId = RUN): Promise<number> {
  const { events: log } = await open();
  await appendTimes('warming up');
  await log.delete('warming up');
  return median(await appendTimes(runId));
}

async function appendTimes(runId: string): Promise<number[]> {
  const { events: log } = await open();
  const times: number[] = [];
  let head = await log.head(runId);
  while (times.length < APPENDS) {
    const batch = events(head + 1, PER_APPEND);
    const begin = performance.now();
    head = await log.append(runId, batch, { expectedHead: head });
    times.push(performance.now() - begin);
  }
  return times;
}

/** A log of so many events, so many a record: put there as rewake would, which would take a commit for each. */
export async function fill(length: number, perRecord: number): Promise<void> {
  await open();
  const database = await result(indexedDB.open('rewake'));
  await write(database, 'events', (store) => {
    for (let head = 0; head < length; head += perRecord) {
      store.put({ format: 1, events: events(head + 1, perRecord) }, [RUN, head + perRecord]);
    }
  });
  database.close();
}

/** Writes 180 kB into a database of its own, which stays small. */
export async function writeElsewhere(): Promise<void> {
  const database = await openDatabase('elsewhere', ['values']);
  // A value above 64 kB would be a file of its own.
  await write(database, 'values', (store) => {
    for (let key = 0; key < 3; key++) store.put(new Uint8Array(60_000), key);
  });
  database.close();
}

/** Opens and recovers a run on this page; in ms, and how much of it was the opening. */
export async function recoverRun(runId = RUN): Promise<{ total: number; opening: number }> {
  const begin = performance.now();
  const stores = await open();
  const opening = performance.now() - begin;
  const { state, seq } = await recover({ runId, ...stores, reduce, initialState: 0 });
  const total = performance.now() - begin;
  if (state !== seq) throw new Error(`${runId}: the state is ${state} after ${seq} events.`);
  return { total, opening };
}
