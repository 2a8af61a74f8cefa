import type { Pair } from '../comparison.ts';
import type { Side, Work } from '../page/against.ts';
import type { Tab } from '../profile.ts';
import { median, rotated } from '../statistics.ts';
import { type Bench, inProfile, say } from './workload.ts';

/** What is done, and how many turns each side takes in a round. */
const works: { readonly [what in Work]: number } = {
  'append 1 event': 200,
  'append 1 event (strict)': 100,
  'append 100 events': 100,
  'burst through the stores': 30,
  'burst through openRun': 30,
  'save 1 kB': 200,
  'save 100 kB': 60,
  'recovery with snapshot': 40,
  'recovery without snapshot': 16,
  'edits awaited': 10,
  'edits typed': 30,
};

const COLD = 'recovery on a new page';
const COLD_TURNS = 16;

/** A round is short, and a ratio of few rounds says little. */
const ROUNDS = 3;

/** Everything that both sides do, in turns in one page, in each round. */
export async function compare(bench: Bench): Promise<Pair[]> {
  const rounds = bench.rounds * (bench.quick ? 1 : ROUNDS);
  const pairs = new Map<string, { current: number[]; against: number[] }>();
  const add = (what: string, turns: { readonly [side in Side]: readonly number[] }) => {
    const pair = pairs.get(what) ?? { current: [], against: [] };
    pairs.set(what, pair);
    for (const side of ['current', 'against'] as const) pair[side].push(median(turns[side]));
  };
  for (let round = 0; round <= rounds; round++) {
    say(round === 0 ? 'against: warming up' : `against: round ${round} of ${rounds}`);
    const few = bench.quick || round === 0;
    await inProfile(bench, (profile) =>
      profile.use(async (tab) => {
        for (const [what, times] of Object.entries(works) as [Work, number][]) {
          if (!bench.among({ name: what })) continue;
          const turns = await tab.call('takeTurns', what, few ? Math.ceil(times / 5) : times, round);
          if (round > 0) add(what, turns);
        }
        if (!bench.among({ name: COLD })) return;
        const cold = await inNewPages(tab, few ? 2 : COLD_TURNS);
        if (round > 0) add(COLD, cold);
      }),
    );
  }
  return Array.from(pairs, ([what, pair]) => ({ what, ...pair }));
}

async function inNewPages(tab: Tab, turns: number): Promise<{ [side in Side]: number[] }> {
  const took: { [side in Side]: number[] } = { current: [], against: [] };
  await tab.call('fillLogs');
  for (let turn = 0; turn < turns; turn++) {
    for (const side of rotated(['current', 'against'] as const, turn)) {
      await tab.page.reload();
      took[side].push(await tab.call('openAndRecover', side));
    }
  }
  return took;
}
