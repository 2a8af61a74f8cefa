import type { RunId } from '../contracts/words.ts';

/** Does what is asked of one run in the order of the calls, one after the other: a pool's connections keep no order. */
export class InTurn {
  readonly #last = new Map<RunId, Promise<void>>();

  do<T>(runId: RunId, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(runId);
    const done = before ? before.then(work) : work();
    const forget = () => {
      if (this.#last.get(runId) === settled) this.#last.delete(runId);
    };
    const settled = done.then(forget, forget);
    this.#last.set(runId, settled);
    return done;
  }
}
