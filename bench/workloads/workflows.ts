import { durablyVersions } from '../durably.ts';
import type { Maker } from '../page/workflows.ts';
import { median } from '../statistics.ts';
import { type Bench, inProfile, say } from './workload.ts';

const titles: Record<Maker, string> = {
  workflow: 'workflow',
  'by hand': 'by hand on `openRun`',
  '@coji/durably': `@coji/durably ${durablyVersions['@coji/durably']}`,
};
const backends = ['memory', 'indexeddb'] as const;

/** To know whether it has made a step, `@coji/durably` reads all steps of the run: more would take hours. */
const DURABLY_MOST = 1_000;

/**
 * Steps in a second, and how long it takes to open a workflow; beside the same records, written by hand on a run, and
 * beside `@coji/durably` if it is there, which has OPFS in place of IndexedDB.
 */
export async function workflows(bench: Bench, hasDurably: boolean): Promise<string> {
  const makers = (['workflow', 'by hand', '@coji/durably'] as const).filter(
    (maker) => (maker !== '@coji/durably' || hasDurably) && bench.among({ name: maker }),
  );
  const steps = bench.quick ? 200 : 2_000;
  const sizes = bench.quick ? [10, 1_000] : [10, 1_000, 100_000];
  const rows: (readonly [string, Times])[] = [];
  for (const backend of backends) {
    const times = await inTurns(bench, makers, (maker) =>
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
    const able = makers.filter((maker) => maker !== '@coji/durably' || size <= DURABLY_MOST);
    const times = await inTurns(bench, able, (maker) =>
      inProfile(bench, async (profile) => {
        say(`workflows: opening ${size} recorded steps, ${maker}`);
        await profile.use((tab) => tab.call('recordSteps', maker, size));
        return profile.use((tab) => tab.call('openRecorded', maker, size));
      }),
    );
    rows.push([`opening ${size.toLocaleString('en')} recorded steps, ms`, times]);
  }
  const row = (name: string, cells: readonly string[]) => `| ${[name, ...cells].join(' | ')} |\n`;
  return [
    row(
      '',
      makers.map((maker) => titles[maker]),
    ),
    row(
      '---',
      makers.map(() => '--:'),
    ),
    ...rows.map(([name, times]) =>
      row(
        name,
        makers.map((maker) => shown(times.get(maker))),
      ),
    ),
  ].join('');
}

function shown(values: readonly number[] | undefined): string {
  if (!values?.length) return '–';
  const text = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 });
  return `${text(median(values))} (${text(Math.min(...values))}–${text(Math.max(...values))})`;
}

type Times = ReadonlyMap<Maker, readonly number[]>;

/** Round after round, each maker once, in turns: A B C, then B C A. */
async function inTurns(
  { rounds }: Bench,
  makers: readonly Maker[],
  measure: (maker: Maker) => Promise<number>,
): Promise<Times> {
  const times = new Map<Maker, number[]>(makers.map((maker) => [maker, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % makers.length;
    for (const maker of [...makers.slice(first), ...makers.slice(0, first)])
      try {
        times.get(maker)?.push(await measure(maker));
      } catch (error) {
        if (maker !== '@coji/durably') throw error;
        say(`left out of this round: ${maker}: ${error}`);
      }
  }
  return times;
}
