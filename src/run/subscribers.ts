/** Who is called, and with what. The same function may subscribe several times; each time counts. */
export class Subscribers<Args extends readonly unknown[] = []> {
  readonly #subscriptions = new Set<{ readonly listener: (...args: Args) => void }>();
  readonly #onThrow: (thrown: unknown) => void;

  /** A listener that throws harms no other; `onThrow` receives what it threw. */
  constructor(onThrow: (thrown: unknown) => void) {
    this.#onThrow = onThrow;
  }

  /** Returns what ends the subscription. */
  add(listener: (...args: Args) => void): () => void {
    const subscription = { listener };
    this.#subscriptions.add(subscription);
    return () => this.#subscriptions.delete(subscription);
  }

  notify(...args: Args): void {
    for (const { listener } of this.#subscriptions) {
      try {
        listener(...args);
      } catch (thrown) {
        this.#onThrow(thrown);
      }
    }
  }
}
