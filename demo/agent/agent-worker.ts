import { isKernelError } from 'rewake';
import { openWorkflow } from 'rewake/workflow';
import { agent, type Turn, type World } from '../../examples/workflow-agent.ts';
import { type Call, type Reply, RUN_ID } from './server.ts';

// Owns the workflow and executes it, from where it stopped. What the page ends it in the middle of is not recorded.

export type Report =
  | { readonly type: 'owned' }
  | { readonly type: 'stopped'; readonly code: string; readonly message: string };

const TASK = 'Book the cheapest train to Bern on Friday, and tell Ann.';

const post = (report: Report) => self.postMessage(report);

/** Only the page outlives a crash, as a server would. */
function call(asked: Call): Promise<Turn> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    port1.onmessage = ({ data }: MessageEvent<Reply>) => {
      port1.close();
      if ('turn' in data) resolve(data.turn);
      else reject(new Error(data.error));
    };
    self.postMessage(asked, { transfer: [port2] });
  });
}

const tool = (name: string, isDangerous = false) => ({
  isDangerous,
  call: async (_argument: string, key: string) => (await call({ name, key })).text,
});

const world: World = {
  ask: (messages, { key }) => call({ name: 'ask', key, messages }),
  tools: {
    'search trains': tool('search trains'),
    'book ticket': tool('book ticket', true),
    'send mail': tool('send mail'),
  },
};

try {
  const flow = await openWorkflow({
    runId: RUN_ID,
    input: TASK,
    // The page has promised the visitor that it survives a crash.
    requireDurable: true,
    run: ({ input }, step) => agent(input, step, world),
  });
  post({ type: 'owned' });
  await flow.result;
} catch (error) {
  const code = isKernelError(error) ? error.code : 'unknown';
  post({ type: 'stopped', code, message: String(Object(error).message ?? error) });
}
