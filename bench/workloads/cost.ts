import type { Saved } from '../page/snapshots.ts';
import { type Span, traced } from '../tracing.ts';
import { type Bench, inProfile, say } from './workload.ts';

const workload = 'cost';
const MB = 1_000_000;
const TIMES = 10;
const SESSION = 'rewake-store';

// What Chromium 156 calls them in its traces.
const cloneOut: Span = { name: 'SerializedScriptValueFactory::create', onMain: true };
const cloneIn: Span = { name: 'SerializedScriptValueFactory::deserialize', onMain: true };
const collection: Span[] = ['MinorGC', 'MajorGC'].map((name) => ({ name, onMain: true }));
const opening: Span = { name: 'BucketContext::Open' };
const tasks: Span = { name: 'Transaction::RunTasks' };
const file: Span = { name: 'BackingStore::Transaction::WriteNewBlobs' };
const commit: Span = { name: 'LevelDBDirectTransaction::Commit' };
const sync: Span = { name: 'WritableFile::Sync' };

/** Where the time of a save and of a cold recovery goes, from Chromium's own traces. */
export async function cost(bench: Bench): Promise<void> {
  if (bench.browser !== 'chromium') return say('cost: left out, the traces are Chromium’s');
  for (let round = 1; round <= bench.rounds; round++) {
    say(`cost: round ${round} of ${bench.rounds}`);
    await saves(bench);
    await recoveries(bench);
  }
}

async function saves(bench: Bench): Promise<void> {
  await inProfile(bench, (profile) =>
    profile.use(async (tab) => {
      for (const subject of ['raw', 'rewake']) {
        const add = adder(bench, subject);
        await tab.call('saves', subject, MB, TIMES);
        let took: readonly Saved[] = [];
        const spent = await traced(tab, async () => {
          took = await tab.call('saves', subject, MB, TIMES);
        });
        const each = (...spans: Span[]) => spans.reduce((sum, span) => sum + spent(span), 0) / TIMES;
        add('save 1 MB', took.reduce((sum, { total }) => sum + total, 0) / TIMES);
        add('save 1 MB, structured clone', each(cloneOut));
        add('save 1 MB, file of the value', each(file));
        add('save 1 MB, LevelDB without fsync', each(commit) - each(sync));
        add('save 1 MB, fsync', each(sync));
        add('save 1 MB, garbage collection', each(...collection));
      }
    }),
  );
}

async function recoveries(bench: Bench): Promise<void> {
  await inProfile(bench, async (profile) => {
    const add = adder(bench, 'rewake');
    await profile.use(async (tab) => {
      await tab.call('write', SESSION, 'grouped', 1);
      await tab.call('snapshot', SESSION, 1);
    });
    for (const withSnapshot of [true, false]) {
      const what = `recovery ${withSnapshot ? 'with' : 'without'} snapshot`;
      await profile.use(async (tab) => {
        let total = 0;
        const spent = await traced(tab, async () => {
          ({ total } = await tab.call('recover', SESSION, withSnapshot));
        });
        add(what, total);
        add(`${what}, opening the database`, spent(opening));
        add(`${what}, reading in the browser`, spent(tasks));
        add(`${what}, structured clone`, spent(cloneIn));
        add(
          `${what}, garbage collection`,
          collection.reduce((sum, span) => sum + spent(span), 0),
        );
      });
    }
    const fold = await profile.use((tab) => tab.call('foldOnly', 1));
    add('recovery without snapshot, fold', fold.total);
  });
}

const adder =
  ({ samples }: Bench, subject: string) =>
  (what: string, ms: number) =>
    samples.add({ workload, what, subject, unit: 'ms' }, ms);
