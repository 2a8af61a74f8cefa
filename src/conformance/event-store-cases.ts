import type { AppendOptions } from '../contracts/event-store.ts';
import type { Seq } from '../contracts/words.ts';
import { assert, assertEqual, assertRejects } from './assert.ts';
import { beginCases } from './begin-cases.ts';
import { badRunIds, badSeqs, type ConformanceCase, peculiarRunIds, richValue, uncloneables } from './case.ts';
import { compactionCases } from './compaction-cases.ts';
import { extremeCases } from './extreme-cases.ts';
import { assertLog, eventsOf, name, numbered, range, type Store, seqOf, seqsOf } from './log.ts';

/**
 * Every guarantee of {@link EventStore}, as cases for any backend.
 *
 * @example
 * for (const { name, run } of eventStoreCases) {
 *   test(name, () => run((name) => new MyEventStore(name)));
 * }
 */
export const eventStoreCases: readonly ConformanceCase<Store>[] = [
  {
    name: 'an unknown run has no events, head 0, and deleting it succeeds',
    async run(open) {
      const store = await open('e');
      assertEqual(await eventsOf(store.scan('nobody', 1)), [], 'the events');
      assertEqual((await store.head('nobody')).seq, 0, 'the head');
      await store.delete('nobody');
      assertEqual(await store.runIds(), [], 'the runs');
    },
  },
  {
    name: 'events are numbered from 1 without gaps, and committed when append resolves',
    async run(open) {
      const store = await open('e');
      assertEqual((await store.append('a', ['one'])).seq, 1, 'the head');
      assertEqual((await store.append('a', ['two', 'three'])).seq, 3, 'the head');
      const other = await open('e');
      await assertLog(other, 'a', ['one', 'two', 'three']);
      assertEqual((await other.append('a', ['four'])).seq, 4, 'the head');
      await assertLog(store, 'a', ['one', 'two', 'three', 'four']);
    },
  },
  {
    name: 'appending no events writes nothing and resolves with the head',
    async run(open) {
      const store = await open('e');
      assertEqual((await store.append('a', [])).seq, 0, 'the head of an unknown run');
      assertEqual(await store.runIds(), [], 'the runs');
      await store.append('a', [1, 2]);
      assertEqual((await store.append('a', [])).seq, 2, 'the head');
      assertEqual((await store.append('a', [], { expectedHead: 2 })).seq, 2, 'the head');
      await assertRejects(() => store.append('a', [], { expectedHead: 1 }), { name, code: 'conflict' });
      await assertLog(store, 'a', [1, 2]);
    },
  },
  {
    name: 'scan takes from as inclusive and returns at most limit events, across batches',
    async run(open) {
      const store = await open('e');
      const log = range(1, 20);
      for (const [from, to] of [
        [1, 1],
        [2, 8],
        [9, 10],
        [11, 20],
      ] as const) {
        await store.append('a', range(from, to));
      }
      await store.append('b', ['other']);
      const { logId } = await store.head('a');
      for (const from of range(1, 22)) {
        assertEqual(
          await eventsOf(store.scan('a', from)),
          numbered(log.slice(from - 1), from),
          `from ${from}`,
        );
        for (const limit of [1, 2, 7, 8, 10, 19, 20, 21, Number.MAX_SAFE_INTEGER]) {
          const expected = numbered(log.slice(from - 1, from - 1 + limit), from);
          const page = await store.scan('a', from, limit);
          assertEqual(page, { logId, events: expected }, `from ${from}, limit ${limit}`);
        }
      }
      assertEqual(await eventsOf(store.scan('a', Number.MAX_SAFE_INTEGER)), [], 'far past the head');
    },
  },
  {
    name: 'the right expectedHead appends; any other rejects with conflict and appends nothing',
    async run(open) {
      const [owner, former] = [await open('e'), await open('e')];
      assertEqual((await owner.append('a', [1], { expectedHead: 0 })).seq, 1, 'the head');
      assertEqual((await owner.append('a', [2, 3], { expectedHead: 1 })).seq, 3, 'the head');
      for (const expectedHead of [0, 1, 2, 4, Number.MAX_SAFE_INTEGER]) {
        const append = () => former.append('a', ['stale', 'stale'], { expectedHead });
        const error = await assertRejects(append, { name, code: 'conflict', says: '"a"' });
        assertEqual([error.expected, error.actual], [expectedHead, 3], 'expected and actual');
        assertEqual([error.operation, error.runId], ['append', 'a'], 'operation and runId');
      }
      await assertLog(owner, 'a', [1, 2, 3]);
      await former.append('a', [4], { expectedHead: 3 });
      await assertLog(owner, 'a', [1, 2, 3, 4]);
    },
  },
  {
    name: 'an append that its writer repeats is appended once; anybody else gets a conflict',
    async run(open) {
      const [owner, other] = [await open('e'), await open('e')];
      const append = (store: Store, events: unknown[], writer?: string) =>
        store.append('a', events, { expectedHead: 1, ...(writer && { writer }) });
      await owner.append('a', [1], { expectedHead: 0, writer: 'w' });
      assertEqual(await seqOf(append(owner, [], 'w')), 1, 'the head');
      assertEqual(await seqOf(append(owner, [2, 3], 'w')), 3, 'the head');
      assertEqual(await seqOf(append(owner, [2, 3], 'w')), 3, 'the head, again');
      await other.append('a', [4, 5]);
      assertEqual(await seqOf(append(other, [2, 3], 'w')), 3, 'the head, after others');
      const refused = { name, code: 'conflict' } as const;
      await assertRejects(() => append(other, [2, 3], 'v'), refused);
      await assertRejects(() => append(other, [2, 3]), refused);
      await assertRejects(() => append(owner, [2], 'w'), refused);
      await assertRejects(() => append(owner, [2, 3, 4, 5], 'w'), refused);
      await assertRejects(() => append(owner, [], 'w'), refused);
      await assertLog(owner, 'a', [1, 2, 3, 4, 5]);
      await owner.delete('a');
      await assertRejects(() => append(owner, [2, 3], 'w'), refused);
    },
  },
  {
    name: 'appends that name their writers can be repeated when they were not awaited, too',
    async run(open) {
      const store = await open('e');
      const append = () =>
        seqsOf(
          range(1, 5).map((n) => store.append('a', [n, n], { expectedHead: 2 * n - 2, writer: `w${n % 2}` })),
        );
      assertEqual(await append(), [2, 4, 6, 8, 10], 'the heads');
      assertEqual(await append(), [2, 4, 6, 8, 10], 'the heads, again');
      assertEqual((await store.head('a')).seq, 10, 'the head');
    },
  },
  {
    name: 'of two handles that append at once with the same expectedHead, one wins',
    async run(open) {
      const handles = await Promise.all([open('e'), open('e')]);
      for (const head of range(0, 9)) {
        const appends = handles.map((handle, index) => handle.append('a', [index], { expectedHead: head }));
        const outcomes = await Promise.allSettled(appends);
        const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
        assertEqual(
          won.map(({ value }) => value.seq),
          [head + 1],
          'the heads of the winners',
        );
        const lost = outcomes.find((outcome) => outcome.status === 'rejected');
        assertEqual(lost?.reason.code, 'conflict', 'the code of the loser');
      }
      assertEqual((await handles[0].head('a')).seq, 10, 'the head');
    },
  },
  {
    name: 'two handles that append at once leave whole batches, no gap and no double',
    async run(open) {
      const handles = await Promise.all([open('e'), open('e')]);
      const batches = range(0, 39).map((n) => range(0, n % 4).map((part) => `${n}.${part}`));
      const heads = await seqsOf(
        batches.map((batch, n) => (n % 2 === 0 ? handles[0] : handles[1]).append('a', batch)),
      );
      const log = await eventsOf(handles[0].scan('a', 1));
      assertEqual(
        log.map(({ seq }) => seq),
        range(1, batches.flat().length),
        'the seqs',
      );
      for (const [n, batch] of batches.entries()) {
        const head: Seq = heads[n] ?? 0;
        const found = log.slice(head - batch.length, head).map(({ event }) => event);
        assertEqual(found, batch, `batch ${n}`);
      }
    },
  },
  {
    name: 'appends without an await between them keep their order and resolve with their own heads',
    async run(open) {
      const store = await open('e');
      const heads = await seqsOf(range(1, 100).map((n) => store.append('a', [n], { expectedHead: n - 1 })));
      assertEqual(heads, range(1, 100), 'the heads');
      await assertLog(store, 'a', range(1, 100));
    },
  },
  {
    name: 'an append that fails fails alone among those that wait with it',
    async run(open) {
      const store = await open('e');
      const outcomes = await Promise.allSettled([
        store.append('a', [1]),
        store.append('a', [2], { expectedHead: 1 }),
        store.append('a', [() => {}]),
        store.append('a', ['stale'], { expectedHead: 0 }),
        store.append('b', ['other']),
        store.append('a', [3, 4], { expectedHead: 2 }),
      ]);
      assertEqual(
        outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.seq : outcome.reason.code)),
        [1, 2, 'not-cloneable', 'conflict', 1, 4],
        'the outcomes',
      );
      await assertLog(store, 'a', [1, 2, 3, 4]);
      await assertLog(store, 'b', ['other']);
    },
  },
  {
    name: 'events are captured at the call: changing them afterwards changes nothing stored',
    async run(open) {
      const store = await open('e');
      const event = { list: [1] };
      const batch = [event];
      const appends = range(1, 3).map(() => {
        const append = store.append('a', batch);
        event.list.push(2);
        return append;
      });
      batch.length = 0;
      await Promise.all(appends);
      await assertLog(store, 'a', [{ list: [1] }, { list: [1, 2] }, { list: [1, 2, 2] }]);
    },
  },
  {
    name: 'changing what was scanned changes nothing stored',
    async run(open) {
      const store = await open('e');
      await store.append('a', [{ list: [1] }]);
      const [scanned] = await eventsOf(store.scan('a', 1));
      assert(scanned !== undefined, 'there is an event');
      (scanned.event as { list: number[] }).list.push(2);
      await assertLog(store, 'a', [{ list: [1] }]);
    },
  },
  {
    name: 'events of any kind that can be cloned survive, undefined included',
    async run(open) {
      const store = await open('e');
      const events = [richValue(), undefined, null, 0, '', false, [], 7n];
      await store.append('a', events);
      await assertLog(store, 'a', events);
      assert(!('polluted' in {}), 'Object.prototype is as it was');
    },
  },
  {
    name: 'a batch with an event that cannot be cloned rejects with not-cloneable, names the place, and appends nothing',
    async run(open) {
      const store = await open('e');
      await store.append('a', ['good']);
      for (const { value, place } of uncloneables()) {
        const append = () => store.append('a', [1, value, 3]);
        await assertRejects(append, { name, code: 'not-cloneable', says: `events[1]${place} ` });
      }
      await assertLog(store, 'a', ['good']);
    },
  },
  {
    name: 'a log has an identity from its first append to its end, and no other log ever has it',
    async run(open) {
      const [store, other] = [await open('e'), await open('e')];
      assertEqual(await store.head('a'), { seq: 0, logId: null }, 'the head of an unknown run');
      assertEqual((await store.scan('a', 1)).logId, null, 'the log of an unknown run');
      assertEqual(await store.append('a', []), { seq: 0, logId: null }, 'the head after nothing');
      const { logId } = await store.append('a', [1]);
      assert(typeof logId === 'string' && logId !== '', 'there is one');
      await other.append('a', [2], { expectedHead: 1 });
      assertEqual(await other.append('a', [3, 4]), { seq: 4, logId }, 'the head');
      assertEqual(await other.append('a', []), { seq: 4, logId }, 'the head after nothing more');
      assertEqual(await store.head('a'), { seq: 4, logId }, 'the head');
      assertEqual((await store.scan('a', 2, 1)).logId, logId, 'of a page');
      assertEqual(await store.scan('a', 9), { logId, events: [] }, 'past the head');
      const neighbour = await store.append('b', [1]);
      assert(neighbour.logId !== logId, 'another run has another one');

      await other.delete('a');
      assertEqual(await store.head('a'), { seq: 0, logId: null }, 'the head after delete');
      const anew = await store.append('a', [1]);
      assert(anew.logId !== null && anew.logId !== logId, 'begun anew, it is another log');
    },
  },
  {
    name: 'the right logId appends; that of a log that was deleted rejects with conflict, whatever its head',
    async run(open) {
      const [owner, former] = [await open('e'), await open('e')];
      const old = await former.append('a', [1, 2, 3], { expectedHead: 0, logId: null });
      await former.append('a', [4], { expectedHead: 3, logId: old.logId });
      await owner.delete('a');
      const refused = { name, code: 'conflict', says: '"a"' } as const;
      const append = (options: AppendOptions) => former.append('a', ['stale'], options);
      await assertRejects(() => append({ expectedHead: 4, logId: old.logId }), refused);
      const { logId } = await owner.append('a', ['new', 'new', 'new', 'new']);
      const error = await assertRejects(() => append({ expectedHead: 4, logId: old.logId }), refused);
      assertEqual([error.expected, error.actual], [4, 4], 'expected and actual');
      await assertRejects(() => append({ expectedHead: 4, logId: null }), refused);
      await assertRejects(() => append({ expectedHead: 4, logId: old.logId, writer: 'w' }), refused);
      await assertRejects(() => former.append('a', [], { expectedHead: 4, logId: old.logId }), refused);
      await assertLog(owner, 'a', ['new', 'new', 'new', 'new']);
      assertEqual(await append({ expectedHead: 4, logId }), { seq: 5, logId }, 'the head');
    },
  },
  {
    name: 'a first append that its writer repeats tells the identity that the log got',
    async run(open) {
      const store = await open('e');
      const append = () => store.append('a', [1, 2], { expectedHead: 0, logId: null, writer: 'w' });
      const first = await append();
      assertEqual(await append(), first, 'the head, again');
      await store.delete('a');
      const anew = await append();
      assert(anew.seq === 2 && anew.logId !== first.logId, 'after delete, it begins another log');
    },
  },
  {
    name: 'after delete a run begins again at 1, and other runs are as they were',
    async run(open) {
      const store = await open('e');
      await store.append('a', [1, 2]);
      await store.append('ab', ['other']);
      await store.delete('a');
      await assertLog(store, 'a', []);
      assertEqual(await store.runIds(), ['ab'], 'the runs');
      assertEqual((await store.append('a', ['new'], { expectedHead: 0 })).seq, 1, 'the head');
      await assertLog(store, 'a', ['new']);
      await assertLog(store, 'ab', ['other']);
    },
  },
  {
    name: 'delete keeps its place among appends that are not awaited',
    async run(open) {
      const store = await open('e');
      const [one, two, , after] = await Promise.all([
        store.append('a', [1]),
        store.append('a', [2]),
        store.delete('a'),
        store.append('a', ['after']),
      ]);
      assertEqual([one.seq, two.seq, after.seq], [1, 2, 1], 'the heads');
      await assertLog(store, 'a', ['after']);
    },
  },
  {
    name: 'runs are apart from each other, whatever their ids look like',
    async run(open) {
      const store = await open('e');
      await Promise.all(peculiarRunIds.map((runId) => store.append(runId, [runId])));
      await Promise.all(peculiarRunIds.map((runId) => store.append(runId, ['more'])));
      for (const runId of peculiarRunIds) await assertLog(store, runId, [runId, 'more']);
      assertEqual((await store.runIds()).sort(), [...peculiarRunIds].sort(), 'the runs');
    },
  },
  {
    name: 'a large batch is one batch, and can be scanned in pages',
    async run(open) {
      const store = await open('e');
      const log = range(1, 10_000);
      assertEqual((await store.append('a', log)).seq, 10_000, 'the head');
      const scanned: unknown[] = [];
      for (let from = 1; from <= log.length; from += 777) {
        for (const { event } of await eventsOf(store.scan('a', from, 777))) scanned.push(event);
      }
      assertEqual(scanned, log, 'the pages');
    },
  },
  {
    name: 'scan tells the version that each event was appended with, 1 if none was given',
    async run(open) {
      const store = await open('e');
      await Promise.all([
        store.append('a', [1], { version: 1 }),
        store.append('a', [2, 3], { version: 2 }),
        store.append('a', [4]),
        store.append('a', [5], { expectedHead: 4, version: 7 }),
      ]);
      const versions = (await eventsOf((await open('e')).scan('a', 1))).map(({ event, version }) => [
        event,
        version,
      ]);
      assertEqual(
        versions,
        [
          [1, 1],
          [2, 2],
          [3, 2],
          [4, 1],
          [5, 7],
        ],
        'the versions',
      );
    },
  },
  {
    name: 'a bad argument rejects with invalid-argument before anything is touched',
    async run(open) {
      // What is to be refused is, of necessity, not of the right type.
      const real = await open('e');
      const store = real as { [Method in keyof Store]: (...all: unknown[]) => Promise<unknown> };
      await store.append('a', ['good']);
      const refused = { name, code: 'invalid-argument' } as const;
      for (const runId of badRunIds) {
        await assertRejects(() => store.append(runId, [1]), refused);
        await assertRejects(() => store.scan(runId, 1), refused);
        await assertRejects(() => store.head(runId), refused);
        await assertRejects(() => store.delete(runId), refused);
      }
      for (const events of [undefined, null, 1, 'text', {}, new Set([1]), { length: 1, 0: 'a' }]) {
        await assertRejects(() => store.append('a', events), refused);
      }
      for (const seq of badSeqs) {
        await assertRejects(() => store.append('a', [1], { expectedHead: seq }), refused);
        await assertRejects(() => store.append('a', [1], { writer: seq === '1' ? '' : seq }), refused);
        const logId = seq === '1' || seq === null ? '' : seq;
        await assertRejects(() => store.append('a', [1], { expectedHead: 1, logId }), refused);
        await assertRejects(() => store.scan('a', seq), refused);
        await assertRejects(() => store.scan('a', 1, seq), refused);
      }
      // A log's identity alone fences nothing off.
      await assertRejects(() => store.append('a', [1], { logId: 'l' }), refused);
      await assertRejects(() => store.append('a', [1], { immutable: 1 }), refused);
      await assertRejects(() => store.append('a', [1], { version: 0 }), refused);
      await assertRejects(() => store.scan('a', 0), refused);
      await assertRejects(() => store.scan('a', undefined), refused);
      await assertRejects(() => store.scan('a', 1, 0), refused);
      assertEqual(await store.runIds(), ['a'], 'the runs');
      await assertLog(real, 'a', ['good']);
    },
  },
  ...extremeCases,
  ...compactionCases,
  ...beginCases,
];
