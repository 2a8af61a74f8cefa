/** Who is called at every change. The same function may subscribe several times; each time counts. */
export class Subscribers {
  readonly #subscriptions = new Set<{ readonly listener: () => void }>();
  readonly #onThrow: (thrown: unknown) => void;

  /** A listener that throws harms no other; `onThrow` is told what it threw. */
  constructor(onThrow: (thrown: unknown) => void) {
    this.#onThrow = onThrow;
  }

  /** Returns what ends the subscription. */
  add(listener: () => void): () => void {
    const subscription = { listener };
    this.#subscriptions.add(subscription);
    return () => this.#subscriptions.delete(subscription);
  }

  notify(): void {
    for (const { listener } of this.#subscriptions) {
      try {
        listener();
      } catch (thrown) {
        this.#onThrow(thrown);
      }
    }
  }
}
