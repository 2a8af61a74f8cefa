import type { AppendOptions } from '../../src/index.ts';
import { eventsOf, healed, type Work } from './work.ts';

/** Some steps through the stores alone. */
export async function appendThroughStores(work: Work): Promise<void> {
  const { random } = work;
  for (let left = random.integer(1, 10); left > 0 && !work.over; left--) {
    await random.oneOf(appendOne, appendOne, appendNamed, appendBurst, appendStale, saveSnapshot)(work);
    if (work.job.compacts && random.chance(0.3)) await compactLog(work);
  }
}

const append = (work: Work, options?: AppendOptions) => async (batch: Parameters<typeof eventsOf>[0]) => {
  const { seq, logId } = await work.stores.events.append(work.runId, eventsOf(batch), options);
  work.logId = logId;
  return seq;
};

async function appendOne(work: Work): Promise<void> {
  const options = work.random.chance(0.5) ? { expectedHead: work.seq } : {};
  await work.append(await work.attempt(1), append(work, options));
}

/** What names its writer is repeated until it is known to have landed. */
async function appendNamed(work: Work): Promise<void> {
  const options = { expectedHead: work.seq, writer: crypto.randomUUID() };
  await work.append(await work.attempt(1), (batch) => healed(() => append(work, options)(batch)));
}

async function appendBurst(work: Work): Promise<void> {
  const batches = await work.attempt(work.random.integer(2, work.job.largestBurst));
  const appending = work.append(batches, append(work));
  if (work.random.chance(0.3)) await saveSnapshot(work);
  await appending;
}

async function appendStale(work: Work): Promise<void> {
  const expectedHead = work.seq + (work.seq > 0 && work.random.chance(0.5) ? -1 : 1);
  await work.append(await work.attempt(1, true), append(work, { expectedHead }));
}

async function saveSnapshot(work: Work): Promise<void> {
  const { runId, seq: atSeq, logId, state, stores } = work;
  await work.save(() => stores.snapshots.save({ runId, atSeq, logId, state }));
}

async function compactLog(work: Work): Promise<void> {
  const { runId, seq: atSeq, logId, state, stores } = work;
  if (atSeq > 0) await work.compact(() => stores.events.compact(runId, { atSeq, logId, version: 1, state }));
}
