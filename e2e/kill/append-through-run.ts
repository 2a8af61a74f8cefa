import { type KernelError, openRun } from '../../src/index.ts';
import { initialState } from './protocol.ts';
import { eventsOf, healed, isLost, reduce, reduceWith, type Work } from './work.ts';

/** Opens the run, and takes some steps through it. */
export async function appendThroughRun(work: Work): Promise<void> {
  const { runId, random, stores } = work;
  const { ballast, bursts, largestBurst, compacts } = work.job;
  const reports: KernelError[] = [];
  const run = await healed(() =>
    openRun({
      runId,
      reduce: ballast ? reduceWith(ballast) : reduce,
      initialState,
      stores,
      snapshotEvery: ballast ? 1 : random.integer(1, 100),
      keepEvents: compacts && random.chance(0.5) ? random.integer(1, 200) : undefined,
      onError: (error) => reports.push(error),
    }),
  );
  if (run.seq !== work.seq) throw new Error(`A run was opened at ${run.seq}, and stands at ${work.seq}.`);
  let landed = true;
  for (let left = random.integer(1, 10); left > 0 && landed && !work.over; left--) {
    const batches = await work.attempt(random.chance(bursts) ? random.integer(2, largestBurst) : 1);
    const appending = work.append(batches, (batch) => {
      const [event, ...others] = eventsOf(batch);
      return event && others.length === 0 ? run.append(event) : run.appendAll(eventsOf(batch));
    });
    if (random.chance(0.2)) await work.save(() => run.snapshot());
    if (compacts && random.chance(0.2)) await work.compact(run.compact);
    landed = await appending;
  }
  await run.close();
  work.logId = (await healed(() => stores.events.head(runId))).logId;
  const failure = reports.find((error) => !isLost(error));
  if (failure) throw failure;
  // Closing it has saved a snapshot.
  if (landed && reports.length === 0) await work.save(async () => {});
}
