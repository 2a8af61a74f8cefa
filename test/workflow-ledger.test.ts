import { expect, test } from 'vitest';
import { Ledger } from '../e2e/kill/workflow/ledger.ts';
import {
  addTo,
  blocksOf,
  labelsOf,
  resultOf,
  STEPS,
  type WorkflowNote,
} from '../e2e/kill/workflow/protocol.ts';

// The ledger of the kill tests of workflows is known to see each kind of violation, and none if there is none.

const SEED = 5;
const blocks = blocksOf(SEED, 1);
const labels = labelsOf(blocks);

interface Call {
  readonly label: number;
  readonly key?: string;
  readonly total?: number;
  readonly attempt?: number;
  readonly interrupted?: boolean;
}

const begin = () => new Ledger({ seed: SEED, mayLive: false, signal() {} }, async () => {});
const call = (
  ledger: Ledger,
  { label, key = `id/step#${label}`, total = 0, attempt = 1, interrupted = false }: Call,
) => {
  const query = { number: 1, label, key, total, attempt, interrupted };
  const pairs = Object.entries(query).map(([name, value]) => [name, String(value)]);
  return ledger.answer('/effect', new URLSearchParams(pairs));
};

type Lines = Extract<WorkflowNote, { type: 'report' }>['journals'][number]['lines'];
const report = (ledger: Ledger, types: readonly (readonly [type: string, key?: string])[], page = 'page') => {
  const lines: Lines = types.map(([type, key], index) => ({ seq: index + 1, type, ...(key && { key }) }));
  ledger.hear({ type: 'report', page, journals: [{ number: 1, lines }] });
};

/** Every call of workflow 1, as an uninterrupted page makes them. */
async function complete(ledger: Ledger): Promise<number> {
  let total = 0;
  for (const block of blocks) {
    const answers: number[] = [];
    for (const label of labelsOf([block])) {
      let answer = await call(ledger, { label, total });
      if (answer === 'busy') answer = await call(ledger, { label, total, attempt: 2 });
      answers.push(Number(answer));
      ledger.hear({ type: 'recorded', number: 1, label });
    }
    total = answers.reduce(addTo, total);
  }
  return total;
}

/** One label that the server does not refuse at first. */
const label =
  labels.find(
    (one) => !blocks.some((block) => block.kind === 'call' && block.label === one && block.isFlaky),
  ) ?? 0;
const started = [['workflow-begun'], ['step-started', `id/step#${label}`.slice(3)]] as const;

test('a workflow has so many steps, and its result is known', async () => {
  const steps = { call: 1, sleep: 1, event: 2, all: 0 };
  const count = blocks.reduce(
    (sum, block) => sum + ('labels' in block ? block.labels.length : steps[block.kind]),
    0,
  );
  expect(count).toBe(STEPS);
  const ledger = begin();
  const result = await complete(ledger);
  expect(result).toBe(resultOf(SEED, 1));
  ledger.hear({ type: 'ended', number: 1, result });
  expect(ledger.violations).toEqual([]);
  expect(ledger.tally).toMatchObject({ workflows: 1, recorded: labels.length });
  expect(await ledger.answer('/current', new URLSearchParams())).toBe('2');
});

test('a step that a kill interrupted is called again, and that is no violation', async () => {
  const ledger = begin();
  await call(ledger, { label });
  ledger.killed();
  report(ledger, started, 'next');
  await call(ledger, { label, attempt: 2, interrupted: true });
  ledger.hear({ type: 'recorded', number: 1, label });
  expect(ledger.violations).toEqual([]);
  expect(ledger.tally).toMatchObject({ kills: 1, calls: 2, interrupted: 1, recorded: 1 });
});

const key = `step#${label}`;
const violations: Record<string, (ledger: Ledger) => unknown> = {
  'called again': async (ledger) => {
    await call(ledger, { label });
    ledger.hear({ type: 'recorded', number: 1, label });
    await call(ledger, { label, attempt: 2, interrupted: true });
  },
  'called again: the step': async (ledger) => {
    await call(ledger, { label });
    report(ledger, [...started, ['step-succeeded', key]]);
    await call(ledger, { label, attempt: 2, interrupted: true });
  },
  'another key': async (ledger) => {
    await call(ledger, { label });
    await call(ledger, { label, key: 'id/other#1' });
  },
  'one key for two steps': async (ledger) => {
    await call(ledger, { label, key: 'id/same#1' });
    await call(ledger, { label: label + 1, key: 'id/same#1', attempt: 2, interrupted: true });
  },
  'another argument': async (ledger) => {
    await call(ledger, { label });
    await call(ledger, { label, total: 1, attempt: 2, interrupted: true });
  },
  'not counted': async (ledger) => {
    await call(ledger, { label });
    await call(ledger, { label, interrupted: true });
  },
  'not told': async (ledger) => {
    await call(ledger, { label });
    await call(ledger, { label, attempt: 2 });
  },
  'recorded and never called': (ledger) => ledger.hear({ type: 'recorded', number: 1, label }),
  'lost: step': async (ledger) => {
    await call(ledger, { label });
    ledger.hear({ type: 'recorded', number: 1, label });
    report(ledger, started);
  },
  'called before its start was durable': async (ledger) => {
    await call(ledger, { label });
    report(ledger, [['workflow-begun']]);
  },
  'recorded twice': async (ledger) => {
    await call(ledger, { label });
    report(ledger, [...started, ['step-succeeded', key], ['step-succeeded', key]]);
  },
  gap: (ledger) => {
    const lines = [
      { seq: 1, type: 'workflow-begun' },
      { seq: 3, type: 'workflow-taken' },
    ];
    ledger.hear({ type: 'report', page: 'page', journals: [{ number: 1, lines }] });
  },
  ledger: async (ledger) => {
    await call(ledger, { label });
    ledger.hear({ type: 'ended', number: 1, result: resultOf(SEED, 1) });
  },
  result: async (ledger) => {
    await complete(ledger);
    ledger.hear({ type: 'ended', number: 1, result: 1 });
  },
  'lost: the workflow': async (ledger) => {
    ledger.hear({ type: 'ended', number: 1, result: await complete(ledger) });
    report(ledger, [['workflow-begun']]);
  },
  failed: (ledger) => ledger.hear({ type: 'failed', text: 'a failure' }),
  'the page was to die': (ledger) => {
    report(ledger, []);
    ledger.killed();
    report(ledger, []);
  },
};

test.each(Object.entries(violations))('it sees: %s', async (name, happen) => {
  const ledger = begin();
  await happen(ledger);
  expect(ledger.violations).toContainEqual(expect.stringContaining(name));
});
