import { parseArgs } from 'node:util';
import { killForm, resultOf, workflowForm, writeResult } from './results.ts';
import { runSeries } from './series.ts';
import { type Kind, kinds, workflowKinds } from './victims.ts';
import type { Told } from './workload.ts';

// npm run test:kill -- --rounds 200 [--browser chromium|firefox|webkit] [--kind browser|crowd|renderer|service-worker|network] [--seed N]
// With --workflows, workflows are killed. With --add, the results are kept beside those of other seeds: a long series in parts.

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    browser: { type: 'string' },
    kind: { type: 'string' },
    workflows: { type: 'boolean', default: false },
    add: { type: 'boolean', default: false },
  },
});
const { browser = '', kind: what = '' } = values;
const [rounds, seed] = [Number(values.rounds), Number(values.seed)];
const isChosen = (kind: Pick<Kind, 'browser' | 'what'>) =>
  [kind.browser, ''].includes(browser) && [kind.what, ''].includes(what);
const chosen = (values.workflows ? workflowKinds : kinds).filter(isChosen);
if (!(rounds >= 1) || !Number.isInteger(rounds) || !Number.isInteger(seed) || chosen.length === 0) {
  throw new Error('There is no such series: see e2e/kill/run.ts.');
}

if (values.workflows) {
  for (const kind of workflowKinds.filter(isChosen))
    writeResult(workflowForm, await outcomeOf(kind, workflowForm.options), values.add);
} else {
  for (const kind of kinds.filter(isChosen))
    writeResult(killForm, await outcomeOf(kind, killForm.options), values.add);
}

async function outcomeOf<N extends Told, T>(kind: Kind<N, T>, options: string) {
  console.log(`${kind.browser}, ${kind.what}: ${rounds} rounds with the seed ${seed}`);
  const onRound = (round: number) => round % 10 === 0 && console.log(`  round ${round}`);
  const outcome = await runSeries(kind, { rounds, seed, options, onRound });
  console.log(`  ${JSON.stringify(outcome.tally)} in ${outcome.seconds} s`);
  if (outcome.account) {
    console.error(outcome.account);
    process.exitCode = 1;
  }
  return resultOf(kind, seed, outcome);
}
