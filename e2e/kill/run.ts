import { parseArgs } from 'node:util';
import { resultOf, writeResults } from './results.ts';
import { runSeries } from './series.ts';
import { kinds } from './victims.ts';

// npm run test:kill -- --rounds 200 [--browser chromium|firefox|webkit] [--kind browser|crowd|renderer|service-worker|network] [--seed N]

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    browser: { type: 'string' },
    kind: { type: 'string' },
  },
});
const { browser = '', kind: what = '' } = values;
const [rounds, seed] = [Number(values.rounds), Number(values.seed)];
const chosen = kinds.filter((kind) => [kind.browser, ''].includes(browser) && [kind.what, ''].includes(what));
if (!(rounds >= 1) || !Number.isInteger(rounds) || !Number.isInteger(seed) || chosen.length === 0) {
  throw new Error('There is no such series: see e2e/kill/run.ts.');
}

for (const kind of chosen) {
  const name = `${kind.browser}, ${kind.what}`;
  console.log(`${name}: ${rounds} rounds with the seed ${seed}`);
  const onRound = (round: number) => round % 10 === 0 && console.log(`  round ${round}`);
  const outcome = await runSeries(kind, { rounds, seed, onRound });
  writeResults([await resultOf(kind, seed, outcome)]);
  console.log(`  ${JSON.stringify(outcome.tally)} in ${outcome.seconds} s`);
  if (outcome.account) {
    console.error(outcome.account);
    process.exitCode = 1;
  }
}
