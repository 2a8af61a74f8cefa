import type { RunId } from '../contracts/words.ts';

/** Does one thing at a time for each run, in the order of the calls: requests that are under way overtake each other. */
export class InOrder {
  readonly #last = new Map<RunId, Promise<unknown>>();

  add<T>(runId: RunId, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(runId);
    const done = before ? before.then(work, work) : work();
    this.#last.set(runId, done);
    const forget = () => {
      if (this.#last.get(runId) === done) this.#last.delete(runId);
    };
    done.then(forget, forget);
    return done;
  }
}
