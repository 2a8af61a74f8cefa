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
const BARE = 'bare';
const TAIL = 100;

const open = () => openStores<number, Event>({ durability: 'default' });
const reduce = (sum: number, { by }: Event) => sum + by;

const events = (from: number, count: number): Event[] =>
  Array.from({ length: count }, (_, index) => ({
    type: 'counted',
    by: 1,
    note: `The event ${from + index}`,
  }));

/** Lets the log of a run grow to `length` events, by a hundred a batch, and saves a snapshot before the tail. */
export async function grow(length: number): Promise<void> {
  const stores = await open();
  let { seq: head } = await stores.events.head(RUN);
  while (head < length) {
    const batch = events(head + 1, Math.min(100, length - head));
    ({ seq: head } = await stores.events.append(RUN, batch, { expectedHead: head }));
  }
  const { logId } = await stores.events.head(RUN);
  await stores.snapshots.save({ runId: RUN, atSeq: length - TAIL, logId, state: length - TAIL });
}

/** Lets the number of small runs grow to `count`. */
export async function growRuns(from: number, count: number): Promise<void> {
  const stores = await open();
  for (let next = from; next < count; ) {
    const writes: Promise<unknown>[] = [];
    for (const end = Math.min(count, next + 500); next < end; next++) {
      writes.push(stores.events.append(`run ${next}`, events(1, 10)));
      writes.push(stores.snapshots.save({ runId: `run ${next}`, atSeq: 0, state: 0 }));
    }
    await Promise.all(writes);
  }
}

/**
 * Appends of one event to a run, in turns with bare puts beside it into the same database, after as many of both to
 * warm up; their medians in ms.
 */
export async function timeAppends(appends: number, runId = RUN): Promise<{ rewake: number; raw: number }> {
  const { events: log } = await open();
  const database = await result(indexedDB.open('rewake'));
  await appendTimes(database, 'warming up', appends);
  const { rewake, raw } = await appendTimes(database, runId, appends);
  for (const id of ['warming up', BARE]) await log.delete(id);
  database.close();
  return { rewake: median(rewake), raw: median(raw) };
}

async function appendTimes(database: IDBDatabase, runId: string, appends: number) {
  const { events: log } = await open();
  const rewake: number[] = [];
  const raw: number[] = [];
  let { seq: head } = await log.head(runId);
  while (rewake.length < appends) {
    const batch = events(head + 1, 1);
    const begin = performance.now();
    ({ seq: head } = await log.append(runId, batch, { expectedHead: head }));
    const between = performance.now();
    await write(database, 'events', (store) => store.put({ format: 1, events: batch }, [BARE, head]));
    rewake.push(between - begin);
    raw.push(performance.now() - between);
  }
  return { rewake, raw };
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
  const { state, seq } = await recover({ runId, stores, reduce, initialState: 0 });
  const total = performance.now() - begin;
  if (state !== seq) throw new Error(`${runId}: the state is ${state} after ${seq} events.`);
  return { total, opening };
}
