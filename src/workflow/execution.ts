import { never, Turns } from './clock.ts';
import { type Failure, revive } from './failure.ts';
import type { JournalState, StepKind, StepState } from './journal.ts';

/** After so long without a step that is recorded, the body does not reach it any more: in milliseconds. */
const STALL = 5_000;

/** What a step has come to. */
interface Outcome {
  readonly key: string;
  readonly result?: unknown;
  readonly error?: Failure;
}

/** A call that waits for its outcome. */
interface Call {
  /** Aborted when the execution is over. Each call has its own: Node warns of a signal that many listen to. */
  readonly over: AbortController;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Executes a step and has its outcome recorded; `signal` is aborted when the execution is over. */
type Begin = (key: string, signal: AbortSignal) => Promise<unknown>;

/** What is to be done as soon as everything that is recorded has been replayed. */
interface Held {
  /** The step's key, or what else the body came to. */
  readonly what: string;
  begin(): Promise<unknown>;
}

interface ExecutionOptions {
  readonly state: JournalState;
  /** Resolves with whether this execution may append: the journal is as it was read, and nobody else writes it. */
  readonly mayAppend: () => Promise<boolean>;
  /** Called if the execution cannot go on. */
  readonly onError: (error: unknown) => void;
  /** Called if the body does `what`, and the journal says that it called this step. */
  readonly onMismatch: (step: StepState, what: string) => void;
}

/**
 * One execution of a workflow's body over what its journal holds. It gives the body one outcome at a time, in the order
 * in which they were recorded, and lets it run until it can do nothing but wait before it gives it the next: so a
 * `Promise.race` of steps is won again by the step that won it first. Live outcomes take the same way.
 *
 * Nothing begins, and so nothing is appended, before the body has called every step that is recorded.
 */
export class Execution {
  /** Whether no call settles any more, and nothing begins. */
  isOver = false;
  readonly #options: ExecutionOptions;
  readonly #turns = new Turns();
  /** What is recorded and was not called yet. */
  readonly #unreached: Map<string, StepState>;
  readonly #occurrences = new Map<string, number>();
  readonly #calls = new Map<string, Call>();
  /** What was recorded, and is to be delivered from `#next` on. */
  #outcomes: Outcome[];
  #next = 0;
  #held: Held[] = [];
  #isPumping = false;
  #again = false;
  #stall: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    const { settled, open } = options.state;
    const outcomes = settled.flat();
    this.#outcomes = outcomes;
    this.#unreached = new Map([...outcomes, ...open].map((step) => [step.key, step]));
  }

  /** The next occurrence of the step: resolves or rejects with its outcome. If there is none yet, `begin` is called. */
  call(name: string, kind: StepKind, begin: Begin): Promise<unknown> {
    if (this.isOver) return never();
    const occurrence = (this.#occurrences.get(name) ?? 0) + 1;
    this.#occurrences.set(name, occurrence);
    const key = `${name}#${occurrence}`;
    const record = this.#unreached.get(key);
    if (record && record.kind !== kind) {
      this.#options.onMismatch(record, `the body calls ${key} as a '${kind}'`);
      return never();
    }
    this.#unreached.delete(key);
    return new Promise((resolve, reject) => {
      const over = new AbortController();
      this.#calls.set(key, { resolve, reject, over });
      const held = { what: `the body calls ${key}`, begin: () => begin(key, over.signal) };
      if (!record?.endedAt) this.#held.push(held);
      this.#pump();
    });
  }

  /** The body came to its end: `begin` records it. Steps that nobody waits for any more are given up. */
  finish(what: string, begin: () => Promise<unknown>): void {
    if (this.isOver) return;
    this.#held = [{ what, begin }];
    const [record] = this.#unreached.values();
    if (record) this.#options.onMismatch(record, what);
    else this.#pump();
  }

  /** An outcome that has just become durable. */
  deliver(outcome: Outcome): void {
    this.#outcomes.push(outcome);
    this.#pump();
  }

  /** Ends it: the `signal` of each step that has begun is aborted. */
  abandon(reason: unknown): void {
    this.isOver = true;
    clearTimeout(this.#stall);
    this.#turns.close();
    for (const { over } of this.#calls.values()) over.abort(reason);
  }

  #pump(): void {
    clearTimeout(this.#stall);
    this.#again = true;
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#run().catch(this.#options.onError);
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.#turns.next();
      if (this.isOver) return;
      if (this.#deliverNext()) this.#again = true;
      else if (this.#held.length > 0 && this.#hasReplayed() && (await this.#options.mayAppend()))
        this.#begin();
    }
    this.#isPumping = false;
    const [record] = this.#unreached.values();
    const [held] = this.#held;
    if (record && held && !this.isOver)
      this.#stall = setTimeout(() => this.#options.onMismatch(record, held.what), STALL);
  }

  #hasReplayed(): boolean {
    return this.#unreached.size === 0 && this.#next === this.#outcomes.length;
  }

  /** Gives the body the next outcome; `false` if there is none, or the body has not called that step yet. */
  #deliverNext(): boolean {
    const outcome = this.#outcomes[this.#next];
    const call = outcome && this.#calls.get(outcome.key);
    if (!call) return false;
    this.#next++;
    if (this.#next === this.#outcomes.length) {
      this.#outcomes = [];
      this.#next = 0;
    }
    this.#calls.delete(outcome.key);
    // What the body gets is its own, as after a replay.
    if (outcome.error) call.reject(revive(outcome.error));
    else call.resolve(structuredClone(outcome.result));
    return true;
  }

  #begin(): void {
    for (const { begin } of this.#held.splice(0)) begin().catch(this.#options.onError);
  }
}
