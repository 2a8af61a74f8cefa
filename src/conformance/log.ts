import type { Base, EventStore, Head, LogPage, SequencedEvent } from '../contracts/event-store.ts';
import type { LogId, RunId, Seq } from '../contracts/words.ts';
import { assertEqual, assertRejects } from './assert.ts';

// What the cases of an event store have in common.

/** What the cases ask of it. */
export type Store = Omit<EventStore<unknown>, 'watch'>;

export const name: string = 'EventStoreError';

/** A conflict of the run `a`. */
export const conflict: { name: string; code: 'conflict'; says: string } = {
  name,
  code: 'conflict',
  says: '"a"',
};

export const numbered = (events: readonly unknown[], first = 1): SequencedEvent<unknown>[] =>
  events.map((event, index) => ({ seq: first + index, event, version: 1 }));

export const seqOf = async (appending: Promise<Head>): Promise<Seq> => (await appending).seq;

export const seqsOf = async (appending: Promise<Head>[]): Promise<Seq[]> =>
  (await Promise.all(appending)).map(({ seq }) => seq);

export const eventsOf = async (scanning: Promise<LogPage<unknown>>): Promise<SequencedEvent<unknown>[]> =>
  (await scanning).events;

export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** The whole log of a run that has no base. */
export async function assertLog(store: Store, runId: RunId, events: readonly unknown[]): Promise<void> {
  assertEqual(await eventsOf(store.scan(runId, 1)), numbered(events), `the log of ${runId}`);
  assertEqual((await store.head(runId)).seq, events.length, `the head of ${runId}`);
}

/** Begins the log of `a` with these batches of numbers, the first of which is 1. */
export async function begin(store: Store, ...sizes: readonly number[]): Promise<LogId | null> {
  let head: Awaited<ReturnType<Store['append']>> = { seq: 0, logId: null };
  for (const size of sizes) head = await store.append('a', range(head.seq + 1, head.seq + size));
  return head.logId;
}

/** A base of version 1. */
export const baseAt = (atSeq: Seq, logId: LogId | null, state: unknown = `state ${atSeq}`): Base => ({
  atSeq,
  logId,
  version: 1,
  state,
});

/** The log of `a` begins with this base, and goes on with the number after it, up to `head`. */
export async function assertCompacted(store: Store, base: Base, head: Seq): Promise<void> {
  const { atSeq, logId } = base;
  assertEqual(await store.base('a'), base, 'the base');
  assertEqual(await store.head('a'), { seq: head, logId }, 'the head');
  const rest = { logId, events: numbered(range(atSeq + 1, head), atSeq + 1) };
  assertEqual(await store.scan('a', atSeq + 1), rest, 'the events after the base');
  for (const from of new Set([1, atSeq])) {
    for (const limit of [undefined, 1, Number.MAX_SAFE_INTEGER]) {
      const error = await assertRejects(() => store.scan('a', from, limit), { name, code: 'compacted' });
      assertEqual([error.seq, error.operation, error.runId], [atSeq, 'scan', 'a'], 'what the error tells');
    }
  }
}
