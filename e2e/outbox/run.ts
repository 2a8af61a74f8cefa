import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Fate, runScenario, type Scenario, scenarios, sides } from './scenarios.ts';

// node e2e/outbox/run.js --rounds 20 [--only TEXT] [--side rewake|workbox]: the outbox and workbox-background-sync in the same trouble.

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    only: { type: 'string', default: '' },
    side: { type: 'string' },
  },
});
const path = fileURLToPath(new URL('../results/outbox', import.meta.url));
const names = Object.keys(scenarios) as Scenario[];

for (const scenario of names.filter((name) => name.includes(values.only))) {
  for (const side of sides.filter((one) => one === (values.side ?? one))) {
    const fate = await runScenario(scenario, side, Number(values.rounds));
    console.log(JSON.stringify(fate));
    write(fate);
  }
}

function write(fate: Fate): void {
  const isKept = ({ scenario, side }: Fate) => scenario !== fate.scenario || side !== fate.side;
  const fates = [...read().filter(isKept), fate].sort(
    (one, other) =>
      names.indexOf(one.scenario) - names.indexOf(other.scenario) ||
      sides.indexOf(one.side) - sides.indexOf(other.side),
  );
  writeFileSync(`${path}.json`, `${JSON.stringify(fates, null, 2)}\n`);
  const cells = ({ scenario, side, rounds, delivered, repeated, doubled }: Fate) =>
    [scenario, side, rounds, delivered, `**${rounds - delivered}**`, repeated, doubled].join(' | ');
  const head = [
    'scenario',
    'side',
    'messages',
    'delivered',
    'lost',
    'sent twice, same key',
    'sent twice, two keys',
  ];
  const rows = [head.join(' | '), '--- | --- | --: | --: | --: | --: | --:', ...fates.map(cells)];
  writeFileSync(`${path}.md`, rows.map((row) => `| ${row} |\n`).join(''));
}

function read(): Fate[] {
  try {
    return JSON.parse(readFileSync(`${path}.json`, 'utf8'));
  } catch {
    return [];
  }
}
