/** The longest pause between two tries, unless it is said otherwise. */
const LONGEST = 5_000;

/**
 * How many milliseconds to wait before the next try, after so many that failed: nothing after the first, then a random
 * part of 100, 200, 400, … (full jitter), so that those who lost a server together do not come back to it together.
 */
export const backoff = (failures: number, longest: number = LONGEST): number =>
  failures <= 1 ? 0 : Math.random() * Math.min(longest, 100 * 2 ** (failures - 2));

/** Resolves after so many milliseconds, and at once if `signal` is aborted. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (milliseconds === 0 || signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end);
  });
}
