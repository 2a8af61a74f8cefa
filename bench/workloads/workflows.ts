import { median } from '../statistics.ts';
import { type Bench, inProfile, say } from './workload.ts';

const makers = ['workflow', 'by hand'] as const;
const backends = ['memory', 'indexeddb'] as const;

/** Steps in a second, and how long it takes to open a workflow; beside the same records, written by hand on a run. */
export async function workflows(bench: Bench): Promise<string> {
  const steps = bench.quick ? 200 : 2_000;
  const sizes = bench.quick ? [10, 1_000] : [10, 1_000, 100_000];
  const rows: (readonly [string, Record<(typeof makers)[number], number[]>])[] = [];
  for (const backend of backends) {
    const times = await inTurns(bench, (maker) =>
      inProfile(bench, (profile) =>
        profile.use(async (tab) => {
          say(`workflows: ${steps} steps in ${backend}, ${maker}`);
          // Once to warm up.
          await tab.call('makeSteps', maker, 'memory', 100);
          return (1_000 * steps) / (await tab.call('makeSteps', maker, backend, steps));
        }),
      ),
    );
    rows.push([`steps/s, awaited, ${backend}`, times]);
  }
  for (const size of sizes) {
    const times = await inTurns(bench, (maker) =>
      inProfile(bench, async (profile) => {
        say(`workflows: opening ${size} recorded steps, ${maker}`);
        await profile.use((tab) => tab.call('recordSteps', maker, size));
        return profile.use((tab) => tab.call('openRecorded', maker, size));
      }),
    );
    rows.push([`opening ${size.toLocaleString('en')} recorded steps, ms`, times]);
  }
  const shown = (values: readonly number[]) =>
    `${median(values).toLocaleString('en', { maximumSignificantDigits: 3 })} (${[
      Math.min(...values),
      Math.max(...values),
    ]
      .map((value) => value.toLocaleString('en', { maximumSignificantDigits: 3 }))
      .join('–')})`;
  return [
    '| | workflow | by hand on `openRun` |\n| --- | --: | --: |\n',
    ...rows.map(([name, times]) => `| ${name} | ${shown(times.workflow)} | ${shown(times['by hand'])} |\n`),
  ].join('');
}

/** Round after round, each maker once, in turns. */
async function inTurns({ rounds }: Bench, measure: (maker: (typeof makers)[number]) => Promise<number>) {
  const times: Record<(typeof makers)[number], number[]> = { workflow: [], 'by hand': [] };
  for (let round = 0; round < rounds; round++)
    for (const maker of round % 2 === 0 ? makers : makers.toReversed())
      times[maker].push(await measure(maker));
  return times;
}
