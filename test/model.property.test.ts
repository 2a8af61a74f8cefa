import fc from 'fast-check';
import {
  type EventStore,
  type Head,
  IndexedDbEventStore,
  IndexedDbSnapshotStore,
  InMemoryEventStore,
  InMemorySnapshotStore,
  KernelError,
  type Snapshot,
  type SnapshotStore,
} from 'rewake';
import { expect, test } from 'vitest';
import { FaultyFactory } from './faulty-factory.ts';

// Random operations by two handles on one database, against a plain model of the contracts.

interface Handle {
  readonly snapshots: SnapshotStore<unknown>;
  readonly events: EventStore<unknown>;
  /** The heads that it remembers: of which log, the model knows. */
  readonly known: Map<string, { readonly head: Head; readonly log: Log | undefined }>;
}

/** A log of the model is an object of its own: deleted and begun anew, it is another one. It keeps what was compacted. */
interface Log {
  readonly all: unknown[];
  base?: { readonly atSeq: number; readonly version: number; readonly state: unknown };
}

class Refused extends Error {
  constructor(readonly code: 'conflict' | 'newer-version' | 'compacted') {
    super(code);
  }
}

/** How often the model compacted a log. */
let compacted = 0;
/** How often it began one with a base. */
let started = 0;

/** What the stores promise, in three dozen lines. */
class Model {
  readonly latest = new Map<string, Snapshot<unknown>>();
  readonly logs = new Map<string, Log>();
  readonly #savesKnowTheLog: boolean;

  constructor(savesKnowTheLog: boolean) {
    this.#savesKnowTheLog = savesKnowTheLog;
  }

  log = (runId: string): Log => this.logs.get(runId) ?? { all: [] };

  save({ runId, atSeq, state, logId }: Snapshot<unknown>, of: Log | undefined): undefined {
    if (logId && this.#savesKnowTheLog && of !== this.logs.get(runId)) throw new Refused('conflict');
    if (atSeq < (this.latest.get(runId)?.atSeq ?? 0)) throw new Refused('conflict');
    this.latest.set(runId, { runId, atSeq, ...(logId && { logId }), state });
  }

  append(runId: string, events: unknown[], expectedHead?: number): number {
    const log = this.log(runId);
    if (expectedHead !== undefined && expectedHead !== log.all.length) throw new Refused('conflict');
    if (events.length > 0) this.logs.set(runId, log);
    return log.all.push(...events);
  }

  appendTo(of: Log | undefined, runId: string, events: unknown[], expectedHead: number): number {
    if (of !== this.logs.get(runId)) throw new Refused('conflict');
    return this.append(runId, events, expectedHead);
  }

  scan(runId: string, from: number, limit?: number): unknown[] {
    const { all, base } = this.log(runId);
    if (base && from <= base.atSeq) throw new Refused('compacted');
    const events = all.map((event, index) => ({ seq: index + 1, event, version: 1 }));
    return events.slice(from - 1, limit && from - 1 + limit);
  }

  compact(of: Log | undefined, runId: string, base: NonNullable<Log['base']>): undefined {
    const log = this.logs.get(runId);
    if (of !== log || !log || base.atSeq > log.all.length) throw new Refused('conflict');
    if (base.atSeq < (log.base?.atSeq ?? 0)) throw new Refused('conflict');
    if (base.version < (log.base?.version ?? 1)) throw new Refused('newer-version');
    log.base = base;
    compacted++;
  }

  /** What the events before the base were, nobody can ask any more. */
  begin(of: Log | undefined, runId: string, base: NonNullable<Log['base']>): number {
    const log = this.logs.get(runId);
    if (of !== log) throw new Refused('conflict');
    if (base.version < (log?.base?.version ?? 1)) throw new Refused('newer-version');
    const begun = log ?? { all: [] };
    begun.all.push(...Array(base.atSeq - begun.all.length));
    begun.base = base;
    this.logs.set(runId, begun);
    started++;
    return base.atSeq;
  }
}

/** An operation on the real thing, and what the model says to it. */
interface Operation {
  readonly text: string;
  run(handle: Handle): Promise<unknown>;
  expect(model: Model, handle: Handle): unknown;
}

const operation = (text: string, run: Operation['run'], expected: Operation['expect']): Operation => ({
  text,
  run,
  expect: expected,
});

const runId = fc.constantFrom('a', 'b', '__proto__');
const seq = fc.nat({ max: 12 });
const value = fc.oneof(fc.nat(), fc.string(), fc.constant(undefined), fc.dictionary(fc.string(), fc.nat()));

const write = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(runId, seq, value).map(([runId, atSeq, state]) =>
      operation(
        `save ${runId} at ${atSeq}`,
        ({ snapshots }) => snapshots.save({ runId, atSeq, state }),
        (model) => model.save({ runId, atSeq, state }, undefined),
      ),
    ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(runId, fc.array(value, { maxLength: 4 }), fc.option(seq, { nil: undefined }))
      .map(([runId, events, expectedHead]) =>
        operation(
          `append ${events.length} to ${runId}, expecting ${expectedHead}`,
          async (handle) => (await handle.events.append(runId, events, { expectedHead })).seq,
          (model) => model.append(runId, events, expectedHead),
        ),
      ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(runId, fc.array(value, { maxLength: 4 })).map(([runId, events]) =>
      operation(
        `append ${events.length} to ${runId}, after the head that it remembers`,
        async ({ events: store, known }) => {
          const { seq: expectedHead, logId } = known.get(runId)?.head ?? { seq: 0, logId: null };
          return (await store.append(runId, events, { expectedHead, logId })).seq;
        },
        (model, { known }) => {
          const { head, log } = known.get(runId) ?? {};
          return model.appendTo(log, runId, events, head?.seq ?? 0);
        },
      ),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(runId, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 2 }), value)
      .map(([runId, atSeq, version, state]) =>
        operation(
          `compact ${runId} up to ${atSeq}, version ${version}, of the log that it remembers`,
          ({ events, known }) => {
            const logId = known.get(runId)?.head.logId ?? null;
            return events.compact(runId, { atSeq, logId, version, state });
          },
          (model, { known }) => model.compact(known.get(runId)?.log, runId, { atSeq, version, state }),
        ),
      ),
  },
  runId.map((runId) =>
    operation(
      `delete the snapshot of ${runId}`,
      ({ snapshots }) => snapshots.delete(runId),
      (model) => void model.latest.delete(runId),
    ),
  ),
  runId.map((runId) =>
    operation(
      `delete the log of ${runId}`,
      ({ events }) => events.delete(runId),
      (model) => void model.logs.delete(runId),
    ),
  ),
);

