import type { BaseCheckpointSaver } from '@langchain/langgraph-checkpoint';
import type { RunId } from '../contracts/words.ts';
import { nonEmpty, text } from '../errors/rules.ts';

/** LangChain's `RunnableConfig`. */
export type Config = Parameters<BaseCheckpointSaver['getTuple']>[0];

/** One namespace of a thread, and the run whose log holds it. */
export interface Place {
  readonly runId: RunId;
  readonly thread_id: string;
  readonly checkpoint_ns: string;
}

const PREFIX = 'langgraph:';

/** The place that a config names. Fails with `invalid-argument` if it names none. */
export function placeOf(config: Config): Place {
  const { thread_id, checkpoint_ns = '' } = config?.configurable ?? {};
  nonEmpty('config.configurable.thread_id', thread_id);
  text('config.configurable.checkpoint_ns', checkpoint_ns);
  return { runId: PREFIX + JSON.stringify([thread_id, checkpoint_ns]), thread_id, checkpoint_ns };
}

/** The place whose log is that run, if it is one. */
export function parsePlace(runId: RunId): Place | undefined {
  if (!runId.startsWith(PREFIX)) return undefined;
  try {
    const [thread_id, checkpoint_ns] = JSON.parse(runId.slice(PREFIX.length));
    return placeOf({ configurable: { thread_id, checkpoint_ns } });
  } catch {
    // Somebody else's run.
    return undefined;
  }
}

/** The config that names a checkpoint. */
export const configOf = ({ thread_id, checkpoint_ns }: Place, checkpoint_id: string): Config => ({
  configurable: { thread_id, checkpoint_ns, checkpoint_id },
});
