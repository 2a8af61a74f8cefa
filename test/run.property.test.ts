import fc from 'fast-check';
import { IndexedDbEventStore, IndexedDbSnapshotStore, KernelError, openRun, type Run, recover } from 'rewake';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import type { Locks } from '../src/run/locks.ts';
import { FakeLocks } from './fake-locks.ts';
import { FaultyFactory } from './faulty-factory.ts';
import { LateLocks } from './late-locks.ts';
import { turns } from './turn.ts';

// Two pages run the same run. Locks are stolen, connections lost, appends, snapshots and compactions fail, at any
// moment. Whatever happens: the log is gapless from its base on, every acknowledged event is in it exactly once, each was accepted by
// the reducer in that order, and the state is the reducer over the log.

interface Event {
  readonly id: number;
  /** The event that whoever appended it took for the last one. */
  readonly after: number | undefined;
}

type State = readonly number[];

const initialState: State = [];

/** Accepts nothing that was meant for another place, or for another log. */
function reduce(state: State, { id, after }: Event): State {
  if (after !== state.at(-1)) throw new RangeError(`meant to come after ${after}, put after ${state.at(-1)}`);
  return [...state, id];
}

const page = fc.nat({ max: 1 });

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('open' as const),
      page,
      ifOwned: fc.constantFrom('steal' as const, 'fail' as const),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      page,
      sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
      awaited: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), turns: fc.nat({ max: 30 }) }) },
  fc.record({ do: fc.constant('lose the connection' as const), page }),
  fc.record({ do: fc.constant('lose the answer' as const), page }),
  fc.record({ do: fc.constant('refuse an append' as const), page }),
  fc.record({ do: fc.constant('refuse a snapshot' as const), page }),
  fc.record({ do: fc.constant('refuse a compaction' as const), page }),
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('compact' as const), page, awaited: fc.boolean() }),
  },
  fc.record({ do: fc.constant('close' as const), page, awaited: fc.boolean() }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('begin anew' as const),
      page,
      delete: fc.constantFrom('events', 'both'),
      length: fc.nat({ max: 4 }),
    }),
  },
);

let locks: Locks | undefined;

beforeEach(() => {
  vi.stubGlobal('navigator', {
    get locks() {
      return locks;
    },
  });
});

afterAll(() => {
  vi.unstubAllGlobals();
});

