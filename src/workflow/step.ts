import { method, nonEmpty, object, oneOf, optional, type Rule, rule } from '../errors/rules.ts';

/** How often, and when, a step that failed is tried again. */
export interface RetryOptions {
  /** So many attempts may follow the first one; `Infinity` is allowed. An attempt that was interrupted does not count. */
  readonly limit: number;
  /** Before the first retry, in milliseconds; 1,000 by default. */
  readonly delay?: number | undefined;
  /** How the delay grows: not at all, by itself, or to its double each time (default), up to a day. */
  readonly backoff?: 'constant' | 'linear' | 'exponential' | undefined;
}

/** How {@link Step.do} executes a step. */
export interface DoOptions {
  /** Without it, a step that fails is not tried again. */
  readonly retries?: RetryOptions | undefined;
  /** An attempt that takes more milliseconds fails with a `TimeoutError`; its `signal` is aborted. None by default. */
  readonly timeout?: number | undefined;
}

/** What the function of a step gets. */
export interface StepContext {
  /** 1, 2, 3, …: counts those that were interrupted, too. */
  readonly attempt: number;
  /** The same for every attempt of this step, and of no other step of any workflow. */
  readonly idempotencyKey: string;
  /** Whether an earlier attempt was interrupted, by a crash for example, so that nobody knows what it has done. */
  readonly interrupted: boolean;
  /** Aborted if the attempt takes too long, or the workflow is closed, cancelled or taken away. */
  readonly signal: AbortSignal;
}

/** What {@link Step.waitForEvent} waits for. */
export interface WaitOptions {
  /** The `type` with which it is sent. */
  readonly type: string;
  /** After so many milliseconds the step fails with a `TimeoutError`. None by default. */
  readonly timeout?: number | undefined;
}

/** An event that a workflow received. */
export interface ReceivedEvent<T> {
  readonly type: string;
  readonly payload: T;
  /** When it was sent. */
  readonly at: number;
}

/**
 * What a workflow's body calls. Each call is a step, recorded under the key `name#occurrence`; a step whose outcome is
 * recorded gives that, and is not executed again. Outcomes are copies: class instances come back as plain objects, and
 * errors as an `Error` with their name, message, stack, cause and fields.
 *
 * Awaiting a step that is overtaken by the end of the execution (`close`, a theft, `cancel`) never settles.
 */
export interface Step {
  /**
   * Executes `work`, and resolves with its result when that is durable. A recorded success is never executed again. If
   * the end of an attempt was not recorded, there is another one, with the same `idempotencyKey` and `interrupted: true`:
   * at least once.
   *
   * Rejects with what the last attempt threw; with a `TimeoutError`; with `not-cloneable` if the result cannot be
   * stored: the step has run then, and is not tried again.
   *
   * @example
   * const id = await step.do('upload', { retries: { limit: 5 } }, ({ idempotencyKey, signal }) =>
   *   upload(file, { idempotencyKey, signal }),
   * );
   */
  do<T>(name: string, work: (context: StepContext) => Promise<T> | T): Promise<T>;
  do<T>(name: string, options: DoOptions, work: (context: StepContext) => Promise<T> | T): Promise<T>;
  /** Resolves after so many milliseconds. What is stored is when it ends, so that it goes on while nothing is open. */
  sleep(name: string, ms: number): Promise<void>;
  /** Resolves at that time: a Date, or as `Date.now()` says it. */
  sleepUntil(name: string, at: Date | number): Promise<void>;
  /**
   * Resolves with the first event of this type that was sent and that no other step has received. An event that was sent
   * before the timeout counts, even if the workflow was not open then.
   *
   * Rejects with a `TimeoutError`.
   */
  waitForEvent<T = unknown>(name: string, options: WaitOptions): Promise<ReceivedEvent<T>>;
  /**
   * Begins the workflow anew with another input: with an empty journal, today's `version` and other idempotency keys. A
   * loop without an end does so now and then, because opening a workflow takes time for each step that is recorded. Never
   * settles: `return step.restart(input)`.
   */
  restart(input: unknown): Promise<never>;
}

const notNegative = rule('a number, 0 or more', (value) => typeof value === 'number' && value >= 0);

const retryRules: Record<keyof RetryOptions, Rule> = {
  limit: notNegative,
  delay: optional(notNegative),
  backoff: optional(oneOf('constant', 'linear', 'exponential')),
};
const doRules: Record<keyof DoOptions | 'name' | 'work', Rule> = {
  name: nonEmpty,
  work: method,
  retries: optional(object(retryRules)),
  timeout: optional(notNegative),
};
const waitRules: Record<keyof WaitOptions | 'name', Rule> = {
  name: nonEmpty,
  type: nonEmpty,
  timeout: optional(notNegative),
};

/** What a step has to be, by the function that makes it. */
export const stepRules: Record<Exclude<keyof Step, 'restart'>, Rule> = {
  do: object(doRules),
  sleep: object({ name: nonEmpty, ms: notNegative }),
  sleepUntil: object({
    name: nonEmpty,
    at: rule('a Date or a number', (value) => Number.isFinite(Number(value))),
  }),
  waitForEvent: object(waitRules),
};
