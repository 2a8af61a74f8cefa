import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { findBrowser } from '../browsers.js';
import { startDisplay, webKit } from '../webkit.ts';
import type { Outcome } from './series.ts';
import type { Tally } from './tally.ts';
import type { Kind } from './victims.ts';
import type { WorkflowTally } from './workflow/ledger.ts';

/** One series, as it is kept. */
type Result<T> = Series & T;

interface Series {
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

/** How results are kept, and what of them is shown. */
interface Form<T> {
  /** Of the files: `kill` gives `kill.json` and `kill.md`. */
  readonly name: string;
  /** What `npm run test:kill` needs to repeat them, beside the kind. */
  readonly options: string;
  readonly columns: readonly Column<T>[];
}

type Column<T> = readonly [string, (result: Result<T>) => string | number];

/** Writes a series into the files, in place of earlier ones of the same kind, or beside them. */
export function writeResult<T extends object>(form: Form<T>, fresh: Result<T>, isAdded: boolean): void {
  const path = folder + form.name;
  const isKept = ({ browser, what, seed }: Result<T>) =>
    browser !== fresh.browser || what !== fresh.what || (isAdded && seed !== fresh.seed);
  const results = [...readResults<T>(path).filter(isKept), fresh].sort(
    (a, b) => a.browser.localeCompare(b.browser) || a.what.localeCompare(b.what),
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${path}.json`, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(`${path}.md`, tableOf(form, results));
}

function readResults<T>(path: string): Result<T>[] {
  try {
    return JSON.parse(readFileSync(`${path}.json`, 'utf8'));
  } catch {
    return [];
  }
}

export async function resultOf<T>(
  kind: Pick<Kind, 'browser' | 'what'>,
  seed: number,
  outcome: Outcome<T>,
): Promise<Result<T>> {
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

const first: readonly Column<{ readonly kills: number }>[] = [
  ['browser', ({ version }) => version],
  ['killed', ({ what }) => whatNames[what] ?? what],
  ['kills', ({ kills }) => kills],
];
const last: Column<unknown> = ['violations', ({ violations }) => `**${violations.length}**`];

/** Series of earlier releases had no compactions and no copies. */
type Later = 'compactions' | 'copies' | 'copiesInFlightLanded' | 'copiesInFlightNotLanded';
type KeptTally = Omit<Tally, Later> & Partial<Tally>;

const columns: readonly Column<KeptTally>[] = [
  ...first,
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
    'logs given to another run (in flight: landed / not)',
    ({ copies, copiesInFlightLanded, copiesInFlightNotLanded }) =>
      copies === undefined ? '–' : `${copies} (${copiesInFlightLanded} / ${copiesInFlightNotLanded})`,
  ],
  [
    'recoveries (with a snapshot)',
    ({ recoveries, recoveriesWithSnapshot }) => `${recoveries} (${recoveriesWithSnapshot})`,
  ],
  last,
];

const workflowColumns: readonly Column<WorkflowTally>[] = [
  ...first,
  ['of these in the midst of a request', ({ killedInRequest }) => killedInRequest],
  ['workflows ended', ({ workflows }) => workflows],
  ['steps recorded', ({ recorded }) => recorded],
  ['calls', ({ calls }) => calls],
  ['of these refused, and retried', ({ refused }) => refused],
  ['repeated after a kill', ({ interrupted }) => interrupted],
  last,
];

export const killForm: Form<KeptTally> = { name: 'kill', options: '', columns };
export const workflowForm: Form<WorkflowTally> = {
  name: 'workflow-kill',
  options: '--workflows ',
  columns: workflowColumns,
};

/** Series of one kind, as one. */
function summed<T extends object>(results: readonly Result<T>[]): Result<T>[] {
  const kinds = new Map<string, Result<T>>();
  for (const result of results) {
    const kind = `${result.browser} ${result.what}`;
    const before = kinds.get(kind);
    kinds.set(kind, before ? sum(before, result) : result);
  }
  return [...kinds.values()];
}

function sum<T extends object>(one: Result<T>, other: Result<T>): Result<T> {
  const added = Object.entries(other).map(([name, value]) => {
    const before: unknown = Reflect.get(one, name);
    return [name, typeof value === 'number' ? value + Number(before ?? 0) : value];
  });
  return { ...one, ...Object.fromEntries(added), violations: [...one.violations, ...other.violations] };
}

function tableOf<T extends object>({ columns, options }: Form<T>, results: readonly Result<T>[]): string {
  const row = (cells: readonly (string | number)[]) => `| ${cells.map(inWords).join(' | ')} |\n`;
  const alignment = columns.map((_, index) => (index < 2 ? '---' : '--:'));
  return [
    row(columns.map(([name]) => name)),
    row(alignment),
    ...summed(results).map((result) => row(columns.map(([, cell]) => cell(result)))),
    '\n',
    ...results.map(
      ({ browser, what, seed, date, system, seconds, ...tally }) =>
        `- ${browser}, ${what}: ${date}, ${system}, ${seconds} s; \`npm run test:kill -- ${options}--rounds ${Reflect.get(tally, 'kills')} --browser ${browser} --kind ${what} --seed ${seed}\`\n`,
    ),
  ].join('');
}

const inWords = (cell: string | number) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell);
