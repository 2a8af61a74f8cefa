import type { RunId } from '../contracts/words.ts';
import { RunError } from '../errors/kernel-error.ts';
import { describe, withContextSync } from '../errors/reason.ts';
import { method } from '../errors/rules.ts';

/** Who is called, and with what. The same function may subscribe several times; each time counts. */
export class Subscribers<Args extends readonly unknown[] = []> {
  readonly #subscriptions = new Set<{ readonly listener: (...args: Args) => void }>();
  readonly #operation: string;
  readonly #runId: RunId;
  readonly #report: (error: unknown) => void;

  /** A listener that throws harms no other; `report` is told what it threw. `operation` is the name of {@link add} there. */
  constructor(operation: string, runId: RunId, report: (error: unknown) => void) {
    this.#operation = operation;
    this.#runId = runId;
    this.#report = report;
  }

  /** Returns what ends the subscription. Throws `invalid-argument`. */
  readonly add = (listener: (...args: Args) => void): (() => void) => {
    withContextSync(RunError, this.#operation, this.#runId, () => method('listener', listener));
    const subscription = { listener };
    this.#subscriptions.add(subscription);
    return () => this.#subscriptions.delete(subscription);
  };

  notify(...args: Args): void {
    for (const { listener } of this.#subscriptions) {
      try {
        listener(...args);
      } catch (cause) {
        const context = { operation: this.#operation, runId: this.#runId, cause };
        this.#report(new RunError('unknown', `a listener threw: ${describe(cause)}`, context));
      }
    }
  }
}
