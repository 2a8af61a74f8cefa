import type { Results } from './results.ts';
import { type Sample, workloads } from './samples.ts';
import { median } from './statistics.ts';

/** The results for people: what was measured on what, the targets, and a table for each workload. */
export function markdown({ machine, options, versions, samples, targets }: Results): string {
  const lines = ['# What the benchmark measured', ''];
  lines.push(`${machine.date}, ${machine.browser} on ${machine.system}, ${machine.cpu}, ${machine.memory}.`);
  lines.push(`Session: ${options.trace}. Packages: ${pairs(versions)}.`);
  lines.push(
    'Median (lowest–highest) of the rounds. ≈ is scaled up from the part of the work that is named.',
    '',
  );
  if (targets.length > 0) {
    lines.push('## Targets', '', '| target | at most | measured | |', '| --- | ---: | ---: | --- |');
    for (const { what, limit, measured, reached } of targets) {
      lines.push(
        `| ${what} | ${ratio(limit)} | ${ratio(measured)} | ${reached ? 'reached' : '**missed**'} |`,
      );
    }
    lines.push('');
  }
  for (const workload of workloads) {
    const ofWorkload = samples.filter((sample) => sample.workload === workload);
    if (ofWorkload.length > 0) lines.push(`## ${workload}`, '', ...table(ofWorkload), '');
  }
  return lines.join('\n');
}

/** What was done, a row each, by whom, a column each. */
function table(samples: readonly Sample[]): string[] {
  const subjects = [...new Set(samples.map(({ subject }) => subject))];
  const kinds = [...new Set(samples.map(({ what }) => what))];
  const cell = (what: string, subject: string) => {
    const sample = samples.find((one) => one.what === what && one.subject === subject);
    return sample ? shown(sample) : '–';
  };
  return [
    `| | ${subjects.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(subjects.length)}`,
    ...kinds.map((what) => `| ${what} | ${subjects.map((subject) => cell(what, subject)).join(' | ')} |`),
  ];
}

function shown({ rounds, unit, part }: Sample): string {
  const middle = median(rounds);
  const [least, most] = [Math.min(...rounds), Math.max(...rounds)].map((value) =>
    scaled(value, middle, unit),
  );
  const range = least === most ? '' : ` (${least}–${most})`;
  const value = `${quantity(middle, unit)}${range}`;
  return part === undefined ? value : `≈ ${value}, from ${part * 100} %`;
}

export const quantity = (value: number, unit: Sample['unit']): string =>
  `${scaled(value, value, unit)} ${scaleOf(value, unit).name}`;

/** A value in the unit that suits `like`. Two or three figures: more would claim to be exact. */
function scaled(value: number, like: number, unit: Sample['unit']): string {
  const shown = value / scaleOf(like, unit).divisor;
  return shown.toFixed(shown < 1 ? 2 : shown < 10 ? 1 : 0);
}

function scaleOf(value: number, unit: Sample['unit']): { name: string; divisor: number } {
  if (unit === 'bytes') return value < 1e6 ? { name: 'kB', divisor: 1e3 } : { name: 'MB', divisor: 1e6 };
  return value < 1e3 ? { name: 'ms', divisor: 1 } : { name: 's', divisor: 1e3 };
}

const ratio = (value: number) => (value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString());

const pairs = (versions: Results['versions']) =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
