import { KernelError, type LogId, recover, type Stores } from '../../src/index.ts';
import { tell } from './notes.ts';
import {
  type Batch,
  ballastOf,
  initialState,
  type Job,
  type Note,
  type NumberedEvent,
  type Plan,
  Random,
  type State,
  textOf,
} from './protocol.ts';

export const reduce = ({ numbers }: State, { number, text }: NumberedEvent): State => ({
  numbers: [...numbers, number],
  text,
});

/** A reducer whose states are so many letters larger. */
export const reduceWith =
  (letters: number) =>
  (before: State, event: NumberedEvent): State => {
    const state = reduce(before, event);
    return { ...state, ballast: ballastOf(state.text, letters) };
  };

export const eventsOf = ({ first, size, letters }: Batch): NumberedEvent[] =>
  Array.from({ length: size }, (_, index) => {
    const number = first + index;
    return { number, batch: first, size, text: textOf(number, letters) };
  });

export const isLost = (error: unknown): boolean =>
  error instanceof KernelError && error.code === 'connection-lost';

/** Repeats what may be repeated while the connection is lost. */
export async function healed<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isLost(error) || attempt === 10) throw error;
    }
  }
}

/** Deletes a run of which nothing else is under way. */
export async function discard(
  { snapshots, events }: Stores<State, NumberedEvent>,
  runId: string,
  eventsFirst: boolean,
): Promise<void> {
  await tell({ type: 'deleting', runId });
  for (const store of eventsFirst ? [events, snapshots] : [snapshots, events]) {
    await healed(() => store.delete(runId));
  }
  await tell({ type: 'deleted', runId });
}

/** One round of work on one run: where the run stands, and what is told of it. */
export class Work {
  readonly runId: string;
  readonly job: Job;
  readonly stores: Stores<State, NumberedEvent>;
  readonly random: Random;
  /** What is durable. */
  seq = 0;
  logId: LogId | null = null;
  state = initialState;
  /** The test has begun another round. */
  over = false;
  readonly #round: number;
  #next: number;

  constructor({ round, seed }: Plan, job: Job, stores: Stores<State, NumberedEvent>) {
    this.runId = job.runId;
    this.job = job;
    this.stores = stores;
    this.random = new Random(seed, job.first);
    this.#round = round;
    this.#next = job.first;
  }

  async tell(note: Note): Promise<void> {
    this.over = (await tell(note)) !== this.#round;
  }

  /** Finds out where the run stands. */
  async recover(): Promise<void> {
    const { runId, stores } = this;
    const recovery = await healed(() => recover({ runId, stores, reduce, initialState }));
    const { seq, logId, state } = recovery;
    this.seq = seq;
    this.logId = logId;
    this.state = state;
  }

  /** Invents so many batches, and tells of them before they are appended. */
  async attempt(count: number, stale = false): Promise<Batch[]> {
    const batches = Array.from({ length: count }, () => this.#batch(stale));
    await this.tell({ type: 'attempted', batches });
    return batches;
  }

  #batch(stale: boolean): Batch {
    const { random, runId, job } = this;
    // Beyond 64 kB Chromium keeps a value in a file of its own.
    const large = random.chance(job.heavy ? 0.3 : 0.02);
    const size = random.chance(0.5) ? 1 : random.integer(2, large ? 3 : job.largestBatch);
    const letters = large ? random.integer(60_000, 400_000) : random.integer(0, 200);
    const first = this.#next;
    this.#next += size;
    return { runId, first, size, letters, ...(stale && { stale }) };
  }

  /**
   * Appends batches with one call each, and tells how each one ends. Nothing is awaited between the calls, or
   * the call before, as the job has it.
   * Resolves with whether all of them are durable; where not, it has found out what is.
   */
  async append(batches: readonly Batch[], append: (batch: Batch) => Promise<number>): Promise<boolean> {
    const { runId, job } = this;
    let before: Promise<unknown> | undefined;
    const landed = await Promise.all(
      batches.map(async (batch) => {
        let head: number;
        const call = job.oneByOne && before ? before.then(() => append(batch)) : append(batch);
        before = call.catch(() => {});
        try {
          head = await call;
        } catch (error) {
          if (!(error instanceof KernelError)) throw error;
          await this.tell({ type: 'refused', runId, batch: batch.first, code: error.code });
          return false;
        }
        await this.tell({ type: 'appended', runId, batch: batch.first, head });
        return true;
      }),
    );
    if (!landed.every(Boolean)) {
      await this.recover();
      return false;
    }
    const events = batches.flatMap(eventsOf);
    this.seq += events.length;
    this.state = events.reduce(reduce, this.state);
    return true;
  }

  /** A snapshot is only an optimization: one that breaks off with the connection is not saved again. */
  async save(save: () => Promise<void>): Promise<void> {
    const { runId, seq: atSeq } = this;
    try {
      await save();
    } catch (error) {
      if (isLost(error)) return;
      throw error;
    }
    await this.tell({ type: 'saved', runId, atSeq });
  }

  /** Folds what is durable into the log's base, while more may be appended. */
  async compact(compact: () => Promise<void>): Promise<void> {
    const { runId, seq: atSeq } = this;
    // Not awaited, so that a kill that follows comes while it compacts.
    const told = this.tell({ type: 'compacting', runId });
    await healed(compact);
    await told;
    await this.tell({ type: 'compacted', runId, atSeq });
  }

  /** Deletes the run, which then begins anew. */
  async discard(): Promise<void> {
    await discard(this.stores, this.runId, this.random.chance(0.5));
    await this.recover();
  }
}
