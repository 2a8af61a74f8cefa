import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { browserNames } from '../e2e/browsers.js';
import { chart } from './chart.ts';
import { type Comparison, comparisonTable } from './comparison.ts';
import { durablyModules } from './durably.ts';
import { describeSources, type Release, releaseOf } from './release.ts';
import { merged, packageVersions, type Results, thisMachine } from './results.ts';
import { Samples, type Workload, workloads } from './samples.ts';
import { serveSite } from './site.ts';
import { markdown } from './table.ts';
import { targets } from './targets.ts';
import { readTrace, type Trace } from './trace.ts';
import { typist } from './typist.ts';
import { compare } from './workloads/against.ts';
import { codecs } from './workloads/codecs.ts';
import { cost } from './workloads/cost.ts';
import { editing } from './workloads/editing.ts';
import { growth } from './workloads/growth.ts';
import { longSession } from './workloads/long-session.ts';
import { snapshots } from './workloads/snapshots.ts';
import { startUp } from './workloads/start-up.ts';
import { workflows } from './workloads/workflows.ts';
import { type Bench, inProfile, say } from './workloads/workload.ts';

const measure: { readonly [name in Workload]: (bench: Bench) => Promise<void> } = {
  editing,
  snapshots,
  growth,
  'start-up': startUp,
  cost,
};

const { values: options } = parseArgs({
  options: {
    browser: { type: 'string', default: 'chromium' },
    trace: { type: 'string' },
    only: { type: 'string' },
    subjects: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    redraw: { type: 'boolean', default: false },
    against: { type: 'string' },
    'long-session': { type: 'boolean', default: false },
    workflows: { type: 'boolean', default: false },
    codecs: { type: 'boolean', default: false },
  },
});
const { quick } = options;
const browser = oneOf(browserNames, '--browser', options.browser);
const chosen = options.only === undefined ? workloads : [oneOf(workloads, '--only', options.only)];
const rounds = Number(options.rounds ?? (quick ? 1 : 3));
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds is a number of at least 1.');
const names = options.subjects?.split(',');
const among: Bench['among'] = ({ name }) => names?.includes(name) ?? true;

const file = browser === 'chromium' ? 'latest' : `latest-${browser}`;
const path = (name: string) => fileURLToPath(new URL(`results/${name}`, import.meta.url));

if (options.redraw) {
  const { samples, ...others }: Results = JSON.parse(readFileSync(path(`${file}.json`), 'utf8'));
  save({ ...others, samples, targets: targets(samples) });
} else if (options.against) {
  await runAgainst(releaseOf(options.against));
} else if (options['long-session']) {
  await runTable('long-session', longSession);
} else if (options.workflows) {
  const durably = durablyModules();
  await runTable('workflows', (bench) => workflows(bench, durably !== undefined), typist(1), { durably });
} else if (options.codecs) {
  await runTable('codecs', codecs, theSession());
} else {
  await run();
}

function oneOf<Name extends string>(known: readonly Name[], option: string, given: string): Name {
  const name = known.find((one) => one === given);
  if (!name) throw new Error(`${option} is one of ${known.join(', ')}.`);
  return name;
}

function theSession(): Trace {
  return options.trace ? readTrace(options.trace) : typist(quick ? 5_000 : 260_000);
}

async function run(): Promise<void> {
  const trace = theSession();
  const session = options.trace ? basename(options.trace) : `a typist, ${trace.txns.length} edits`;
  const samples = new Samples();
  const site = await serveSite(trace);
  const bench: Bench = { browser, url: site.url, trace, samples, rounds, quick, among };
  let results: Results | undefined;
  try {
    const version = await inProfile(bench, (profile) => profile.use(async (tab) => tab.version()));
    const machine = thisMachine(`${browser} ${version}`);
    for (const name of chosen) {
      await measure[name](bench);
      // Each time, so that nothing is lost where a later workload fails.
      const measured = samples.all();
      results = {
        machine,
        options: { trace: session, rounds },
        versions: packageVersions(),
        targets: targets(measured),
        samples: measured,
      };
    }
  } finally {
    await site.close();
    if (results) console.log(markdown(results));
  }
  // What was measured in part is nothing to be quoted.
  if (!results || quick || names) return;
  const whole = chosen.length === workloads.length ? results : withKept(results);
  if (whole) save(whole);
  else say('Not kept: there are no results of this machine, day and number of rounds to be part of.');
}

/** Measures the sources of today and those of another commit, in turns. */
async function runAgainst({ commit, version, entry }: Release): Promise<void> {
  const trace = typist(1);
  const site = await serveSite(trace, { against: entry });
  try {
    const bench = { browser, url: site.url, trace, samples: new Samples(), rounds, quick, among };
    const named = await inProfile(bench, (profile) => profile.use(async (tab) => tab.version()));
    const pairs = await compare(bench);
    const comparison: Comparison = {
      machine: thisMachine(`${browser} ${named}`),
      current: `rewake ${packageVersions().rewake}, ${describeSources()}`,
      against: `rewake ${version}, ${commit.slice(0, 7)}`,
      rounds: pairs[0]?.current.length ?? 0,
      pairs,
    };
    const text = comparisonTable(comparison);
    console.log(text);
    if (quick || names) return;
    const name = `against-${version.replace(/\.0$/, '')}${browser === 'chromium' ? '' : `-${browser}`}`;
    write(`${name}.json`, `${JSON.stringify(comparison, null, 2)}\n`);
    write(`${name}.md`, text);
  } finally {
    await site.close();
  }
}

/** A table that is about one machine and day, as that of a comparison. */
async function runTable(
  file: string,
  measure: (bench: Bench) => Promise<string>,
  trace = typist(1),
  others?: Parameters<typeof serveSite>[1],
): Promise<void> {
  const site = await serveSite(trace, others);
  try {
    const bench = { browser, url: site.url, trace, samples: new Samples(), rounds, quick, among };
    const version = await inProfile(bench, (profile) => profile.use(async (tab) => tab.version()));
    const text = await measure(bench);
    console.log(text);
    const { browser: name, date, system } = thisMachine(`${browser} ${version}`);
    if (!quick && !names)
      write(`${file}.md`, `${text}\n${name}, ${system}, ${date}, rewake ${packageVersions().rewake}\n`);
  } finally {
    await site.close();
  }
}

/** What was measured in part, within the results that were kept; `undefined` where it does not belong to them. */
function withKept(part: Results): Results | undefined {
  if (!existsSync(path(`${file}.json`))) return undefined;
  return merged(JSON.parse(readFileSync(path(`${file}.json`), 'utf8')), part);
}

function save(results: Results): void {
  write(`${file}.json`, `${JSON.stringify(results, null, 2)}\n`);
  write(`${file}.md`, markdown(results));
  if (browser === 'chromium') write('chart.svg', chart(results));
}

function write(name: string, text: string): void {
  mkdirSync(path('.'), { recursive: true });
  writeFileSync(path(name), text);
}
