import { openStores } from '../../../src/index.ts';
import {
  type JournalEvent,
  openWorkflow,
  type Step,
  type StepContext,
  sendEvent,
} from '../../../src/workflow/index.ts';
import { inhabit } from '../inhabit.ts';
import { fetchPlan, page, request, tell } from '../notes.ts';
import { addTo, type Block, blocksOf, type WorkflowPlan } from './protocol.ts';

// Executes one workflow after the other, in a page or its Service Worker, until it is killed.

inhabit(live);

const runIdOf = (number: number) => `workflow-${number}`;

async function live(): Promise<void> {
  try {
    const { seed } = await fetchPlan<WorkflowPlan>();
    const first = await current();
    await report([first - 1, first]);
    for (let number = first; ; number = await current()) await complete(seed, number);
  } catch (error) {
    await tell({ type: 'failed', text: describe(error) });
    throw error;
  }
}

/** The number of the workflow that has not ended, as far as the test has heard. */
const current = async (): Promise<number> => Number(await request('/current'));

const stores = openStores<unknown, unknown>({ databaseName: 'kill' }).then((opened) => {
  if (opened.backend === 'memory') throw opened.reason;
  return opened;
});

async function report(numbers: readonly number[]): Promise<void> {
  const { events } = await stores;
  const journals = numbers.map(async (number) => {
    const { events: found } = await events.scan(runIdOf(number), 1);
    const lines = found.map(({ seq, event }) => {
      const { type, ...rest } = event as JournalEvent;
      return { seq, type, ...('key' in rest && { key: rest.key }) };
    });
    return { number, lines };
  });
  await tell({ type: 'report', page, journals: await Promise.all(journals) });
}

async function complete(seed: number, number: number): Promise<void> {
  const flow = await openWorkflow({
    runId: runIdOf(number),
    stores: await stores,
    input: { seed, number },
    onError: (error) => void tell({ type: 'failed', text: describe(error) }),
    run: ({ input }, step) => work(input.number, blocksOf(input.seed, input.number), step),
  });
  await tell({ type: 'ended', number, result: await flow.result });
}

async function work(number: number, blocks: readonly Block[], step: Step): Promise<number> {
  let total = 0;
  const retries = { limit: 3, delay: 10 };
  const call = (name: string, label: number) =>
    step.do(name, { retries }, (context) => ask(number, label, total, context));
  // Nothing but steps is awaited here. What gets lost of these notes, the next report tells.
  const recorded = (label: number) => void tell({ type: 'recorded', number, label });
  for (const block of blocks) {
    if (block.kind === 'sleep') await step.sleep('sleep', block.milliseconds);
    else if (block.kind === 'call') {
      total = addTo(total, await call('call', block.label));
      recorded(block.label);
    } else if (block.kind === 'all') {
      const answers = await Promise.all(block.labels.map((label, index) => call(`part ${index}`, label)));
      total = answers.reduce(addTo, total);
      block.labels.forEach(recorded);
    } else {
      const { label } = block;
      const type = `answer ${label}`;
      await step.do('send', { retries }, async (context) => {
        const payload = await ask(number, label, total, context);
        await sendEvent({ runId: runIdOf(number), type, payload, stores: await stores });
      });
      recorded(label);
      const { payload } = await step.waitForEvent<number>('wait', { type });
      total = addTo(total, payload);
    }
  }
  return total;
}

/** A step's effect. */
async function ask(
  number: number,
  label: number,
  total: number,
  { idempotencyKey: key, attempt, interrupted, signal }: StepContext,
): Promise<number> {
  const query = { number, label, total, key, attempt, interrupted };
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  const response = await fetch(`/effect?${search}`, { method: 'POST', signal });
  const answer = await response.text();
  if (answer === 'busy') throw new Error('The server is busy.');
  return Number(answer);
}

const describe = (error: unknown): string =>
  error instanceof Error ? `${error}${error.cause ? ` (${describe(error.cause)})` : ''}` : String(error);
