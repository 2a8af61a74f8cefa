import { isKernelError, openStores, ownerOf } from 'rewake';
import { deleteWorkflow, followWorkflow, type WorkflowState } from 'rewake/workflow';
import { approve } from '../../examples/workflow-agent.ts';
import { registerServiceWorker } from '../register-service-worker.ts';
import { keepToken } from '../token.ts';
import { trustOwnScripts } from '../trust-own-scripts.ts';
import { element } from '../view/element.ts';
import { Question } from '../view/question.ts';
import { Status } from '../view/status.ts';
import type { Report } from './agent-worker.ts';
import * as sentences from './sentences.ts';
import { asks, isOver, isRecorded, isUnfinished } from './sentences.ts';
import { type Call, RUN_ID, SimulatedServer } from './server.ts';
import { Timeline } from './timeline.ts';

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
keepToken();
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
    status.say(sentences.NOT_STORED);
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
  wokeUp = isUnfinished(stateNow()) ? sentences.wokeUp(stateNow()) : '';
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
}

async function stop({ code, message }: Extract<Report, { type: 'stopped' }>): Promise<void> {
  dismiss();
  wokeUp = '';
  // Another tab has deleted it; and an end of the workflow itself is in its journal.
  if (code !== 'conflict' && code !== 'failed') halt = `The agent stopped: ${message}`;
  await flow?.refresh().catch(() => {});
  render();
}

function crash(): void {
  dismiss();
  halt = sentences.crashed(stateNow());
  render();
}

async function answer(isAllowed: boolean): Promise<void> {
  await approve(RUN_ID, isAllowed).catch((error: unknown) => status.detail(messageOf(error)));
}

async function startAgain(): Promise<void> {
  dismiss();
  wokeUp = '';
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
  const focused = document.activeElement;
  page.dataset.phase = phase;
  buttons.start.hidden = phase !== 'empty';
  buttons.crash.hidden = phase !== 'running';
  buttons.recover.hidden = phase !== 'halted';
  buttons.approve.hidden = buttons.refuse.hidden = !isAlive || !asks(state);
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
  say(phase, state);
}

type Phase = 'empty' | 'running' | 'following' | 'halted' | 'over';

function phaseOf(state: WorkflowState): Phase {
  if (isOver(state)) return 'over';
  if (halt !== undefined) return 'halted';
  if (worker) return 'running';
  return state.status === 'missing' ? 'empty' : 'following';
}

function say(phase: Phase, state: WorkflowState): void {
  if (phase === 'empty') status.say(sentences.BEGIN);
  else if (phase === 'halted') status.say(halt ?? '', sentences.RECOVER_HINT);
  else if (phase === 'over') status.say(sentences.finished(state), sentences.OVER_HINT, wokeUp);
  else if (phase === 'following' && foundElsewhere > 1) status.say(...sentences.FOLLOWING);
  // Where it will say how it woke up, so that nothing moves then.
  else if (phase === 'running' && !isOwner) status.say('', sentences.RECOVERING_HINT, sentences.RECOVERING);
  else status.say(...sentences.atWork(state), wokeUp);
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

function messageOf(error: unknown): string {
  return isKernelError(error) ? `${error.code}: ${error.message}` : String(error);
}