test.each([
  ['Web Locks', () => new FakeLocks()],
  ['Web Locks that tell late', () => new LateLocks()],
  ['nothing but the fence', () => undefined],
])('no event is lost, doubled or out of place, with %s', async (_, newLocks) => {
  const happened = {
    acknowledged: 0,
    refused: 0,
    stolen: 0,
    begunAnew: 0,
    compacted: 0,
    compactedByItself: 0,
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      locks = newLocks();
      const disk = new FaultyFactory();
      const databaseName = crypto.randomUUID();
      const pages = [disk, disk.otherPage()].map((factory) => ({
        factory,
        snapshots: new IndexedDbSnapshotStore<State>({ indexedDB: factory, databaseName }),
        events: new IndexedDbEventStore<Event>({ indexedDB: factory, databaseName }),
        // Without Web Locks the pages do not even share a lock.
        name: locks ? databaseName : crypto.randomUUID(),
        run: undefined as Run<State, Event> | undefined,
      }));
      let acknowledged = new Map<number, number>();
      /** How many deletions have begun or ended: what was called before one that ended later may be gone. */
      let deletions = 0;
      const pending: Promise<unknown>[] = [];
      const unexpected: unknown[] = [];
      let ids = 0;
      /** While a run is being asked to compact. */
      let asked = false;
      const [{ events: keeping }] = pages as [(typeof pages)[number]];
      const compact = keeping.compact.bind(keeping);
      keeping.compact = async (...args) => {
        const byItself = !asked;
        await compact(...args);
        if (byItself) happened.compactedByItself++;
      };

      for (const step of steps) {
        if (step.do === 'wait') {
          await turns(step.turns);
          continue;
        }
        const page = pages[step.page] as (typeof pages)[number];
        const { factory, snapshots, events, run } = page;
        if (step.do === 'open' && !run) {
          page.run = await openRun<State, Event>({
            runId: 'a',
            reduce,
            initialState,
            snapshotEvery: 3,
            ...(step.page === 0 && { keepEvents: 4 }),
            stores: { snapshots, events, databaseName: page.name },
            ifOwned: step.ifOwned,
            onError: (error) => {
              if (error.code === 'conflict') happened.stolen++;
              else if (!['quota', 'connection-lost'].includes(error.code)) unexpected.push(error);
            },
          }).catch((error) => {
            if (!(error instanceof KernelError && ['conflict', 'connection-lost'].includes(error.code)))
              throw error;
            return undefined;
          });
        } else if (step.do === 'append' && run) {
          const appends = step.sizes.map((size) => {
            const calledAt = deletions;
            const batch: Event[] = [];
            for (let last = run.state.at(-1); batch.length < size; last = ids++)
              batch.push({ id: ids, after: last });
            return run.appendAll(batch).then(
              (seq) => {
                happened.acknowledged += size;
                if (calledAt !== deletions) return;
                for (const [index, { id }] of batch.entries()) acknowledged.set(id, seq - size + 1 + index);
              },
              (error) => {
                happened.refused++;
                // What the former owner of a stolen run has appended comes before it.
                if (error.code !== 'reducer-threw') page.run = undefined;
              },
            );
          });
          pending.push(...appends);
          if (step.awaited) await Promise.all(appends);
        } else if (step.do === 'lose the connection') {
          factory.dropConnections();
        } else if (step.do === 'lose the answer') {
          const append = events.append.bind(events);
          events.append = async (...args) => {
            events.append = append;
            await append(...args);
            throw new KernelError('connection-lost', 'injected', { operation: 'append' });
          };
        } else if (step.do === 'refuse an append') {
          const append = events.append.bind(events);
          events.append = async () => {
            events.append = append;
            throw new KernelError('quota', 'injected', { operation: 'append' });
          };
        } else if (step.do === 'refuse a snapshot') {
          const save = snapshots.save.bind(snapshots);
          snapshots.save = async () => {
            snapshots.save = save;
            throw new KernelError('quota', 'injected', { operation: 'save' });
          };
        } else if (step.do === 'refuse a compaction') {
          const compact = events.compact.bind(events);
          events.compact = async () => {
            events.compact = compact;
            throw new KernelError('quota', 'injected', { operation: 'compact' });
          };
        } else if (step.do === 'compact' && run) {
          asked = true;
          const compacting = run.compact();
          asked = false;
          const compaction = compacting.then(
            () => void happened.compacted++,
            ({ code }) => expect(['quota', 'connection-lost', 'conflict']).toContain(code),
          );
          pending.push(compaction);
          if (step.awaited) await compaction;
        } else if (step.do === 'begin anew') {
          happened.begunAnew++;
          deletions++;
          // By somebody who knows nothing of runs and their owners.
          const other = { indexedDB: factory.otherPage(), databaseName };
          const anew = new IndexedDbEventStore<Event>(other);
          if (step.delete === 'both') await new IndexedDbSnapshotStore(other).delete('a');
          await anew.delete('a');
          deletions++;
          acknowledged = new Map();
          const batch: Event[] = [];
          for (let last: number | undefined; batch.length < step.length; last = ids++)
            batch.push({ id: ids, after: last });
          // Unless a run was faster.
          await anew
            .append('a', batch, { expectedHead: 0, logId: null })
            .catch((error) => expect(error.code).toBe('conflict'));
        } else if (step.do === 'close' && run) {
          page.run = undefined;
          const closing = run.close();
          pending.push(closing);
          if (step.awaited) await closing;
        }
      }
      await Promise.all(pending);
      // What a run that ended still had in flight may land later: a deletion has its turn after it.
      await Promise.all(
        pages.map(({ events, snapshots }) => Promise.allSettled([events.delete('b'), snapshots.delete('b')])),
      );
      const [{ run: one }, { run: two }] = pages as [(typeof pages)[number], (typeof pages)[number]];

      const { factory } = pages[0] as (typeof pages)[number];
      const last = { indexedDB: factory.otherPage(), databaseName };
      const events = new IndexedDbEventStore<Event>(last);
      const snapshots = new IndexedDbSnapshotStore<State>(last);
      // The runs are open, and may compact what is read here.
      const [base, log] = await vi.waitFor(async () => {
        const found = await events.base('a');
        const { events: rest } = await events.scan('a', (found?.atSeq ?? 0) + 1);
        return [found, rest] as const;
      });
      const [baseSeq, compacted] = [base?.atSeq ?? 0, (base?.state ?? initialState) as State];
      expect(compacted).toHaveLength(baseSeq);
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => baseSeq + index + 1));
      const inLog = [...compacted, ...log.map(({ event }) => event.id)];
      expect(new Set(inLog).size).toBe(inLog.length);
      for (const [id, seq] of acknowledged) expect(inLog[seq - 1]).toBe(id);
      const folded = log.map(({ event }) => event).reduce(reduce, compacted);
      const { state } = await recover({
        runId: 'a',
        stores: { snapshots, events },
        reduce,
        initialState,
      });
      expect(state).toEqual(folded);
      // As if no snapshot had ever been saved.
      const stores = { snapshots: { loadLatest: async () => undefined }, events };
      expect((await recover({ runId: 'a', stores, reduce, initialState })).state).toEqual(folded);
      // A run that is alive and has nothing pending is where the log is, unless it has not heard yet that it lost it,
      // or that the log was begun anew.
      for (const run of [one, two]) {
        if (run && deletions === 0) expect(folded.slice(0, run.seq)).toEqual(run.state);
      }
      expect(unexpected).toEqual([]);
      await Promise.all([one?.close(), two?.close()]);
    }),
    { numRuns: 200 },
  );
  // The steps did hit something.
  for (const count of Object.values(happened)) expect(count).toBeGreaterThan(0);
});
