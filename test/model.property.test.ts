import fc from 'fast-check';
import {
  type EventStore,
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
}

class Conflict extends Error {
  readonly code = 'conflict';
}

/** What the stores promise, in a dozen lines. */
class Model implements Record<'latest' | 'logs', Map<string, unknown>> {
  readonly latest = new Map<string, Snapshot<unknown>>();
  readonly logs = new Map<string, unknown[]>();

  log = (runId: string) => this.logs.get(runId) ?? [];

  save(snapshot: Snapshot<unknown>): undefined {
    if (snapshot.atSeq < (this.latest.get(snapshot.runId)?.atSeq ?? 0)) throw new Conflict();
    this.latest.set(snapshot.runId, snapshot);
  }

  append(runId: string, events: unknown[], expectedHead?: number): number {
    const log = this.log(runId);
    if (expectedHead !== undefined && expectedHead !== log.length) throw new Conflict();
    if (events.length > 0) this.logs.set(runId, [...log, ...events]);
    return this.log(runId).length;
  }
}

/** An operation on the real thing, and what the model says to it. */
interface Operation {
  readonly text: string;
  run(handle: Handle): Promise<unknown>;
  expect(model: Model): unknown;
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
        (model) => model.save({ runId, atSeq, state }),
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
        (model) =>
          model
            .log(runId)
            .map((event, index) => ({ seq: index + 1, event }))
            .slice(from - 1, limit && from - 1 + limit),
      ),
    ),
  runId.map((runId) =>
    operation(
      `head of ${runId}`,
      async ({ events }) => (await events.head(runId)).seq,
      (model) => model.log(runId).length,
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
    read.map((operation) => [operation]),
    fc.array(write, { minLength: 1, maxLength: 8 }),
  ),
});

async function outcome(action: () => unknown): Promise<unknown> {
  try {
    return { value: await action() };
  } catch (error) {
    if (!(error instanceof KernelError || error instanceof Conflict)) throw error;
    return { code: error.code };
  }
}

async function followsTheModel(handles: Handle[], turns: { handle: number; operations: Operation[] }[]) {
  const model = new Model();
  for (const { handle, operations } of turns) {
    const store = handles[handle] as Handle;
    const actual = await Promise.all(operations.map((operation) => outcome(() => operation.run(store))));
    for (const [index, operation] of operations.entries()) {
      expect(actual[index], operation.text).toEqual(await outcome(() => operation.expect(model)));
    }
  }
}

const turns = fc.array(turn, { maxLength: 25 });

test.each([false, true])('IndexedDB follows the model, immutable: %s', async (immutable) => {
  await fc.assert(
    fc.asyncProperty(turns, async (turns) => {
      const factory = new FaultyFactory();
      const handles = [factory, factory.otherPage()].map((indexedDB) => ({
        snapshots: new IndexedDbSnapshotStore({ indexedDB, immutable }),
        events: new IndexedDbEventStore({ indexedDB, immutable }),
      }));
      await followsTheModel(handles, turns);
    }),
    { numRuns: 150 },
  );
});

test('memory follows the model', async () => {
  await fc.assert(
    fc.asyncProperty(turns, async (turns) => {
      const stores = { snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() };
      await followsTheModel([stores, stores], turns);
    }),
    { numRuns: 150 },
  );
});
