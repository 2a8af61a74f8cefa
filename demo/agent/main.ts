import { isKernelError, openStores, ownerOf } from 'rewake';
import { deleteWorkflow, followWorkflow, type StepState, type WorkflowState } from 'rewake/workflow';
import { approve } from '../../examples/workflow-agent.ts';
import { registerServiceWorker } from '../register-service-worker.ts';
import { trustOwnScripts } from '../trust-own-scripts.ts';
import { element } from '../view/element.ts';
import { Question } from '../view/question.ts';
import { Status } from '../view/status.ts';
import type { Report } from './agent-worker.ts';
import { type Call, RUN_ID, SimulatedServer } from './server.ts';
import { Timeline, textOf } from './timeline.ts';

// Follows the workflow all the time, and shows it. While it is not finished and nobody owns it, a Worker of this page does.

const LOOK_EVERY_MS = 500;

const button = (id: string) => element(id, HTMLButtonElement);
const buttons = {
  start: button('start'),
  crash: button('crash'),
  recover: button('recover'),
  approve: button('approve'),
  refuse: button('refuse'),
  startAgain: button('start-again'),
};
const page = element('page', HTMLElement);
const status = new Status();
const server = new SimulatedServer(render);
const timeline = new Timeline(server);
const question = new Question(startAgain);

let worker: Worker | undefined;
/** Whether that Worker executes the agent already. */
let isOwner = false;
/** How often in a row it was found that somebody else does. */
let foundElsewhere = 0;
/** Why no Worker is to be started: it was crashed, or it has stopped by itself, or the workflow is being deleted. */
let halt: string | undefined;
let wokeUp = '';
let flow: Awaited<ReturnType<typeof followWorkflow>> | undefined;

trustOwnScripts();
buttons.start.onclick = employ;
buttons.crash.onclick = crash;
buttons.recover.onclick = employ;
buttons.approve.onclick = () => answer(true);
buttons.refuse.onclick = () => answer(false);
buttons.startAgain.onclick = () => question.ask();
await look();

async function look(): Promise<void> {
  try {
    const stores = await openStores();
    if (stores.backend === 'memory') throw stores.reason;
    flow = await followWorkflow({ runId: RUN_ID, stores });
  } catch (error) {
    page.dataset.phase = 'unusable';
    status.say(
      'This browser does not let the page store anything here, so the agent would not survive a crash.',
    );
    status.detail(messageOf(error));
    return;
  }
  flow.subscribe(render);
  addEventListener('storage', render);
  setInterval(attend, LOOK_EVERY_MS);
  await attend();
  render();
  void registerServiceWorker();
}

/** Nobody tells when a lock is let go. */
async function attend(): Promise<void> {
  if (!flow || worker || halt !== undefined || !isUnfinished(flow.getState())) return;
  const owner = await flow
    .refresh()
    .then(() => ownerOf({ runId: RUN_ID }))
    .catch(() => 'unknown');
  // Something was pressed meanwhile, or another tab was faster.
  if (worker || halt !== undefined || !isUnfinished(flow.getState())) return;
  foundElsewhere = owner === 'nobody' ? 0 : foundElsewhere + 1;
  if (owner === 'nobody') employ();
  else render();
}

