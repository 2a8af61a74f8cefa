import { createDurably, defineJob } from '@coji/durably';
import { SQLocalKysely } from 'sqlocal/kysely';
import { z } from 'zod';
import type { Backend } from './workflows.ts';

interface DurablyStep {
  run(name: string, work: () => unknown): Promise<unknown>;
}

/** After so long without news of a page, `@coji/durably` lets another one go on with its runs; 30,000 ms by default. */
const LEASE_MS = 1_000;

/** A job of so many steps, in a database of this name; `onStep` hears of 0 when its body begins, and of each step. */
async function openJob(database: string, onStep: (steps: number) => Promise<void> | void) {
  const run = async (step: DurablyStep, { steps }: { readonly steps: number }) => {
    await onStep(0);
    for (let count = 1; count <= steps; count++) {
      // It knows a step by its name alone.
      await step.run(`step ${count}`, () => count);
      await onStep(count);
    }
  };
  const job = defineJob({ name: 'steps', input: z.object({ steps: z.number() }), run });
  const { dialect } = new SQLocalKysely(database);
  const durably = createDurably({
    dialect,
    jobs: { job },
    pollingIntervalMs: 50,
    leaseMs: LEASE_MS,
    leaseRenewIntervalMs: LEASE_MS / 3,
  });
  await durably.init();
  return durably;
}

/** As `makeSteps` of `workflows.ts`; in place of IndexedDB, OPFS. Does not count how long it waits to begin. */
export async function makeDurablySteps(backend: Backend, steps: number): Promise<number> {
  let begun = 0;
  const durably = await openJob(backend === 'memory' ? ':memory:' : 'steps.sqlite3', (count) => {
    if (count === 0) begun = performance.now();
  });
  await durably.jobs.job.triggerAndWait({ steps });
  const ms = performance.now() - begun;
  await durably.stop();
  return ms;
}

const never = new Promise<never>(() => {});

/** Makes so many steps, and goes no further. */
export async function recordDurablySteps(steps: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onStep = async (count: number) => {
      if (count < steps) return;
      resolve();
      await never;
    };
    openJob('recorded.sqlite3', onStep)
      .then((durably) => durably.jobs.job.trigger({ steps }))
      .catch(reject);
  });
}

/** How long it takes until the body is where it stopped, in ms. */
export async function openDurablyRecorded(steps: number): Promise<number> {
  // So that the lease of the page that has recorded them is over.
  await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS));
  const begun = performance.now();
  return new Promise<number>((resolve, reject) => {
    const onStep = async (count: number) => {
      if (count < steps) return;
      resolve(performance.now() - begun);
      await never;
    };
    openJob('recorded.sqlite3', onStep).catch(reject);
  });
}
