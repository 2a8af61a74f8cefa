import type { EventStore, Head, LogPage, SequencedEvent } from '../contracts/event-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { assertEqual } from './assert.ts';

// What the cases of an event store have in common.

export type Store = EventStore<unknown>;

export const name: string = 'EventStoreError';

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
