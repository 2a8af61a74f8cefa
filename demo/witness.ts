import type { Seq } from 'rewake';

const KEY = 'rewake-demo-acknowledged-head';

/**
 * Notes every head that was acknowledged to the page, apart from the stores: what a recovered event log has
 * to hold is then known from somebody else than that log.
 */
export class Witness {
  #head = 0;
  readonly #storage: Storage | undefined;

  /** @param lasting Whether it remembers beyond this page. */
  constructor(lasting: boolean) {
    try {
      this.#storage = lasting ? localStorage : undefined;
      this.#head = Number(this.#storage?.getItem(KEY) ?? 0);
    } catch {
      // Without localStorage it knows of this page alone.
    }
  }

  /** The highest head that was acknowledged; 0 where none was. */
  acknowledged(): Seq {
    try {
      return Number(this.#storage?.getItem(KEY) ?? this.#head);
    } catch {
      return this.#head;
    }
  }

  /** Another tab may have noted a higher one already. */
  note(head: Seq): void {
    this.#head = Math.max(head, this.acknowledged());
    try {
      this.#storage?.setItem(KEY, String(this.#head));
    } catch {
      // The page itself still remembers.
    }
  }

  clear(): void {
    this.#head = 0;
    try {
      this.#storage?.removeItem(KEY);
    } catch {
      // Nothing was written there.
    }
  }
}
