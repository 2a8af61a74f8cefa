import type { Sample } from './samples.ts';
import { median } from './statistics.ts';
import { quantity } from './table.ts';

const WITH = ' with ';

/**
 * For people: what a session cost as it is, and with each thing that was added to it, as ratios within each round: what
 * disturbs a round hurts both sides.
 */
export function additionsTable(samples: readonly Sample[]): string {
  const subjects = [...new Set(samples.map(({ subject }) => subject))].toSorted();
  return [
    'Medians of the rounds, and of the ratios within each, with the lowest and the highest: above 1 is slower, or larger.\n',
    ...subjects
      .filter((subject) => !subject.includes(WITH))
      .map((bare) => {
        const added = subjects.filter((subject) => subject.startsWith(bare + WITH));
        return tableOf(samples, bare, added);
      }),
  ].join('\n');
}

function tableOf(samples: readonly Sample[], bare: string, added: readonly string[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return [
    row([bare, 'alone', ...added.map((subject) => subject.slice(`${bare} `.length))]),
    row(['---', '---:', ...added.map(() => '---:')]),
    ...samples
      .filter(({ subject }) => subject === bare)
      .map((alone) => {
        const of = (subject: string) =>
          samples.find((sample) => sample.subject === subject && sample.what === alone.what);
        const value = quantity(median(alone.rounds), alone.unit);
        return row([alone.what, value, ...added.map((subject) => cell(of(subject), alone))]);
      }),
  ].join('');
}

function cell(sample: Sample | undefined, alone: Sample): string {
  if (!sample) return '–';
  const value = quantity(median(sample.rounds), sample.unit);
  const ratios = sample.rounds.map((one, round) => one / (alone.rounds[round] ?? Number.NaN));
  // If the session alone has blocked nothing, a ratio says nothing.
  if (!ratios.every(Number.isFinite)) return value;
  const [middle, least, most] = [median(ratios), Math.min(...ratios), Math.max(...ratios)].map((ratio) =>
    ratio.toFixed(2),
  );
  return `**${middle}** (${least}–${most}), ${value}`;
}
