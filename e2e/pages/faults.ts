import { FaultyFactory } from '../../test/fault-cases/faulty-factory.ts';
import { browserFaultCases } from '../../test/fault-cases/index.ts';
import type { Outcome } from './conformance.ts';

const TIMEOUT_MS = 10_000;

/** Runs every case of the fault matrix on this browser's IndexedDB, one after the other: some of them change globals. */
export async function runFaultCases(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, run } of browserFaultCases) {
    try {
      await inTime(() => run(new FaultyFactory(indexedDB, crypto.randomUUID())));
      outcomes.push({ name });
    } catch (error) {
      outcomes.push({ name, error: String(error) });
    }
  }
  return outcomes;
}

/** A case that never ends must not keep the others from being heard of. */
function inTime(run: () => Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it takes longer than ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  });
  return Promise.race([run(), timeout]).finally(() => clearTimeout(timer));
}
