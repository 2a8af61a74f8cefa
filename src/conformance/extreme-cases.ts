import { assert, assertEqual } from './assert.ts';
import { type ConformanceCase, incompressibleRunId } from './case.ts';
import { assertLog, eventsOf, numbered, range, type Store } from './log.ts';

/** What {@link EventStore} guarantees when it is pressed: two writers of one run at once, long names, large batches. */
export const extremeCases: readonly ConformanceCase<Store>[] = [
  {
    name: 'while one handle appends and another deletes, every log is whole and begins at 1',
    async run(open) {
      const [writer, other] = [await open('e'), await open('e')];
      // Long enough for a deletion to come while they are being written.
      const batch = (name: string) => range(1, 300).map((n) => `${name}.${n}`);
      for (const round of range(1, 8)) {
        await writer.append('a', batch('first'));
        const names = range(1, 4).map((part) => `${round}.${part}`);
        const appends = names.map((name) => writer.append('a', batch(name)));
        let over = false;
        const deleting = async () => {
          // Not before there is a log again, and then while the next batch is likely to be written.
          while (!over)
            if ((await other.head('a')).seq > 0 && (await other.head('a'))) await other.delete('a');
        };
        const deletions = deleting();
        const heads = await Promise.all(appends);
        over = true;
        await deletions;
        const { logId, events } = await other.scan('a', 1);
        // What was appended to this log is all that is in it.
        const left = names.filter((_, index) => heads[index]?.logId === logId);
        const log = left.flatMap(batch);
        assertEqual(
          events,
          numbered(events.length > log.length ? [...batch('first'), ...log] : log),
          'the log',
        );
        assertEqual(await writer.head('a'), { seq: events.length, logId }, 'the head');
        await other.delete('a');
        await assertLog(writer, 'a', []);
        // Longer than any of them: it would meet what is left of one.
        await writer.append('a', range(1, 1_500), { expectedHead: 0, logId: null });
        await assertLog(other, 'a', range(1, 1_500));
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
