import fc from 'fast-check';
import { IndexedDbEventStore, IndexedDbSnapshotStore, recover } from 'rewake';
import { expect, test } from 'vitest';
import { FaultyFactory, openRequest } from './faulty-factory.ts';
import { turn } from './turn.ts';

// The connection is dropped at any moment. Whatever was acknowledged is there, in whole batches only, and
// recovery gives what the reducer makes of the log.

interface Event {
  readonly batch: number;
  readonly part: number;
  readonly of: number;
}

interface State {
  readonly seen: readonly string[];
}

const reduce = ({ seen }: State, { batch, part }: Event): State => ({ seen: [...seen, `${batch}.${part}`] });
const initialState: State = { seen: [] };

const open = (indexedDB: FaultyFactory) => ({
  snapshots: new IndexedDbSnapshotStore<State>({ indexedDB }),
  events: new IndexedDbEventStore<Event>({ indexedDB }),
});

/** What one page does until it crashes: sizes of batches, whether each is awaited, a snapshot now and then. */
const life = fc.record({
  batches: fc.array(
    fc.record({ size: fc.integer({ min: 1, max: 5 }), awaited: fc.boolean(), snapshot: fc.boolean() }),
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

test('what was acknowledged survives a crash at any point, in whole batches only', async () => {
  let crashedInFlight = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 4 }), async (lives) => {
      const disk = new FaultyFactory();
      const acknowledged = new Map<number, { head: number; size: number }>();
      let acknowledgedSnapshot = 0;
      let batch = 0;
      let page = disk;
      for (const { batches, crash, survives } of lives) {
        const { snapshots, events } = open(page);
        const pending: Promise<void>[] = [];
        const live = async () => {
          for (const { size, awaited, snapshot } of batches) {
            const id = batch++;
            const parts = Array.from({ length: size }, (_, part) => ({ batch: id, part, of: size }));
            const append = events
              .append('a', parts)
              .then(({ seq: head }) => void acknowledged.set(id, { head, size }));
            pending.push(append.catch(expectLost));
            if (awaited) await append;
            if (!snapshot) continue;
            const recovery = await recover({
              runId: 'a',
              stores: { snapshots, events },
              reduce,
              initialState,
            });
            const { state, seq, logId } = recovery;
            await snapshots.save({ runId: 'a', atSeq: seq, logId, state });
            acknowledgedSnapshot = seq;
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
        if (living) crashedInFlight++;
        page.dropConnections();
        // A dead page opens no other connection.
        if (!survives) page.instead = () => openRequest('UnknownError');
        await lived;
        if (!survives) page = page.otherPage();
      }

      const { snapshots, events } = open(disk.otherPage());
      const { events: log } = await events.scan('a', 1);
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
      const withSnapshot = await recover({ runId: 'a', stores: { snapshots, events }, reduce, initialState });
      expect(latest?.atSeq ?? 0).toBeGreaterThanOrEqual(acknowledgedSnapshot);
      expect(withSnapshot).toMatchObject({
        state: folded,
        seq: log.length,
        snapshotSeq: latest?.atSeq ?? 0,
        replayed: log.length - (latest?.atSeq ?? 0),
      });
      await snapshots.delete('a');
      const without = await recover({ runId: 'a', stores: { snapshots, events }, reduce, initialState });
      expect(without).toMatchObject({ state: folded, seq: log.length, snapshotSeq: 0, replayed: log.length });
    }),
    { numRuns: 150 },
  );
  // The crashes did hit something.
  expect(crashedInFlight).toBeGreaterThan(0);
});