/** Depends on what both stores hold, and so not on what else is under way. */
const saveOfLog = fc.tuple(runId, seq, value).map(([runId, atSeq, state]) =>
  operation(
    `save ${runId} at ${atSeq}, of the log that it remembers`,
    ({ snapshots, known }) =>
      snapshots.save({ runId, atSeq, state, logId: known.get(runId)?.head.logId ?? null }),
    (model, { known }) => {
      const { head, log } = known.get(runId) ?? {};
      return model.save({ runId, atSeq, state, logId: head?.logId ?? null }, log);
    },
  ),
);

/** Reads where the log ends, and so needs to be alone, too. */
const compactTail = fc
  .tuple(runId, fc.nat({ max: 5 }), fc.integer({ min: 1, max: 2 }), value)
  .map((compaction) => {
    const [runId, left, version, state] = compaction;
    const atSeqOf = (head: number) => Math.max(head - left, 1);
    return operation(
      `compact ${runId} up to ${left} before its head, version ${version}`,
      async ({ events }) => {
        const { seq, logId } = await events.head(runId);
        await events.compact(runId, { atSeq: atSeqOf(seq), logId, version, state });
      },
      (model) => {
        const log = model.logs.get(runId);
        return model.compact(log, runId, { atSeq: atSeqOf(log?.all.length ?? 0), version, state });
      },
    );
  });

/** So is a base, which has to be ahead of the head that it takes the place of. */
const beginWithBase = fc
  .tuple(runId, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 }), value)
  .map(([runId, ahead, version, state]) =>
    operation(
      `begin ${runId} with a base ${ahead} ahead of the head that it remembers, version ${version}`,
      async ({ events, known }) => {
        const head = known.get(runId)?.head;
        const base = { atSeq: (head?.seq ?? 0) + ahead, version, state };
        return (await events.begin(runId, base, head)).seq;
      },
      (model, { known }) => {
        const { head, log } = known.get(runId) ?? {};
        const stale = (head?.seq ?? 0) !== model.log(runId).all.length;
        if (stale) throw new Refused('conflict');
        return model.begin(log, runId, { atSeq: (head?.seq ?? 0) + ahead, version, state });
      },
    ),
  );

