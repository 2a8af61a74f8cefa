import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { findBrowser } from '../browsers.js';
import { startDisplay, webKit } from '../webkit.ts';
import type { Outcome } from './series.ts';
import type { Tally } from './tally.ts';
import type { Kind } from './victims.ts';

/** One series, as it is kept. */
interface Result extends Omit<Tally, 'compactions'> {
  /** Series of earlier releases had none. */
  readonly compactions?: number;
  readonly browser: string;
  readonly what: string;
  readonly version: string;
  readonly system: string;
  readonly date: string;
  readonly seed: number;
  readonly seconds: number;
  readonly violations: readonly string[];
}

const folder = fileURLToPath(new URL('../results/', import.meta.url));

/** Writes the results into `kill.json` and `kill.md`, in place of earlier ones of the same kinds. */
export function writeResults(fresh: readonly Result[]): void {
  const isOld = ({ browser, what }: Result) =>
    !fresh.some((result) => result.browser === browser && result.what === what);
  const results = [...readResults().filter(isOld), ...fresh].sort(
    (a, b) => a.browser.localeCompare(b.browser) || a.what.localeCompare(b.what),
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}kill.json`, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(`${folder}kill.md`, tableOf(results));
}

function readResults(): Result[] {
  try {
    return JSON.parse(readFileSync(`${folder}kill.json`, 'utf8'));
  } catch {
    return [];
  }
}

export async function resultOf(kind: Kind, seed: number, outcome: Outcome): Promise<Result> {
  const { browser, what } = kind;
  const { tally, seconds, violations } = outcome;
  const system = `${type()} ${arch()}, ${cpus().length} cores`;
  const date = new Date().toISOString().slice(0, 10);
  return {
    browser,
    what,
    version: await versionOf(browser),
    system,
    date,
    seed,
    ...tally,
    seconds,
    violations,
  };
}

/** As the program itself tells it. WebKitGTK's does so only with a display. */
async function versionOf(browser: Kind['browser']): Promise<string> {
  const display = browser === 'webkit' ? await startDisplay() : undefined;
  const program =
    browser === 'webkit' ? (await webKit()).miniBrowser : (await findBrowser(browser))?.executablePath;
  const env = { ...process.env, DISPLAY: display?.display };
  const text = program
    ? execFileSync(program, ['--version'], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] })
    : '';
  await display?.close();
  return `${browserNames[browser]} ${/\d+(\.\d+)+/.exec(text)?.[0]}`;
}

const browserNames = { chromium: 'Chromium', firefox: 'Firefox', webkit: 'WebKitGTK' };

const whatNames: { readonly [what: string]: string } = {
  browser: 'the whole browser',
  crowd: 'the whole browser, with three tabs, a Service Worker and eight runs',
  renderer: "the page's process",
  'service-worker': 'the Service Worker',
  network: 'the process that keeps the databases; the page reloads itself',
};

const columns: readonly (readonly [string, (result: Result) => string | number])[] = [
  ['browser', ({ version }) => version],
  ['killed', ({ what }) => whatNames[what] ?? what],
  ['kills', ({ kills }) => kills],
  ['events appended', ({ attempted }) => attempted],
  ['acknowledged', ({ acknowledged }) => acknowledged],
  ['found afterwards', ({ found }) => found],
  [
    'batches in flight: landed / not',
    ({ inFlightLanded, inFlightNotLanded }) => `${inFlightLanded} / ${inFlightNotLanded}`,
  ],
  ['snapshots', ({ snapshots }) => snapshots],
  ['compactions', ({ compactions = '–' }) => compactions],
  [
    'recoveries (with a snapshot)',
    ({ recoveries, recoveriesWithSnapshot }) => `${recoveries} (${recoveriesWithSnapshot})`,
  ],
  ['violations', ({ violations }) => `**${violations.length}**`],
];

function tableOf(results: readonly Result[]): string {
  const row = (cells: readonly (string | number)[]) => `| ${cells.map(inWords).join(' | ')} |\n`;
  const alignment = columns.map((_, index) => (index < 2 ? '---' : '--:'));
  return [
    row(columns.map(([name]) => name)),
    row(alignment),
    ...results.map((result) => row(columns.map(([, cell]) => cell(result)))),
    '\n',
    ...results.map(
      ({ browser, what, seed, date, system, seconds, kills }) =>
        `- ${browser}, ${what}: ${date}, ${system}, ${seconds} s; \`npm run test:kill -- --rounds ${kills} --browser ${browser} --kind ${what} --seed ${seed}\`\n`,
    ),
  ].join('');
}

const inWords = (cell: string | number) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell);
