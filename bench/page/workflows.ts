import { InMemoryEventStore, InMemorySnapshotStore, openRun, openStores, type RunStores } from 'rewake';
import { type JournalEvent, openWorkflow, type Step } from 'rewake/workflow';
import { added, type Pages } from '../../src/workflow/pages.ts';

/** Who makes the steps: a workflow, a loop over a run that records the same by hand, or another library. */
export type Maker = 'workflow' | 'by hand' | '@coji/durably';
export type Backend = 'memory' | 'indexeddb';

type Stores = RunStores<unknown, unknown>;

const inMemory = (): Stores => ({ snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() });

/** How long so many steps take, each awaited, in ms. A step's work is nothing. */
export async function makeSteps(maker: Maker, backend: Backend, steps: number): Promise<number> {
  if (maker === '@coji/durably') return (await import('./durably.ts')).makeDurablySteps(backend, steps);
  const stores = backend === 'memory' ? inMemory() : await openStores();
  const begun = performance.now();
  if (maker === 'by hand') await makeByHand(stores, steps);
  else {
    const run = async (_: unknown, step: Step) => {
      for (let count = 0; count < steps; count++) await step.do('step', () => count);
    };
    const flow = await openWorkflow({ runId: 'workflow', stores, run });
    await flow.result;
  }
  return performance.now() - begun;
}

interface Progress {
  readonly results: Pages<unknown>;
  readonly isStarted: boolean;
}

type Line = { readonly type: 'started' } | { readonly type: 'done'; readonly result: unknown };

/** What a workflow keeps of a step and no more: that it began, and what came of it, each durable. */
const byHand = {
  initialState: { results: [], isStarted: false },
  // As a journal keeps them: a copy of all results for each step would measure that.
  reduce: ({ results }: Progress, line: Line): Progress =>
    line.type === 'done'
      ? { results: added(results, line.result), isStarted: false }
      : { results, isStarted: true },
};

async function makeByHand(stores: Stores, steps: number): Promise<void> {
  // Under this id they hold nothing else.
  const run = await openRun<Progress, Line>({
    runId: 'by hand',
    stores: stores as RunStores<Progress, Line>,
    ...byHand,
  });
  for (let count = run.state.results.flat().length; count < steps; count++) {
    if (!run.state.isStarted) await run.append({ type: 'started' });
    await run.append({ type: 'done', result: count });
  }
  await run.close();
}

/** Writes what so many steps leave, and opens it once, so that a snapshot is saved where one would be. */
export async function recordSteps(maker: Maker, steps: number): Promise<void> {
  if (maker === '@coji/durably') return (await import('./durably.ts')).recordDurablySteps(steps);
  const { events } = await openStores<unknown, unknown>();
  const at = Date.now();
  const begun: JournalEvent = { type: 'workflow-begun', id: 'id', input: undefined, version: 1, at };
  await events.append(`recorded ${maker}`, maker === 'workflow' ? [begun] : [{ type: 'started' }]);
  const PART = 5_000;
  for (let first = 1; first <= steps; first += PART) {
    const numbers = Array.from({ length: Math.min(PART, steps - first + 1) }, (_, index) => first + index);
    const lines = numbers.flatMap((number): object[] => {
      const key = `step#${number}`;
      const started: JournalEvent = { type: 'step-started', key, kind: 'do', at };
      const succeeded: JournalEvent = { type: 'step-succeeded', key, at, result: number };
      return maker === 'workflow'
        ? [started, succeeded]
        : [{ type: 'done', result: number }, { type: 'started' }];
    });
    await events.append(`recorded ${maker}`, lines);
  }
  await openRecorded(maker, steps);
}

/** How long it takes until the code is where it stopped, in ms. */
export async function openRecorded(maker: Maker, steps: number): Promise<number> {
  if (maker === '@coji/durably') return (await import('./durably.ts')).openDurablyRecorded(steps);
  const stores: Stores = await openStores();
  const runId = `recorded ${maker}`;
  const begun = performance.now();
  if (maker === 'by hand') {
    const run = await openRun<Progress, Line>({
      runId,
      stores: stores as RunStores<Progress, Line>,
      ...byHand,
    });
    const ms = performance.now() - begun;
    const found = run.state.results.flat().length;
    if (found !== steps) throw new Error(`${found} of ${steps} steps`);
    await run.close();
    return ms;
  }
  let arrived = (_: number) => {};
  const arrival = new Promise<number>((resolve) => {
    arrived = resolve;
  });
  const flow = await openWorkflow({
    runId,
    stores,
    async run(_, step) {
      for (let count = 0; count < steps; count++) await step.do('step', () => count);
      arrived(performance.now() - begun);
      await step.waitForEvent('wait', { type: 'go' });
    },
  });
  const ms = await arrival;
  // So that closing it has something to save.
  await new Promise<void>((resolve) => {
    const check = () => flow.status === 'waiting' && resolve();
    flow.subscribe(check);
    check();
  });
  await flow.close();
  return ms;
}