const read = fc.oneof(
  runId.map((runId) =>
    operation(
      `load ${runId}`,
      ({ snapshots }) => snapshots.loadLatest(runId),
      (model) => model.latest.get(runId),
    ),
  ),
  fc
    .tuple(
      runId,
      fc.integer({ min: 1, max: 15 }),
      fc.option(fc.integer({ min: 1, max: 15 }), { nil: undefined }),
    )
    .map(([runId, from, limit]) =>
      operation(
        `scan ${runId} from ${from}, ${limit}`,
        async ({ events }) => (await events.scan(runId, from, limit)).events,
        (model) => model.scan(runId, from, limit),
      ),
    ),
  {
    weight: 3,
    arbitrary: runId.map((runId) =>
      operation(
        `remember the head of ${runId}`,
        async ({ events, known }) => {
          const head = await events.head(runId);
          known.set(runId, { head, log: undefined });
          return head.seq;
        },
        (model, { known }) => {
          const { head = { seq: 0, logId: null } } = known.get(runId) ?? {};
          known.set(runId, { head, log: model.logs.get(runId) });
          return model.log(runId).all.length;
        },
      ),
    ),
  },
  runId.map((runId) =>
    operation(
      `the base of ${runId}`,
      async ({ events }) => {
        const base = await events.base(runId);
        if (!base) return undefined;
        const { logId, ...told } = base;
        expect(logId).toBe((await events.head(runId)).logId);
        return told;
      },
      (model) => model.log(runId).base,
    ),
  ),
  fc.constant(
    operation(
      'run ids',
      async ({ snapshots, events }) => [(await snapshots.runIds()).sort(), (await events.runIds()).sort()],
      (model) => [[...model.latest.keys()].sort(), [...model.logs.keys()].sort()],
    ),
  ),
);

/** One handle's turn: one read, or writes without an await between them, which keep their order. */
const turn = fc.record({
  handle: fc.nat({ max: 1 }),
  operations: fc.oneof(
    fc
      .oneof(
        { weight: 4, arbitrary: read },
        saveOfLog,
        { weight: 4, arbitrary: compactTail },
        { weight: 2, arbitrary: beginWithBase },
      )
      .map((operation) => [operation]),
    fc.array(write, { minLength: 1, maxLength: 8 }),
  ),
});

async function outcome(action: () => unknown): Promise<unknown> {
  try {
    return { value: await action() };
  } catch (error) {
    if (!(error instanceof KernelError || error instanceof Refused)) throw error;
    return { code: error.code };
  }
}

async function followsTheModel(
  stores: Omit<Handle, 'known'>[],
  turns: { handle: number; operations: Operation[] }[],
  savesKnowTheLog: boolean,
) {
  const model = new Model(savesKnowTheLog);
  const handles = stores.map((store): Handle => ({ ...store, known: new Map() }));
  for (const { handle, operations } of turns) {
    const store = handles[handle] as Handle;
    const actual = await Promise.all(operations.map((operation) => outcome(() => operation.run(store))));
    for (const [index, operation] of operations.entries()) {
      expect(actual[index], operation.text).toEqual(await outcome(() => operation.expect(model, store)));
    }
  }
}

const turns = fc.array(turn, { maxLength: 25 });

test('IndexedDB follows the model', async () => {
  await fc.assert(
    fc.asyncProperty(turns, async (turns) => {
      const factory = new FaultyFactory();
      const handles = [factory, factory.otherPage()].map((indexedDB) => ({
        snapshots: new IndexedDbSnapshotStore({ indexedDB }),
        events: new IndexedDbEventStore({ indexedDB }),
      }));
      await followsTheModel(handles, turns, true);
    }),
    { numRuns: 400 },
  );
  expect(compacted).toBeGreaterThan(50);
  expect(started).toBeGreaterThan(50);
});

test('memory follows the model', async () => {
  await fc.assert(
    fc.asyncProperty(turns, async (turns) => {
      const stores = { snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() };
      await followsTheModel([stores, stores], turns, false);
    }),
    { numRuns: 150 },
  );
});
