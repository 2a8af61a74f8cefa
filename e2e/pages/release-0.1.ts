import { openRun, openStores, recover } from '../../src/index.ts';
import { dump } from '../../test/fixtures/dump.ts';
import { type StoredRun, storedRuns } from '../../test/fixtures/runs-0.1.ts';
import { encode } from '../../test/fixtures/tagged-json.ts';

// What the test of a profile that 0.1 wrote does in a page; it calls it through `window`.

/** A state as JSON, which every value of it survives. */
const told = ({ state, seq, snapshotSeq }: Pick<StoredRun, 'state' | 'seq' | 'snapshotSeq'>) =>
  JSON.stringify({ seq, snapshotSeq, state: encode(state) });

async function recoverAll(): Promise<string[]> {
  const stores = await openStores<unknown, unknown>();
  const all: string[] = [];
  for (const { runId, reduce, initialState } of storedRuns) {
    all.push(told(await recover({ runId, stores, reduce, initialState })));
  }
  return all;
}

/** Appends an event to each run and saves a snapshot after it. */
async function goOn(): Promise<void> {
  for (const { runId, reduce, initialState } of storedRuns) {
    const run = await openRun({ runId, reduce, initialState });
    await run.append('more');
    await run.close();
  }
}

export const page = { dump: () => dump(indexedDB), recoverAll, goOn };

export const expectedAtFirst = storedRuns.map(told);
export const expectedAfterwards = storedRuns.map(({ seq, state, reduce }) =>
  told({ seq: seq + 1, snapshotSeq: seq + 1, state: reduce(state, 'more') }),
);
