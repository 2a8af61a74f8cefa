import fc from 'fast-check';
import { recover } from 'rewake';
import { exportRun, importRun } from 'rewake/export';
import { expect, test } from 'vitest';
import { bytesOf, outcomeOf, streamOf } from './export-scene.ts';
import { inMemory } from './stores-scene.ts';

const value = fc.anything({
  ...{
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
  },
  maxDepth: 3,
});
const batch = fc.record({
  version: fc.integer({ min: 1, max: 3 }),
  events: fc.array(value, { minLength: 1, maxLength: 4 }),
});
const anyRun = fc.record({
  runId: fc.string({ minLength: 1, unit: 'binary' }),
  batches: fc.array(batch, { maxLength: 6 }),
  /** Where the snapshot is, if there is one. */
  atSeq: fc.option(fc.nat({ max: 20 })),
  /** Up to where it was compacted. */
  compactedTo: fc.option(fc.integer({ min: 1, max: 20 }), { freq: 2 }),
});

type State = { readonly event: unknown; readonly version: number }[];
const definition = {
  version: 3,
  initialState: [] as State,
  reduce: (state: State, event: unknown): State => [...state, { event, version: 3 }],
};

/** The run in stores of its own. */
async function make({
  runId,
  batches,
  atSeq,
  compactedTo,
}: typeof anyRun extends fc.Arbitrary<infer Run> ? Run : never) {
  const stores = inMemory();
  for (const { version, events } of batches) await stores.events.append(runId, events, { version });
  const { seq, logId } = await stores.events.head(runId);
  const { state } = await recover<State, unknown>({ runId, ...definition, stores: stores as never });
  if (compactedTo !== null && compactedTo <= seq) {
    const base = { atSeq: compactedTo, logId, version: 3, state: state.slice(0, compactedTo) };
    await stores.events.compact(runId, base);
  }
  if (atSeq !== null && atSeq <= seq) {
    await stores.snapshots.save({ runId, atSeq, logId, version: 3, state: state.slice(0, atSeq) });
  }
  return stores;
}

test('what is exported and imported is recovered as the same state', async () => {
  await fc.assert(
    fc.asyncProperty(anyRun, fc.integer({ min: 1, max: 100 }), fc.nat(), async (run, size, known) => {
      const { runId } = run;
      const [from, to] = [await make(run), inMemory()];
      // Some have the beginning of it.
      const base = await from.events.base(runId);
      const first = (base?.atSeq ?? 0) + 1;
      const log = (await from.events.scan(runId, first)).events;
      const knows = known % (log.length * 2 + 1);
      if (base && knows > 0) await to.events.begin(runId, base);
      for (const { event, version } of log.slice(0, knows))
        await to.events.append(runId, [event], { version });
      const bytes = await bytesOf(exportRun({ runId, stores: from }));
      await importRun({ stream: streamOf(bytes, size), stores: to });
      expect((await to.events.scan(runId, first)).events).toStrictEqual(log);
      expect((await to.events.base(runId))?.state).toStrictEqual(base?.state);
      const [before, after] = await Promise.all(
        [from, to].map((stores) =>
          recover<State, unknown>({ runId, ...definition, stores: stores as never }),
        ),
      );
      expect(after?.state).toStrictEqual(before?.state);
      expect(after?.ignoredSnapshot).toBeUndefined();
      if (knows === 0) expect(after?.snapshotSeq).toBe(before?.snapshotSeq);
    }),
    { numRuns: 300 },
  );
});

test('what is damaged is refused, and leaves no run', async () => {
  const damage = fc.record({ at: fc.nat(), flip: fc.integer({ min: 1, max: 255 }), cut: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(anyRun, damage, async (run, { at, flip, cut }) => {
      const bytes = await bytesOf(exportRun({ runId: run.runId, stores: await make(run) }));
      const place = at % bytes.length;
      bytes[place] = (bytes[place] ?? 0) ^ flip;
      const { code, runs } = await outcomeOf(cut ? bytes.subarray(0, place) : bytes);
      expect(code).toMatch(/^(unreadable|newer-version)$/);
      expect(runs).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