function employ(): void {
  halt = undefined;
  wokeUp = wakeUpOf(stateNow());
  foundElsewhere = 0;
  worker = new Worker(new URL('./agent-worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = async ({ data, ports: [port] }: MessageEvent<Report | Call>) => {
    if ('key' in data) port?.postMessage(await server.answer(data));
    else if (data.type === 'stopped') await stop(data);
    else {
      isOwner = true;
      render();
    }
  };
  worker.onerror = (event) => {
    event.preventDefault();
    void stop({ type: 'stopped', code: 'unknown', message: event.message || 'The Worker did not start.' });
  };
  render();
}

/** No farewell: it stops where it is. */
function dismiss(): void {
  if (worker) worker.onmessage = null;
  worker?.terminate();
  worker = undefined;
  isOwner = false;
  wokeUp = '';
}

async function stop({ code, message }: Extract<Report, { type: 'stopped' }>): Promise<void> {
  dismiss();
  // Another tab has deleted it; and an end of the workflow itself is in its journal.
  if (code !== 'conflict' && code !== 'failed') halt = `The agent stopped: ${message}`;
  await flow?.refresh().catch(() => {});
  render();
}

function crash(): void {
  dismiss();
  halt = `Crashed ${placeOf(stateNow())}: the Worker was ended without a warning.`;
  render();
}

async function answer(isAllowed: boolean): Promise<void> {
  await approve(RUN_ID, isAllowed).catch((error: unknown) => status.detail(messageOf(error)));
}

async function startAgain(): Promise<void> {
  dismiss();
  halt = 'Deleting…';
  try {
    await deleteWorkflow({ runId: RUN_ID });
    server.clear();
    await flow?.refresh();
    halt = undefined;
  } catch (error) {
    halt = `It was not deleted: ${messageOf(error)}`;
  }
  render();
}

function render(): void {
  const state = stateNow();
  const isAlive = worker !== undefined || foundElsewhere > 0;
  if (isOver(state)) dismiss();
  const phase = phaseOf(state);
  const waitsFor = phase === 'over' ? undefined : questionIn(state);
  const focused = document.activeElement;
  page.dataset.phase = phase;
  buttons.start.hidden = phase !== 'empty';
  buttons.crash.hidden = phase !== 'running';
  buttons.recover.hidden = phase !== 'halted';
  buttons.approve.hidden = buttons.refuse.hidden = !waitsFor;
  buttons.startAgain.hidden = phase === 'empty';
  element('about', HTMLElement).hidden = phase !== 'empty';
  element('timeline-section', HTMLElement).hidden = phase === 'empty';
  if (phase === 'empty') question.withdraw();
  keepFocus(focused);
  timeline.show(state.steps, isAlive);
  const { calls, done, twice } = server.totals();
  const facts = { recorded: state.steps.filter(isRecorded).length, calls, done, twice };
  for (const [name, fact] of Object.entries(facts))
    element(`fact-${name}`, HTMLElement).textContent = String(fact);
  say(phase, state, waitsFor);
}

type Phase = 'empty' | 'running' | 'following' | 'halted' | 'over';

function phaseOf(state: WorkflowState): Phase {
  if (isOver(state)) return 'over';
  if (halt !== undefined) return 'halted';
  if (worker) return 'running';
  return state.status === 'missing' ? 'empty' : 'following';
}

function say(phase: Phase, state: WorkflowState, waitsFor: StepState | undefined): void {
  const step = state.steps.findLast((step) => !isRecorded(step));
  const turn = String(Object(state.steps.findLast(({ result }) => Object(result).call)?.result).text ?? '');
  if (phase === 'empty') status.say('An agent that books a train for you, and asks you before it pays.');
  else if (phase === 'halted')
    status.say(halt ?? '', 'Press Recover, or reload, or close this tab and come back.');
  else if (phase === 'over') status.say(endOf(state), 'Every record stays until you start again.');
  else if (phase === 'following' && foundElsewhere > 1)
    status.say('Another tab executes the agent.', 'This tab follows it, and goes on when that one is gone.');
  else if (phase === 'running' && !isOwner)
    status.say('Recovering…', 'If another tab is faster, this one waits until that is gone.');
  else if (waitsFor)
    status.say(
      `The agent asks: ${turn}`,
      'It waits as long as it takes. Crash it, or come back tomorrow.',
      wokeUp,
    );
  else if (!step) status.say('The agent begins its next step.', 'Crash it: press Crash, or reload.', wokeUp);
  else if (step.status === 'waiting')
    status.say(
      `${step.key} has failed, and is tried again.`,
      'When is stored: a crash does not begin the wait anew.',
      wokeUp,
    );
  else status.say(`The agent is at ${step.key}.`, 'Crash it: press Crash, reload, or kill the tab.', wokeUp);
}

function wakeUpOf(state: WorkflowState): string {
  const recorded = state.steps.filter(isRecorded).length;
  const steps = recorded === 1 ? 'step is' : 'steps are';
  return isUnfinished(state)
    ? `Woke up ${placeOf(state)}: ${recorded} recorded ${steps} not executed again.`
    : '';
}

function placeOf({ steps }: WorkflowState): string {
  const step = steps.findLast((step) => !isRecorded(step));
  return step ? `in ${step.key}` : 'between two steps';
}

function endOf({ status, result, error }: WorkflowState): string {
  return status === 'completed'
    ? `Finished. ${String(result)}`
    : `The agent failed: ${error ? textOf(error) : status}`;
}

/** Who uses the keyboard goes on from where the pressed button was. */
function keepFocus(focused: Element | null): void {
  const isSeen = (control: Element) => control.checkVisibility({ visibilityProperty: true });
  if (!focused || focused === document.body || isSeen(focused)) return;
  [buttons.crash, buttons.recover, buttons.start, buttons.startAgain].find(isSeen)?.focus();
}

function stateNow(): WorkflowState {
  return flow?.getState() ?? { status: 'missing', steps: [] };
}

function isUnfinished({ status }: WorkflowState): boolean {
  return status === 'running' || status === 'waiting';
}

function isOver(state: WorkflowState): boolean {
  return state.status !== 'missing' && !isUnfinished(state);
}

function isRecorded({ status }: StepState): boolean {
  return status === 'succeeded' || status === 'failed';
}

function questionIn({ steps }: WorkflowState): StepState | undefined {
  return steps.find(({ kind, status }) => kind === 'wait' && status === 'waiting');
}

function messageOf(error: unknown): string {
  return isKernelError(error) ? `${error.code}: ${error.message}` : String(error);
}
