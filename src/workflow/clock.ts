/** How long at most until the clock is looked at again. */
export const MINUTE = 60_000;

/** A promise that nobody waits for in vain twice: each call gives another, so that none collects those who wait. */
export const never = (): Promise<never> => new Promise(() => {});

/** Resolves after so many milliseconds, at most 24 days; never if `signal` is aborted first. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return never();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    };
    const timer = setTimeout(() => {
      end();
      resolve();
    }, ms);
    signal.addEventListener('abort', end);
  });
}

/**
 * Resolves at the time `at`, and after `most` milliseconds at the latest: a clock that jumps back prolongs no sleep. It
 * looks at the clock every minute, because a timer stands still while a laptop is closed, misses a clock that jumps
 * forward, and can wait for 24.8 days at most.
 */
export async function sleep(at: number, most: number, signal: AbortSignal): Promise<void> {
  for (let left = most; ; ) {
    const ms = Math.min(at - Date.now(), left, MINUTE);
    if (ms <= 0) return;
    await delay(ms, signal);
    left -= ms;
  }
}

/** Turns of the event loop: when one begins, every microtask has run. (A timer would cost 4 ms or, in a hidden tab, 1 s.) */
export class Turns {
  readonly #channel = new MessageChannel();

  /** Resolves in the next turn; never if it is closed. For one at a time. */
  next(): Promise<void> {
    const { port1 } = this.#channel;
    return new Promise((resolve) => {
      port1.onmessage = () => {
        // In Node a port that somebody listens to keeps the process running.
        port1.onmessage = null;
        resolve();
      };
      this.#channel.port2.postMessage(0);
    });
  }

  close(): void {
    this.#channel.port1.close();
  }
}
