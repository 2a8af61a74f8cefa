import { exportRun, importRun } from '../../src/export/index.ts';
import { healed, type Work } from './work.ts';

/** An import holds all of it in memory, and events may be large. */
const FEW = 200;

/** Gives the run of `copy` the log of this one as it is now: by an import, or by a base alone. */
export async function copyRun(work: Work, copy: Work): Promise<void> {
  const { random, runId: of, seq } = work;
  const { numbers } = work.state;
  await copy.recover();
  const isBeginning =
    copy.seq < seq && copy.state.numbers.every((number, index) => number === numbers[index]);
  if (!isBeginning || (copy.seq > 0 && random.chance(0.3))) await copy.discard();
  const base = await baseSeqOf(work);
  const canImport = seq - base <= FEW && (copy.seq === 0 || (await baseSeqOf(copy)) === base);
  const isImported = canImport && random.chance(0.6);
  const { runId } = copy;
  // Awaited: of what was not told, nothing could be expected.
  await work.tell({ type: 'copying', runId, of, numbers, baseSeq: isImported ? base : seq });
  const head = await healed(() => (isImported ? importFrom(work, copy) : beginFrom(work, copy)));
  await work.tell({ type: 'copied', runId, head });
  await copy.recover();
}

const baseSeqOf = async ({ runId, stores }: Work): Promise<number> =>
  (await healed(() => stores.events.base(runId)))?.atSeq ?? 0;

async function importFrom({ runId: of, stores }: Work, { runId }: Work): Promise<number> {
  const { seq } = await importRun({ stream: exportRun({ runId: of, stores }), stores, runId });
  return seq;
}

/** Begins it with a base, in place of what it holds. Repeated, it finds out first whether that has landed. */
async function beginFrom({ seq: atSeq, state, stores }: Work, { runId }: Work): Promise<number> {
  const before = await stores.events.head(runId);
  if (before.seq === atSeq) return atSeq;
  const base = { atSeq, version: 1, state };
  const { seq } = await stores.events.begin(runId, base, before.seq > 0 ? before : undefined);
  return seq;
}
