import type { Results } from './results.ts';
import type { Sample } from './samples.ts';
import { median } from './statistics.ts';
import { quantity } from './table.ts';

const WIDTH = 480;
const LABELS = 130;
const VALUES = 64;
const ROW = 22;
const TITLE = 34;

const names: { readonly [subject: string]: string } = {
  'rewake-store': 'rewake',
  'raw-rows': 'IndexedDB, rows',
  dexie: 'Dexie bulkAdd',
  'y-indexeddb': 'y-indexeddb',
};

/** What the chart shows: of each, what was done and the subjects to compare, rewake first. */
const panels = [
  { title: 'Saved by the hundred', what: 'grouped, total', peers: ['raw-rows', 'dexie'] },
  { title: 'Saved keystroke by keystroke', what: 'typed, total', peers: ['raw-rows', 'y-indexeddb'] },
  {
    title: 'Recovered after a crash, rewake from a snapshot',
    what: 'recovery',
    peers: ['raw-rows', 'dexie'],
  },
  { title: 'On the disk', what: 'bytes on disk', peers: ['raw-rows', 'dexie'] },
];

/** The headline of the results as an SVG that is readable on light and on dark pages, shorter is better. */
export function chart({ samples }: Pick<Results, 'samples'>): string {
  const rows: string[] = [];
  let y = 0;
  for (const { title, what, peers } of panels) {
    const bars = ['rewake-store', ...peers].flatMap((subject) => sampleOf(samples, what, subject) ?? []);
    if (bars.length === 0) continue;
    y += TITLE;
    rows.push(`<text class="title" x="0" y="${y - 10}">${title}</text>`);
    const longest = Math.max(...bars.map(({ rounds }) => median(rounds)));
    for (const bar of bars) {
      rows.push(...row(bar, longest, y));
      y += ROW;
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="An editing session: rewake and others; shorter is better">
<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .value { font-variant-numeric: tabular-nums }
  rect { fill: #8c959f }
  .rewake { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    rect { fill: #6e7681 }
    .rewake { fill: #58a6ff }
  }
</style>
${rows.join('\n')}
</svg>
`;
}

function row({ subject, rounds, unit, part }: Sample, longest: number, y: number): string[] {
  const value = median(rounds);
  const width = Math.max(2, (value / longest) * (WIDTH - LABELS - VALUES));
  const kind = subject === 'rewake-store' ? ' class="rewake"' : '';
  const shown = `${part === undefined ? '' : '≈ '}${quantity(value, unit)}`;
  return [
    `<text x="0" y="${y + 15}">${names[subject]}</text>`,
    `<rect${kind} x="${LABELS}" y="${y + 3}" width="${width.toFixed(1)}" height="${ROW - 6}" rx="2"/>`,
    `<text class="value" x="${(LABELS + width + 6).toFixed(1)}" y="${y + 15}">${shown}</text>`,
  ];
}

/** rewake recovers as it does, from a snapshot and the tail; who keeps rows alone replays them. */
function sampleOf(samples: readonly Sample[], what: string, subject: string): Sample | undefined {
  const recovery = `recovery ${subject === 'rewake-store' ? 'with' : 'without'} snapshot`;
  return samples.find(
    (sample) =>
      sample.workload === 'editing' &&
      sample.subject === subject &&
      sample.what === (what === 'recovery' ? recovery : what),
  );
}
