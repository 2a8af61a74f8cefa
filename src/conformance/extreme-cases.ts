import { assert, assertEqual } from './assert.ts';
import { type ConformanceCase, incompressibleRunId } from './case.ts';
import { assertLog, eventsOf, numbered, range, type Store } from './log.ts';

/** What {@link EventStore} guarantees when it is pressed: two writers of one run at once, long names, large batches. */
export const extremeCases: readonly ConformanceCase<Store>[] = [
  {
    name: 'while one handle appends and another deletes, every log is whole and begins at 1',
    async run(open) {
      const [writer, other] = [await open('e'), await open('e')];
      for (const round of range(1, 15)) {
        const appends = range(1, 6).map((part) => writer.append('a', [`${round}.${part}`, 'end']));
        const deletions = range(1, 3).map(() => other.delete('a'));
        const heads = await Promise.all(appends);
        await Promise.all(deletions);
        const { logId, events } = await other.scan('a', 1);
        const left = heads.filter((head) => head.logId === logId);
        assertEqual(await writer.head('a'), left.at(-1) ?? { seq: 0, logId: null }, 'the head');
        // What was appended to this log is all that is in it.
        const parts = left.map((head) => `${round}.${heads.indexOf(head) + 1}`);
        assertEqual(events, numbered(parts.flatMap((part) => [part, 'end'])), 'the log');
        await other.delete('a');
        await assertLog(writer, 'a', []);
        await writer.append('a', ['anew'], { expectedHead: 0, logId: null });
        await assertLog(other, 'a', ['anew']);
        await writer.delete('a');
      }
    },
  },
  {
    name: 'a long run id that cannot be compressed either works or rejects with invalid-argument',
    async run(open) {
      const store = await open('e');
      const runId = incompressibleRunId();
      await store.append('a', [1]);
      const isTaken = await store.append(runId, [1, 2]).then(
        () => true,
        ({ code }) => code,
      );
      if (isTaken !== true) assertEqual(isTaken, 'invalid-argument', 'the code');
      await assertLog(store, runId, isTaken === true ? [1, 2] : []);
      const runIds = await store.runIds();
      assertEqual(runIds.sort(), isTaken === true ? ['a', runId].sort() : ['a'], 'the runs');
      await store.delete(runId);
      assertEqual(await store.runIds(), ['a'], 'the runs after delete');
    },
  },
  {
    name: 'a batch of 10,000 events that its writer repeats is appended once, and whole',
    async run(open) {
      const [store, other] = [await open('e'), await open('e')];
      const { logId } = await store.append('a', ['first']);
      const batch = range(2, 10_001).map((n) => ({ n, text: `event ${n}` }));
      const append = (handle: Store) =>
        handle.append('a', batch, { expectedHead: 1, logId, writer: 'w', version: 3 });
      const heads = await Promise.all([append(store), append(other)]);
      heads.push(await append(other));
      assertEqual(
        heads,
        [10_001, 10_001, 10_001].map((seq) => ({ seq, logId })),
        'the heads',
      );
      const [first, ...events] = await eventsOf(other.scan('a', 1));
      assertEqual(first, { seq: 1, event: 'first', version: 1 }, 'the first event');
      assertEqual(
        events.map(({ event }) => event),
        batch,
        'the batch',
      );
      assert(
        events.every(({ seq, version }, index) => seq === index + 2 && version === 3),
        'they have their seqs and their version',
      );
    },
  },
];
