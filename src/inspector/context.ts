import type { RunId } from '../contracts/words.ts';
import type { RunDefinition } from '../recovery/definition.ts';
import type { RunStores } from '../run/run.ts';

/** The definition of a run, as the inspector takes it: of a run with whatever states and events. */
export interface InspectedDefinition extends Omit<RunDefinition<unknown, unknown>, 'reduce'> {
  reduce(state: unknown, event: unknown): unknown;
}

/** The definitions of an application's runs: by their names, or by a function of the name. */
export type InspectedDefinitions =
  | { readonly [runId: RunId]: InspectedDefinition }
  | ((runId: RunId) => InspectedDefinition | undefined);

export type Stores = RunStores<unknown, unknown>;

/** What the parts of the inspector share. */
export interface Context {
  readonly stores: Stores;
  readonly definitionOf: (runId: RunId) => InspectedDefinition | undefined;
  /** Tells the user, once. */
  readonly say: (text: string) => void;
  /** Shows an error until the next message. */
  readonly complain: (error: unknown) => void;
  /** Asks before something is done for good. */
  readonly ask: (question: string, consequence: string, yes: string) => Promise<boolean>;
}

/** An error in words: rewake's own say what happened and what follows. */
export function wordsOf(error: unknown): string {
  const { code, message, cause } = Object(error);
  const words = typeof code === 'string' ? `${code}: ${message}` : String(error);
  return cause === undefined || words.includes(String(Object(cause).message))
    ? words
    : `${words} (${String(cause)})`;
}
