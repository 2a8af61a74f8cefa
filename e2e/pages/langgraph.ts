import { Annotation, START, StateGraph } from '@langchain/langgraph/web';
import { RewakeSaver } from '../../src/langgraph/index.ts';

// An agent in a page, a Worker or a Service Worker.

const State = Annotation.Root({
  done: Annotation<string[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
});

/** What the nodes have executed here. */
const executed: string[] = [];
const node = (name: string) => () => {
  executed.push(name);
  return { done: [name] };
};

/** It stops before it sends, because `interrupt()` needs an AsyncLocalStorage, which no browser has. */
const graph = new StateGraph(State)
  .addNode('search', node('search'))
  .addNode('write', node('write'))
  .addNode('send', node('send'))
  .addEdge(START, 'search')
  .addEdge('search', 'write')
  .addEdge('write', 'send')
  .compile({ checkpointer: new RewakeSaver({ requireDurable: true }), interruptBefore: ['send'] });

const config = { configurable: { thread_id: 'chat' } };

export interface Progress {
  readonly executed: string[];
  readonly done: string[];
  readonly next: string[];
}

async function progress(): Promise<Progress> {
  const { values, next } = await graph.getState(config);
  return { executed, done: values.done ?? [], next };
}

export async function begin(): Promise<Progress> {
  await graph.invoke({ done: ['asked'] }, config);
  return progress();
}

export async function goOn(): Promise<Progress> {
  await graph.invoke(null, config);
  return progress();
}

export const calls = { begin, goOn, progress };
