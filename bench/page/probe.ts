/** How long the main thread was busy, in ms. */
export interface Blocked {
  /** The longest that a message from a worker had to wait. */
  readonly longest: number;
  /** All the time in which one was waiting. */
  readonly sum: number;
}

/** A wait shorter than this is the way from thread to thread. */
const TRANSIT_MS = 1;

/** Listens to a worker that speaks every millisecond, until the function that it resolves with is called. */
export async function probe(): Promise<() => Promise<Blocked>> {
  const worker = new Worker(new URL('./probe-worker.ts', import.meta.url), { type: 'module' });
  let longest = 0;
  let sum = 0;
  let heardBefore = 0;
  let heardOne = () => {};
  const next = () =>
    new Promise<void>((resolve) => {
      heardOne = resolve;
    });
  worker.onmessage = ({ data: said }: MessageEvent<number>) => {
    const heard = performance.timeOrigin + performance.now();
    const waited = heard - said;
    if (waited > TRANSIT_MS) {
      longest = Math.max(longest, waited);
      sum += heard - Math.max(said, heardBefore);
    }
    heardBefore = heard;
    heardOne();
  };
  await next();
  longest = 0;
  sum = 0;
  return async () => {
    // The last block counts too.
    await next();
    worker.terminate();
    return { longest, sum };
  };
}
