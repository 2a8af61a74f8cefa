import type { Base } from '../contracts/event-store.ts';
import type { Seq } from '../contracts/words.ts';
import { isKernelError } from '../errors/kernel-error.ts';
import { assert, assertEqual, assertRejects } from './assert.ts';
import { badRunIds, badSeqs, type ConformanceCase, peculiarRunIds, richValue, uncloneables } from './case.ts';
import {
  assertCompacted,
  baseAt,
  begin,
  conflict,
  eventsOf,
  name,
  numbered,
  range,
  type Store,
} from './log.ts';

/** What {@link EventStore.compact} guarantees. */
export const compactionCases: readonly ConformanceCase<Store>[] = [
  {
    name: 'a log that was never compacted has no base, nor has an unknown run',
    async run(open) {
      const store = await open('e');
      assertEqual(await store.base('nobody'), undefined, 'the base of nobody');
      await begin(store, 2, 3);
      assertEqual(await store.base('a'), undefined, 'the base');
    },
  },
  {
    name: 'compact replaces the events up to atSeq by the base, and leaves head, logId and the other events',
    async run(open) {
      const [store, other] = [await open('e'), await open('e')];
      const logId = await begin(store, ...range(1, 6).map(() => 1));
      await store.append('ab', ['other']);
      for (const atSeq of [1, 3, 5]) {
        await store.compact('a', baseAt(atSeq, logId));
        await assertCompacted(other, baseAt(atSeq, logId), 6);
      }
      assertEqual(await eventsOf(store.scan('a', 5 + 1, 1)), numbered([6], 6), 'a page of the rest');
      assertEqual(await store.base('ab'), undefined, 'the base of another run');
      assertEqual(await eventsOf(store.scan('ab', 1)), numbered(['other']), 'the log of another run');
    },
  },
  {
    name: 'a batch that spans atSeq is split, wherever that is, and keeps its version',
    async run(open) {
      for (const atSeq of range(1, 10)) {
        const store = await open(`e${atSeq}`);
        await store.append('a', [1, 2], { version: 2 });
        await store.append('a', [3, 4, 5, 6, 7], { version: 3 });
        const { logId } = await store.append('a', [8, 9, 10], { version: 4 });
        const log = await eventsOf(store.scan('a', 1));
        const base = { ...baseAt(atSeq, logId), version: 4 };
        await store.compact('a', base);
        assertEqual(await store.base('a'), base, 'the base');
        assertEqual((await store.head('a')).seq, 10, 'the head');
        assertEqual(await eventsOf(store.scan('a', atSeq + 1)), log.slice(atSeq), `after ${atSeq}`);
      }
    },
  },
  {
    name: 'a large batch is split, too, and the rest can be scanned in pages',
    async run(open) {
      const store = await open('e');
      const logId = await begin(store, 25_000);
      await store.compact('a', baseAt(12_345, logId));
      const scanned: unknown[] = [];
      for (let from = 12_346; from <= 25_000; from += 5_000)
        for (const { event } of await eventsOf(store.scan('a', from, 5_000))) scanned.push(event);
      assertEqual(scanned, range(12_346, 25_000), 'the rest');
    },
  },
  {
    name: 'a base at the head is a log without events: it is listed, goes on, and can be compacted again',
    async run(open) {
      const [store, other] = [await open('e'), await open('e')];
      const logId = await begin(store, 3);
      await store.compact('a', baseAt(3, logId));
      await assertCompacted(other, baseAt(3, logId), 3);
      assertEqual(await store.runIds(), ['a'], 'the runs');
      assertEqual(await other.append('a', []), { seq: 3, logId }, 'the head after nothing');
      assertEqual(await other.append('a', [4, 5]), { seq: 5, logId }, 'the head');
      await assertCompacted(store, baseAt(3, logId), 5);
      await store.compact('a', baseAt(5, logId));
      await assertCompacted(other, baseAt(5, logId), 5);
    },
  },
  {
    name: 'a compaction that is repeated succeeds; one at the same seq replaces the base',
    async run(open) {
      const store = await open('e');
      const logId = await begin(store, 2, 3);
      for (const state of ['one', 'one', 'two']) {
        await store.compact('a', baseAt(3, logId, state));
        await assertCompacted(store, baseAt(3, logId, state), 5);
      }
    },
  },
  {
    name: 'a base below the present one, above the head or of another log rejects with conflict and changes nothing',
    async run(open) {
      const [store, other] = [await open('e'), await open('e')];
      const compact = (base: Base) => assertRejects(() => other.compact('a', base), conflict);
      await compact(baseAt(1, null));
      const old = await begin(store, 4);
      await store.delete('a');
      await compact(baseAt(2, old));
      const logId = await begin(store, 2, 3);
      await compact(baseAt(2, old));
      await compact(baseAt(2, null));
      const above = await compact(baseAt(6, logId));
      assertEqual([above.expected, above.actual], [6, 5], 'expected and actual, above the head');
      assertEqual([above.operation, above.runId], ['compact', 'a'], 'operation and runId');
      assertEqual(await eventsOf(store.scan('a', 1)), numbered(range(1, 5)), 'the log');
      await store.compact('a', baseAt(4, logId));
      const below = await compact(baseAt(3, logId));
      assertEqual([below.expected, below.actual], [3, 4], 'expected and actual, below the base');
      await assertCompacted(store, baseAt(4, logId), 5);
    },
  },
  {
    name: 'a base of a lower version does not replace one of a higher version: newer-version',
    async run(open) {
      const store = await open('e');
      const logId = await begin(store, 5);
      const base = { ...baseAt(3, logId), version: 2 };
      await store.compact('a', base);
      for (const atSeq of [3, 5])
        await assertRejects(() => store.compact('a', baseAt(atSeq, logId)), { name, code: 'newer-version' });
      await assertCompacted(store, base, 5);
      const newer = { ...base, version: 3 };
      await store.compact('a', newer);
      await assertCompacted(store, newer, 5);
    },
  },
  {
    name: 'the fence is as before: expectedHead and logId are those of a log that was not compacted',
    async run(open) {
      const [store, other] = [await open('e'), await open('e')];
      const logId = await begin(store, 2, 3);
      await other.compact('a', baseAt(4, logId));
      for (const expectedHead of [0, 1, 3, 4, 6])
        await assertRejects(() => store.append('a', ['stale'], { expectedHead, logId }), conflict);
      await assertRejects(() => store.append('a', ['stale'], { expectedHead: 5, logId: null }), conflict);
      assertEqual(await store.append('a', [6], { expectedHead: 5, logId }), { seq: 6, logId }, 'the head');
      await other.compact('a', baseAt(6, logId));
      await assertRejects(() => store.append('a', ['stale'], { expectedHead: 5, logId }), conflict);
      assertEqual(await store.append('a', [7], { expectedHead: 6, logId }), { seq: 7, logId }, 'the head');
      await assertCompacted(store, baseAt(6, logId), 7);
    },
  },
  {
    name: 'an append that its writer repeats after it was compacted, in whole or in part, is not appended again',
    async run(open) {
      const store = await open('e');
      const { logId } = await store.append('a', [1], { expectedHead: 0, writer: 'w' });
      const append = (expectedHead: Seq, events: unknown[]) =>
        store.append('a', events, { expectedHead, logId, writer: 'w' });
      const repeated = async (expectedHead: Seq, events: unknown[]) => {
        try {
          const { seq } = await append(expectedHead, events);
          assertEqual(seq, expectedHead + events.length, 'the head, again');
        } catch (error) {
          assert(isKernelError(error, 'conflict'), `«${error}» is a conflict`);
        }
      };
      await append(1, [2, 3, 4]);
      await append(4, [5, 6]);
      for (const atSeq of [1, 3, 4, 5, 6]) {
        await store.compact('a', baseAt(atSeq, logId));
        // One that is left as it was is recognized.
        if (atSeq <= 4) assertEqual((await append(4, [5, 6])).seq, 6, 'the head of what is left');
        await repeated(0, [1]);
        await repeated(1, [2, 3, 4]);
        await repeated(4, [5, 6]);
        // What is left of a batch is no batch of this writer.
        if (atSeq === 3 || atSeq === 5)
          await assertRejects(() => append(atSeq, range(atSeq + 1, atSeq === 3 ? 4 : 6)), conflict);
        await assertCompacted(store, baseAt(atSeq, logId), 6);
      }
    },
  },
  {
    name: 'after delete there is no base, and the run begins again at 1',
    async run(open) {
      const store = await open('e');
      const old = await begin(store, 5);
      await store.compact('a', baseAt(3, old));
      await store.delete('a');
      assertEqual(await store.base('a'), undefined, 'the base');
      assertEqual(await store.head('a'), { seq: 0, logId: null }, 'the head');
      assertEqual(await store.runIds(), [], 'the runs');
      const logId = await begin(store, 2);
      assert(logId !== old, 'it is another log');
      assertEqual(await store.base('a'), undefined, 'the base of the new log');
      assertEqual(await eventsOf(store.scan('a', 1)), numbered([1, 2]), 'the new log');
    },
  },
  {
    name: 'compact keeps its place among appends that are not awaited',
    async run(open) {
      const store = await open('e');
      const logId = await begin(store, 1);
      await Promise.all([
        store.append('a', [2]),
        store.append('a', [3], { expectedHead: 2, logId }),
        store.compact('a', baseAt(3, logId)),
        store.append('a', [4]),
        store.append('a', [5], { expectedHead: 4, logId }),
        store.compact('a', baseAt(4, logId)),
      ]);
      await assertCompacted(store, baseAt(4, logId), 5);
    },
  },
  {
    name: 'while one handle appends and another compacts, no event is lost, doubled or told twice',
    async run(open) {
      const [owner, other] = [await open('e'), await open('e')];
      const logId = await begin(owner, 1);
      let over = false;
      const appending = async () => {
        for (const seq of range(1, 60)) await owner.append('a', [seq + 1], { expectedHead: seq, logId });
        over = true;
      };
      const compacting = async () => {
        for (let last = 0; !over; ) {
          const { seq } = await other.head('a');
          const atSeq = Math.max(last, seq - 2, 1);
          await other.compact('a', baseAt(atSeq, logId));
          last = atSeq;
          const page = await other.scan('a', atSeq + 1);
          assertEqual(
            page.events,
            numbered(range(atSeq + 1, atSeq + page.events.length), atSeq + 1),
            'the rest',
          );
        }
      };
      await Promise.all([appending(), compacting()]);
      const base = await owner.base('a');
      assert(base !== undefined, 'there is a base');
      await assertCompacted(owner, base, 61);
    },
  },
  {
    name: 'of two handles that compact at once, the higher base is left',
    async run(open) {
      const handles = await Promise.all([open('e'), open('e')]);
      const logId = await begin(handles[0], 9);
      const outcomes = await Promise.allSettled(
        range(1, 9).map((n) => (n % 2 === 0 ? handles[0] : handles[1]).compact('a', baseAt(10 - n, logId))),
      );
      const refused = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [outcome.reason.code] : [],
      );
      assert(
        refused.every((code) => code === 'conflict'),
        `${refused} are conflicts`,
      );
      await assertCompacted(handles[1], baseAt(9, logId), 9);
    },
  },
  {
    name: 'the state of a base may be anything that can be cloned; it is captured at the call, and the caller owns what it gets',
    async run(open) {
      const store = await open('e');
      const logId = await begin(store, 1, 1, 1);
      for (const state of [undefined, null, 0, '', false, [], 7n, richValue()]) {
        await store.compact('a', baseAt(2, logId, state));
        assertEqual(await (await open('e')).base('a'), baseAt(2, logId, state), 'the base');
      }
      assert(!('polluted' in {}), 'Object.prototype is as it was');

      const state = { list: [1] };
      const compactions = [store.compact('a', baseAt(3, logId, state))];
      state.list.push(2);
      compactions.push(store.compact('a', baseAt(3, logId, state)));
      state.list.push(3);
      await Promise.all(compactions);
      Object.assign(Object((await store.base('a'))?.state), { list: 'changed by the caller' });
      await assertCompacted(store, baseAt(3, logId, { list: [1, 2] }), 3);
    },
  },
  {
    name: 'a state that cannot be cloned rejects with not-cloneable, names the place, and changes nothing',
    async run(open) {
      const store = await open('e');
      const logId = await begin(store, 2, 3);
      await store.compact('a', baseAt(2, logId));
      for (const { value, place } of uncloneables()) {
        const compact = () => store.compact('a', baseAt(4, logId, value));
        await assertRejects(compact, { name, code: 'not-cloneable', says: `state${place} ` });
      }
      await assertCompacted(store, baseAt(2, logId), 5);
    },
  },
  {
    name: 'compacted runs are apart from each other, whatever their ids look like',
    async run(open) {
      const store = await open('e');
      for (const runId of peculiarRunIds) {
        const { logId } = await store.append(runId, [1, 2, 3]);
        await store.compact(runId, baseAt(2, logId, runId));
      }
      for (const runId of peculiarRunIds) {
        assertEqual((await store.base(runId))?.state, runId, 'the state');
        assertEqual(await eventsOf(store.scan(runId, 3)), numbered([3], 3), 'the rest');
      }
      assertEqual((await store.runIds()).sort(), [...peculiarRunIds].sort(), 'the runs');
    },
  },
  {
    name: 'compact and base: a bad argument rejects with invalid-argument before anything is touched',
    async run(open) {
      // What is to be refused is, of necessity, not of the right type.
      const real = await open('e');
      const store = real as { [Method in keyof Store]: (...all: unknown[]) => Promise<unknown> };
      const logId = await begin(real, 3);
      const good = baseAt(2, logId);
      const refused = { name, code: 'invalid-argument' } as const;
      for (const runId of badRunIds) {
        await assertRejects(() => store.compact(runId, good), refused);
        await assertRejects(() => store.base(runId), refused);
      }
      for (const base of [
        undefined,
        null,
        1,
        'text',
        {},
        { ...good, logId: undefined },
        { ...good, logId: '' },
      ])
        await assertRejects(() => store.compact('a', base), refused);
      for (const seq of [...badSeqs, 0, undefined]) {
        await assertRejects(() => store.compact('a', { ...good, atSeq: seq }), refused);
        await assertRejects(() => store.compact('a', { ...good, version: seq }), refused);
      }
      assertEqual(await real.base('a'), undefined, 'the base');
      assertEqual(await eventsOf(real.scan('a', 1)), numbered([1, 2, 3]), 'the log');
    },
  },
];
