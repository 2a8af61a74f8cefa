import type { RunId } from '../contracts/words.ts';

/**
 * Commits one group of writes at a time. What arrives while a commit is in flight is committed together by
 * the next one, in the order of the calls (group commit, as databases do it for their log).
 */
export class GroupCommit<Write> {
  readonly #commit: (group: readonly Write[]) => Promise<void>;
  /** Settles when the last group has been tried; `undefined` while nothing is in flight. */
  #last: Promise<unknown> | undefined;
  /** The waiting group that still takes writes; `#last` is its promise. */
  #waiting: Write[] | undefined;

  constructor(commit: (group: readonly Write[]) => Promise<void>) {
    this.#commit = commit;
  }

  /** Whether a write that is added now has to wait. */
  get busy(): boolean {
    return this.#last !== undefined;
  }

  /** Settles with the commit that `write` is part of. That begins at once, unless one is in flight. */
  add(write: Write): Promise<unknown> {
    if (this.#waiting && this.#last) {
      this.#waiting.push(write);
      return this.#last;
    }
    const group = [write];
    if (this.#last) this.#waiting = group;
    return this.#then(() => {
      if (this.#waiting === group) this.#waiting = undefined;
      return this.#commit(group);
    });
  }

  /** Runs `work`, and gives what it does, after all writes added before it and before all added after it. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting = undefined;
    return this.#then(work);
  }

  /** Resolves when everything that was added before has been tried. */
  async settled(): Promise<void> {
    await this.#last?.catch(() => {});
  }

  #then<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const run = async () => {
      if (before) await before.catch(() => {});
      try {
        return await work();
      } finally {
        // Before the callers hear of it, so that the next write of one that awaited finds nothing in flight.
        if (this.#last === done) this.#last = undefined;
      }
    };
    const done = run();
    this.#last = done;
    return done;
  }
}

/** The writes of each run, in their order. */
export function byRun<Write extends { readonly runId: RunId }>(
  group: readonly Write[],
): Map<RunId, [Write, ...Write[]]> {
  const runs = new Map<RunId, [Write, ...Write[]]>();
  for (const write of group) {
    const writes = runs.get(write.runId);
    if (writes) writes.push(write);
    else runs.set(write.runId, [write]);
  }
  return runs;
}
