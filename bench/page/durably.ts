import { createDurably, defineJob } from '@coji/durably';
import { SQLocalKysely } from 'sqlocal/kysely';
import { z } from 'zod';
import type { Backend } from './workflows.ts';

interface DurablyStep {
  run(name: string, work: () => unknown): Promise<unknown>;
}

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
  const { dialect, sql } = new SQLocalKysely(database);
  const durably = createDurably({ dialect, jobs: { job }, pollingIntervalMs: 50 });
  await durably.init();
  return { durably, sql };
}

const never = new Promise<never>(() => {});

/** Fails if it does not come to an end, so that it costs its own figures alone. */
function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const tooLate = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`It has not ended after ${ms} ms.`)), ms);
  });
  return Promise.race([work, tooLate]);
}

const PATIENCE_MS = 300_000;

/** As `makeSteps` of `workflows.ts`; in place of IndexedDB, OPFS. Does not count how long it waits to begin. */
export async function makeDurablySteps(backend: Backend, steps: number): Promise<number> {
  let begun = 0;
  const { durably } = await openJob(backend === 'memory' ? ':memory:' : 'steps.sqlite3', (count) => {
    if (count === 0) begun = performance.now();
  });
  // It hears of the end at once; the polling, for another page's runs, must not be in the way.
  const ended = durably.jobs.job.triggerAndWait({ steps }, { pollingIntervalMs: 10_000 });
  await within(PATIENCE_MS, ended);
  const ms = performance.now() - begun;
  await durably.stop();
  return ms;
}

/** Makes so many steps, and goes no further. */
export async function recordDurablySteps(steps: number): Promise<void> {
  let arrive = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const { durably, sql } = await openJob('recorded.sqlite3', (count) => {
    if (count < steps) return;
    arrive();
    return never;
  });
  await durably.jobs.job.trigger({ steps });
  await within(PATIENCE_MS, arrival);
  // Who opens it next would wait until this page's lease is over, half a minute.
  await sql`UPDATE durably_runs SET lease_expires_at = ${new Date(0).toISOString()}`;
}

/** How long it takes until the body is where it stopped, in ms. */
export async function openDurablyRecorded(steps: number): Promise<number> {
  const begun = performance.now();
  const opening = new Promise<number>((resolve, reject) => {
    openJob('recorded.sqlite3', (count) => {
      if (count < steps) return;
      resolve(performance.now() - begun);
      return never;
    }).catch(reject);
  });
  return within(PATIENCE_MS, opening);
}
