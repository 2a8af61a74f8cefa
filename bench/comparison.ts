import type { Results } from './results.ts';
import { median, medianRatio } from './statistics.ts';
import { quantity } from './table.ts';

/** One thing that both sides did in each round; the medians of the rounds, in ms. */
export interface Pair {
  readonly what: string;
  readonly current: readonly number[];
  readonly against: readonly number[];
}

export interface Comparison {
  readonly machine: Results['machine'];
  readonly current: string;
  readonly against: string;
  readonly rounds: number;
  readonly pairs: readonly Pair[];
}

export interface Ratio {
  /** Of the rounds; above 1 the sources of today are slower. */
  readonly median: number;
  /** Half of the rounds lie between these two. */
  readonly lower: number;
  readonly upper: number;
  readonly least: number;
  readonly most: number;
}

/** How the sources of today compare, round by round: what disturbs a round hurts both sides of its ratio. */
export function ratioOf({ current, against }: Pair): Ratio {
  const ratios = current.map((ms, round) => ms / (against[round] ?? Number.NaN)).toSorted((a, b) => a - b);
  const half = Math.ceil(ratios.length / 2);
  return {
    median: medianRatio(current, against),
    lower: median(ratios.slice(0, half)),
    upper: median(ratios.slice(-half)),
    least: Math.min(...ratios),
    most: Math.max(...ratios),
  };
}

/** What `npm run bench -- --against` has measured, for people. */
export function comparisonTable({ machine, current, against, rounds, pairs }: Comparison): string {
  const rows = pairs.map((pair) => {
    const { median: middle, lower, upper, least, most } = ratioOf(pair);
    const [old, now] = [pair.against, pair.current].map((values) => quantity(median(values), 'ms'));
    const spread = `${shown(lower)}–${shown(upper)} | ${shown(least)}–${shown(most)}`;
    return `| ${pair.what} | ${old} | ${now} | **${shown(middle)}** | ${spread} |`;
  });
  return [
    '# The sources of today against another commit',
    '',
    `${machine.date}, ${machine.browser} on ${machine.system}, ${machine.cpu}, ${machine.memory}.`,
    `${current}, against ${against}. ${rounds} rounds, in which both took turns in one page.`,
    'Medians of the rounds, and of the ratios within each: above 1 is slower than it was.',
    '',
    '| | against | current | ratio | half of the rounds | all rounds |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
  ].join('\n');
}

const shown = (ratio: number) => ratio.toFixed(2);
