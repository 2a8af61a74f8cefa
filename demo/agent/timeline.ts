import type { Failure, StepState } from 'rewake/workflow';
import { create, element } from '../view/element.ts';
import type { SimulatedServer } from './server.ts';

const count = (number: number, one: string) => `${number} ${one}${number === 1 ? '' : 's'}`;
const done = (number: number) => (number === 0 ? 'not done yet' : `done ${times(number)}`);
const times = (number: number) => ['', 'once', 'twice'][number] ?? `${number} times`;
const clock = (at: number) => new Date(at).toLocaleTimeString('en-GB');

/** The steps of the journal, in the order of their starts, and what the simulated servers know of each. */
export class Timeline {
  readonly #list = element('timeline', HTMLOListElement);
  readonly #server: SimulatedServer;

  constructor(server: SimulatedServer) {
    this.#server = server;
  }

  /** @param isExecuted Whether anybody executes the agent at this moment. */
  show(steps: readonly StepState[], isExecuted: boolean): void {
    this.#list.replaceChildren(...steps.map((step) => this.#item(step, isExecuted)));
  }

  #item(step: StepState, isExecuted: boolean): HTMLLIElement {
    const isStopped = step.status === 'running' && !isExecuted;
    const item = create('li', `event event-${isStopped ? 'interrupted' : step.status}`);
    item.append(
      create('span', 'event-name', step.key),
      create('span', 'event-state', isStopped ? 'interrupted' : stateOf(step)),
      create('p', 'event-said', step.error ? textOf(step.error) : saidIn(step.result)),
      create('p', 'event-figures', this.#figures(step, isExecuted)),
    );
    return item;
  }

  #figures(step: StepState, isExecuted: boolean): string {
    const { kind, status, attempts, failures, startedAt, endedAt } = step;
    const took = endedAt === undefined ? [] : [`${((endedAt - startedAt) / 1000).toFixed(1)} s`];
    const entry = kind === 'do' ? this.#server.entryFor(step.key) : undefined;
    if (!entry) return took.join('');
    const isWell = status === 'succeeded' || (status === 'running' && isExecuted);
    const interrupted = attempts - failures - Number(isWell);
    const begun = [count(attempts, 'attempt')];
    if (failures > 0) begun.push(`${failures} failed`);
    if (interrupted > 0) begun.push(`${interrupted} interrupted`);
    return [begun.join(', '), ...took, `${count(entry.calls, 'call')}, ${done(entry.done)}`].join(' · ');
  }
}

function stateOf({ kind, status, attempts, wakesAt }: StepState): string {
  if (status === 'succeeded') return 'recorded';
  if (status !== 'waiting') return status;
  if (kind === 'do') return `attempt ${attempts + 1} at ${clock(wakesAt ?? 0)}`;
  return wakesAt === undefined ? 'waits for you' : `waits for you until ${clock(wakesAt)}`;
}

/** The turn of the model, the answer of a tool, or yours. */
function saidIn(result: unknown): string {
  if (typeof result === 'string') return result;
  const { text, payload } = Object(result);
  if (typeof payload === 'boolean') return payload ? 'You approved.' : 'You refused.';
  return typeof text === 'string' ? text : '';
}

export function textOf(failure: Failure): string {
  return 'thrown' in failure ? String(failure.thrown) : failure.message;
}
