import type { Base, Head } from '../contracts/event-store.ts';
import type { Seq } from '../contracts/words.ts';
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

/** A base for a log whose identity is the store's to make. */
const baseOf = (atSeq: Seq, state: unknown = `state ${atSeq}`): Omit<Base, 'logId'> => {
  const { logId: _, ...base } = baseAt(atSeq, null, state);
  return base;
};

/** What {@link EventStore.begin} guarantees. */
export const beginCases: readonly ConformanceCase<Store>[] = [
  {
    name: 'an empty log begins with a base: the head is its atSeq, and the log has an identity',
    async run(open) {
      const [store, other] = [await open('e'), await open('e')];
      await store.append('ab', ['other']);
      const head = await store.begin('a', baseOf(7));
      assert(typeof head.logId === 'string' && head.logId !== '', 'it has an identity');
      assertEqual(head.seq, 7, 'the head');
      await assertCompacted(other, baseAt(7, head.logId), 7);
      assertEqual((await store.runIds()).sort(), ['a', 'ab'], 'the runs');
      assertEqual(await eventsOf(store.scan('ab', 1)), numbered(['other']), 'the log of another run');
      const another = await store.begin('b', { ...baseOf(1), version: 3 }, { seq: 0, logId: null });
      assert(another.logId !== head.logId, 'another log has another identity');
      assertEqual(await store.base('b'), { ...baseAt(1, another.logId), version: 3 }, 'the base of another');
    },
  },
  {
    name: 'a log that begins with a base goes on with the next seq, fenced or not, and can be compacted',
    async run(open) {
      const [store, other] = [await open('e'), await open('e')];
      const { logId } = await store.begin('a', baseOf(7));
      await assertRejects(() => other.append('a', ['stale'], { expectedHead: 0, logId: null }), conflict);
      await assertRejects(() => other.append('a', ['stale'], { expectedHead: 7, logId: null }), conflict);
      assertEqual(await other.append('a', []), { seq: 7, logId }, 'the head after nothing');
      const append = () => other.append('a', [8, 9], { expectedHead: 7, logId, writer: 'w' });
      assertEqual(await append(), { seq: 9, logId }, 'the head');
      assertEqual(await append(), { seq: 9, logId }, 'the head, repeated by its writer');
      assertEqual(await store.append('a', [10]), { seq: 10, logId }, 'the head');
      await assertCompacted(store, baseAt(7, logId), 10);
      await assertRejects(() => store.compact('a', baseAt(6, logId)), conflict);
      await store.compact('a', baseAt(9, logId));
      await assertCompacted(other, baseAt(9, logId), 10);
    },
  },
  {
    name: 'without a head, begin rejects with conflict if the log is not empty, and changes nothing',
    async run(open) {
      const [store, other] = [await open('e'), await open('e')];
      const logId = await begin(store, 2, 3);
      for (const atSeq of [3, 5, 7]) {
        const error = await assertRejects(() => other.begin('a', baseOf(atSeq)), conflict);
        assertEqual([error.expected, error.actual], [0, 5], 'expected and actual');
        assertEqual([error.operation, error.runId], ['begin', 'a'], 'operation and runId');
      }
      assertEqual(await store.scan('a', 1), { logId, events: numbered(range(1, 5)) }, 'the log');
      assertEqual(await store.base('a'), undefined, 'the base');
      await store.compact('a', baseAt(5, logId));
      await assertRejects(() => other.begin('a', baseOf(5)), conflict);
      await assertRejects(() => other.begin('a', baseOf(6)), conflict);
      await assertCompacted(store, baseAt(5, logId), 5);
    },
  },
  {
    name: 'with its head, a log is replaced by a base that is ahead of it, and keeps its logId',
    async run(open) {
      const [store, other] = [await open('e'), await open('e')];
      const logId = await begin(store, 2, 3);
      assertEqual(await other.begin('a', baseOf(8), { seq: 5, logId }), { seq: 8, logId }, 'the head');
      await assertCompacted(store, baseAt(8, logId), 8);
      await store.append('a', [9, 10]);
      await assertCompacted(other, baseAt(8, logId), 10);
      assertEqual(await other.begin('a', baseOf(11), { seq: 10, logId }), { seq: 11, logId }, 'the head');
      await assertCompacted(store, baseAt(11, logId), 11);
    },
  },
  {
    name: 'with a head that is not the log’s, begin rejects with conflict and changes nothing',
    async run(open) {
      const [store, other] = [await open('e'), await open('e')];
      const stale = async (...heads: Head[]) => {
        for (const head of heads)
          await assertRejects(() => other.begin('a', baseOf(9), head), { ...conflict });
      };
      await stale({ seq: 1, logId: null }, { seq: 0, logId: 'l' });
      assertEqual(await store.runIds(), [], 'the runs');
      const old = await begin(store, 5);
      await store.delete('a');
      await stale({ seq: 5, logId: old });
      const logId = await begin(store, 2, 3);
      await stale({ seq: 4, logId }, { seq: 6, logId }, { seq: 5, logId: old }, { seq: 5, logId: null });
      assertEqual(await store.scan('a', 1), { logId, events: numbered(range(1, 5)) }, 'the log');
    },
  },
  {
    name: 'begin does not replace a base of a higher version: newer-version',
    async run(open) {
      const store = await open('e');
      const { logId } = await store.begin('a', { ...baseOf(3), version: 2 });
      const newer = { name, code: 'newer-version' } as const;
      await assertRejects(() => store.begin('a', baseOf(5), { seq: 3, logId }), newer);
      await assertCompacted(store, { ...baseAt(3, logId), version: 2 }, 3);
      await store.begin('a', { ...baseOf(5), version: 2 }, { seq: 3, logId });
      await assertCompacted(store, { ...baseAt(5, logId), version: 2 }, 5);
    },
  },
  {
    name: 'of two handles that begin one log at once, one wins, and the other gets conflict',
    async run(open) {
      const handles = await Promise.all([open('e'), open('e')]);
      const outcomes = await Promise.allSettled(
        handles.map((handle, index) => handle.begin('a', baseOf(5 + index))),
      );
      const [won, ...others] = outcomes.flatMap((outcome, index) =>
        outcome.status === 'fulfilled' ? [{ index, head: outcome.value }] : [],
      );
      assert(won !== undefined && others.length === 0, 'one has won');
      const refused = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [outcome.reason.code] : [],
      );
      assertEqual(refused, ['conflict'], 'what the other gets');
      assertEqual(won.head.seq, 5 + won.index, 'the head that the winner got');
      await assertCompacted(
        handles[1 - won.index] ?? handles[0],
        baseAt(won.head.seq, won.head.logId),
        won.head.seq,
      );
    },
  },
  {
    name: 'of a begin and an append to an empty log at once, one comes first, and nothing is lost',
    async run(open) {
      for (const runId of ['a', 'b', 'c', 'd']) {
        const [one, other] = await Promise.all([open('e'), open('e')]);
        const beginning = one.begin(runId, baseOf(5)).then(
          () => true,
          (error) => error.code,
        );
        const appended = await other.append(runId, ['new']);
        const begun = await beginning;
        assertEqual([begun, appended.seq], begun === true ? [true, 6] : ['conflict', 1], 'who came first');
        assertEqual(await one.head(runId), appended, 'the head');
        assertEqual(
          await eventsOf(other.scan(runId, appended.seq)),
          numbered(['new'], appended.seq),
          'the event',
        );
      }
    },
  },
  {
    name: 'begin keeps its place among appends that are not awaited',
    async run(open) {
      const store = await open('e');
      const [head] = await Promise.all([
        store.begin('a', baseOf(3)),
        store.append('a', [4]),
        store.append('a', [5], { expectedHead: 4 }),
      ]);
      await assertCompacted(store, baseAt(3, head.logId), 5);
    },
  },
  {
    name: 'a log that began with a base can be deleted, and begins again, either way',
    async run(open) {
      const store = await open('e');
      const { logId: old } = await store.begin('a', baseOf(3));
      await store.append('a', [4]);
      await store.delete('a');
      assertEqual(await store.base('a'), undefined, 'the base');
      assertEqual(await store.head('a'), { seq: 0, logId: null }, 'the head');
      assertEqual(await store.runIds(), [], 'the runs');
      assertEqual(await store.scan('a', 1), { logId: null, events: [] }, 'the log');
      const { logId } = await store.begin('a', baseOf(2));
      assert(logId !== old, 'it is another log');
      await assertCompacted(store, baseAt(2, logId), 2);
      await store.delete('a');
      await begin(store, 2);
      assertEqual(await eventsOf(store.scan('a', 1)), numbered([1, 2]), 'the log, from event 1');
    },
  },
  {
    name: 'the state that a log begins with may be anything that can be cloned; it is captured at the call',
    async run(open) {
      const store = await open('e');
      for (const [index, state] of [undefined, null, 0, '', false, [], 7n, richValue()].entries()) {
        const runId = `run ${index}`;
        const { logId } = await store.begin(runId, baseOf(2, state));
        assertEqual(await (await open('e')).base(runId), baseAt(2, logId, state), 'the base');
      }
      assert(!('polluted' in {}), 'Object.prototype is as it was');
      const state = { list: [1] };
      const base = { ...baseOf(2, state) };
      const head = { seq: 0, logId: null };
      const beginning = store.begin('a', base, head);
      state.list.push(2);
      Object.assign(base, { atSeq: 9, version: 9 });
      Object.assign(head, { seq: 9 });
      const { logId } = await beginning;
      Object.assign(Object((await store.base('a'))?.state), { list: 'changed by the caller' });
      await assertCompacted(store, baseAt(2, logId, { list: [1] }), 2);
    },
  },
  {
    name: 'begin: a state that cannot be cloned rejects with not-cloneable, names the place, and changes nothing',
    async run(open) {
      const store = await open('e');
      for (const { value, place } of uncloneables()) {
        const beginning = () => store.begin('a', baseOf(4, value));
        await assertRejects(beginning, { name, code: 'not-cloneable', says: `state${place} ` });
      }
      assertEqual(await store.runIds(), [], 'the runs');
    },
  },
  {
    name: 'logs that begin with a base are apart from each other, whatever their runs’ ids look like',
    async run(open) {
      const store = await open('e');
      for (const runId of peculiarRunIds) await store.begin(runId, baseOf(2, runId));
      for (const runId of peculiarRunIds) await store.append(runId, [3]);
      for (const runId of peculiarRunIds) {
        assertEqual((await store.base(runId))?.state, runId, 'the state');
        assertEqual(await eventsOf(store.scan(runId, 3)), numbered([3], 3), 'the rest');
      }
      assertEqual((await store.runIds()).sort(), [...peculiarRunIds].sort(), 'the runs');
    },
  },
  {
    name: 'begin: a bad argument rejects with invalid-argument before anything is touched',
    async run(open) {
      // What is to be refused is, of necessity, not of the right type.
      const real = await open('e');
      const store = real as { [Method in keyof Store]: (...all: unknown[]) => Promise<unknown> };
      const good = baseOf(2);
      const refused = { name, code: 'invalid-argument' } as const;
      for (const runId of badRunIds) await assertRejects(() => store.begin(runId, good), refused);
      for (const base of [undefined, null, 1, 'text', {}])
        await assertRejects(() => store.begin('a', base), refused);
      for (const seq of [...badSeqs, 0, undefined]) {
        await assertRejects(() => store.begin('a', { ...good, atSeq: seq }), refused);
        await assertRejects(() => store.begin('a', { ...good, version: seq }), refused);
        if (seq !== 0) await assertRejects(() => store.begin('a', good, { seq, logId: null }), refused);
      }
      for (const head of [null, 1, 'text', {}, { seq: 0 }, { seq: 0, logId: '' }, { seq: 0, logId: 1 }])
        await assertRejects(() => store.begin('a', good, head), refused);
      // Not ahead of the log that it is to replace.
      const logId = await begin(real, 3);
      for (const atSeq of [1, 2, 3])
        await assertRejects(() => store.begin('a', baseOf(atSeq), { seq: 3, logId }), refused);
      assertEqual(await real.base('a'), undefined, 'the base');
      assertEqual(await eventsOf(real.scan('a', 1)), numbered([1, 2, 3]), 'the log');
    },
  },
];
