import { openWorkflow, type Step, sendEvent, type Workflow } from 'rewake/workflow';

// An agent that calls a model and tools in turns, in a worker or a tab. After a crash it goes on where it stopped, and no
// call is paid for twice. A tool that changes something waits for an approval, from any tab, for days if need be.

export interface Message {
  readonly role: 'user' | 'assistant' | 'tool';
  readonly text: string;
}

export interface Turn {
  readonly text: string;
  /** A tool that the model wants to be called; without one, `text` is its answer. */
  readonly call?: { readonly tool: string; readonly argument: string };
}

export interface World {
  /** Asks the model. The server knows a request that comes again by its key. */
  ask(messages: readonly Message[], request: { key: string; signal: AbortSignal }): Promise<Turn>;
  readonly tools: {
    readonly [name: string]: {
      readonly isDangerous: boolean;
      call(argument: string, key: string): Promise<string>;
    };
  };
}

const patient = { retries: { limit: 5, delay: 2_000 }, timeout: 120_000 };

export async function agent(task: string, step: Step, { ask, tools }: World): Promise<string> {
  const messages: Message[] = [{ role: 'user', text: task }];
  for (let turns = 0; turns < 50; turns++) {
    const { text, call } = await step.do('ask', patient, ({ idempotencyKey: key, signal }) =>
      ask(messages, { key, signal }),
    );
    messages.push({ role: 'assistant', text });
    if (!call) return text;
    const tool = tools[call.tool];
    const isAllowed =
      !tool?.isDangerous || (await step.waitForEvent('approval', { type: 'approval' })).payload;
    const answer =
      tool && isAllowed
        ? await step.do(call.tool, patient, ({ idempotencyKey }) => tool.call(call.argument, idempotencyKey))
        : 'You may not do that.';
    messages.push({ role: 'tool', text: answer });
  }
  throw new Error('The agent finds no end.');
}

/** Call it at every start, with the same task. */
export const openAgent = (runId: string, task: string, world: World): Promise<Workflow<string>> =>
  openWorkflow({ runId, input: task, run: ({ input }, step) => agent(input, step, world) });

/** Answers the agent that waits; call it in any tab. */
export const approve = (runId: string, isAllowed: boolean): Promise<void> =>
  sendEvent({ runId, type: 'approval', payload: isAllowed });
