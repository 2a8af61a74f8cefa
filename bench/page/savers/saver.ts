import type { State } from '../state.ts';

/** One way to keep the latest state of runs. */
export interface Saver {
  save(runId: string, atSeq: number, state: State): Promise<unknown>;
  load(runId: string): Promise<unknown>;
}
