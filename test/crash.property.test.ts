import fc from 'fast-check';
import { type Codec, IndexedDbEventStore, IndexedDbSnapshotStore, recover } from 'rewake';
import { compress, encrypt, pipe } from 'rewake/codecs';
import { expect, test } from 'vitest';
import { FaultyFactory, openRequest } from './faulty-factory.ts';
import { turn } from './turn.ts';

// The connection is dropped at any moment. Whatever was acknowledged is there, in whole batches only, and
// recovery gives what the reducer makes of the log, of which a part may be compacted: the states have all of it.

interface Event {
  readonly batch: number;
  readonly part: number;
  readonly of: number;
}

interface State {
  readonly seen: readonly Event[];
}

const reduce = ({ seen }: State, event: Event): State => ({ seen: [...seen, event] });
const initialState: State = { seen: [] };

const open = (indexedDB: FaultyFactory, codec: Codec | undefined) => ({
  snapshots: new IndexedDbSnapshotStore<State>({ indexedDB, codec }),
  events: new IndexedDbEventStore<Event>({ indexedDB, codec }),
});
const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);

/** What one page does until it crashes: batches, awaited or not, and a snapshot or a compaction now and then. */
const life = fc.record({
  batches: fc.array(
    fc.record({
      size: fc.integer({ min: 1, max: 5 }),
      awaited: fc.boolean(),
      snapshot: fc.boolean(),
      /** Of the state so many events before the head. */
      compact: fc.option(fc.nat({ max: 6 }), { freq: 2, nil: undefined }),
    }),
    {
      maxLength: 12,
    },
  ),
  /** In turns of the event loop after the first call. */
  crash: fc.nat({ max: 120 }),
  /** A browser's own crash takes the page with it; a lost connection does not. */
  survives: fc.boolean(),
});

function expectLost(error: unknown): void {
  expect(['connection-lost', 'unavailable']).toContain(Object(error).code);
}

test.each([
  ['without a codec', undefined],
  ['compressed and encrypted', pipe(compress(), encrypt(key))],
])('what was acknowledged survives a crash at any point, in whole batches only, %s', async (_, codec) => {
  const happened = { crashedInFlight: 0, compacted: 0, brokeOff: 0, compactedInPart: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 4 }), async (lives) => {
      const disk = new FaultyFactory();
      const acknowledged = new Map<number, { head: number; size: number }>();
      let acknowledgedSnapshot = 0;
      let acknowledgedBase = 0;
      let batch = 0;
      let page = disk;
      for (const { batches, crash, survives } of lives) {
        const { snapshots, events } = open(page, codec);
        const pending: Promise<void>[] = [];
        const live = async () => {
          for (const { size, awaited, snapshot, compact } of batches) {
            const id = batch++;
            const parts = Array.from({ length: size }, (_, part) => ({ batch: id, part, of: size }));
            const append = events
              .append('a', parts)
              .then(({ seq: head }) => void acknowledged.set(id, { head, size }));
            pending.push(append.catch(expectLost));
            if (awaited) await append;
            const { state, seq, logId } = await recover({
              runId: 'a',
              stores: { snapshots, events },
              reduce,
              initialState,
            });
            if (snapshot) {
              await snapshots.save({ runId: 'a', atSeq: seq, logId, state });
              acknowledgedSnapshot = seq;
            }
            const atSeq = seq - (compact ?? seq);
            if (atSeq <= 0) continue;
            const base = { atSeq, logId, version: 1, state: { seen: state.seen.slice(0, atSeq) } };
            const compaction = events.compact('a', base).then(
              () => {
                happened.compacted++;
                acknowledgedBase = Math.max(acknowledgedBase, atSeq);
              },
              (error) => {
                // An earlier one went further.
                if (error.code === 'conflict') return;
                happened.brokeOff++;
                throw error;
              },
            );
            pending.push(compaction.catch(expectLost));
            if (awaited) await compaction;
          }
        };
        let living = true;
        const lived = live()
          .catch(expectLost)
          .then(() => Promise.all(pending))
          .finally(() => {
            living = false;
          });
        for (let turns = 0; turns < crash && living; turns++) await turn();
        if (living) happened.crashedInFlight++;
        page.dropConnections();
        // A dead page opens no other connection.
        if (!survives) page.instead = () => openRequest('UnknownError');
        await lived;
        if (!survives) page = page.otherPage();
      }

      const { snapshots, events } = open(disk.otherPage(), codec);
      const base = await events.base('a');
      const baseSeq = base?.atSeq ?? 0;
      expect(baseSeq).toBeGreaterThanOrEqual(acknowledgedBase);
      const { seen } = (base?.state ?? initialState) as State;
      expect(seen).toHaveLength(baseSeq);
      const left = (await events.scan('a', baseSeq + 1)).events;
      if (left[0] && left[0].event.part > 0) happened.compactedInPart++;
      const log = [...seen.map((event, index) => ({ seq: index + 1, event })), ...left];
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
      for (const [id, { head, size }] of acknowledged) {
        const parts = log.slice(head - size, head).map(({ event }) => event);
        expect(parts).toEqual(Array.from({ length: size }, (_, part) => ({ batch: id, part, of: size })));
      }
      // Whole batches, none twice: every first part is followed by all the others, and there is nothing else.
      const whole = log.filter(({ event }) => event.part === 0);
      expect(new Set(whole.map(({ event }) => event.batch)).size).toBe(whole.length);
      expect(whole.reduce((events, { event }) => events + event.of, 0)).toBe(log.length);
      for (const { seq, event } of log) {
        expect(log[seq - 1 - event.part]?.event).toEqual({ ...event, part: 0 });
      }

      const folded = log.map(({ event }) => event).reduce(reduce, initialState);
      const latest = await snapshots.loadLatest('a');
      const isNewer = latest && latest.atSeq >= baseSeq;
      const withSnapshot = await recover({ runId: 'a', stores: { snapshots, events }, reduce, initialState });
      expect(latest?.atSeq ?? 0).toBeGreaterThanOrEqual(acknowledgedSnapshot);
      expect(withSnapshot).toMatchObject({
        state: folded,
        seq: log.length,
        snapshotSeq: isNewer ? latest.atSeq : 0,
        baseSeq: isNewer ? 0 : baseSeq,
        replayed: log.length - (isNewer ? latest.atSeq : baseSeq),
      });
      await snapshots.delete('a');
      const without = await recover({ runId: 'a', stores: { snapshots, events }, reduce, initialState });
      expect(without).toMatchObject({ state: folded, seq: log.length, snapshotSeq: 0, baseSeq });
      expect(without.replayed).toBe(log.length - baseSeq);
    }),
    // A codec takes its time.
    { numRuns: codec ? 75 : 150 },
  );
  // The crashes did hit something.
  for (const count of Object.values(happened)) expect(count).toBeGreaterThan(0);
});
