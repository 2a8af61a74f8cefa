// For `Disposable`, whatever `lib` the user of these types has chosen.
/// <reference lib="esnext.disposable" preserve="true" />

import { Turns } from '../workflow/clock.ts';

/** Time that passes only when the test says so. */
export interface FakeTime extends Disposable {
  /**
   * Lets so many milliseconds pass: each timer that is due fires at its time, and everything that follows from it happens
   * before the next one does. `0` lets happen what needs no time.
   */
  readonly pass: (milliseconds: number) => Promise<void>;
  /** Puts the platform's clock and timers back. */
  readonly restore: () => void;
}

/** So many turns of the event loop are given to what follows from a timer. */
const TURNS = 30;

/**
 * Takes `Date`, `setTimeout` and `clearTimeout` from the platform, and nothing else: what workflows wait by. It needs no
 * test runner. What waits for something else, such as a request or `AbortSignal.timeout`, has to be awaited by the test.
 *
 * @example
 * using time = fakeTime();
 * const flow = await openWorkflow({ runId: 'a', stores, run: (_, step) => step.sleep('a day', 86_400_000) });
 * await time.pass(86_400_000);
 * await flow.result;
 */
export function fakeTime(start: number = Date.now()): FakeTime {
  const { Date: realDate, setTimeout, clearTimeout } = globalThis;
  const timers = new Map<number, { readonly at: number; fire(): void }>();
  let now = start;
  let last = 0;

  const fakeDate = new Proxy(realDate, {
    // Only `new Date()` reads the clock.
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length > 0 ? args : [now], newTarget),
    apply: () => new realDate(now).toString(),
    get: (target, name) => (name === 'now' ? () => now : Reflect.get(target, name)),
  });
  Object.assign(globalThis, {
    Date: fakeDate,
    setTimeout(listener: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) {
      timers.set(++last, { at: now + Math.max(0, Number(ms) || 0), fire: () => listener(...args) });
      return last;
    },
    clearTimeout: (id: number) => timers.delete(id),
  });

  async function settle(): Promise<void> {
    const turns = new Turns();
    for (let turn = 0; turn < TURNS; turn++) await turns.next();
    turns.close();
  }
  /** The timer that is due first, up to that time; of two at the same time, the one that was set first. */
  const nextUntil = (end: number) =>
    [...timers].filter(([, { at }]) => at <= end).sort(([, one], [, other]) => one.at - other.at)[0];

  const restore = () => void Object.assign(globalThis, { Date: realDate, setTimeout, clearTimeout });
  return {
    async pass(milliseconds) {
      const end = now + milliseconds;
      await settle();
      for (let next = nextUntil(end); next; next = nextUntil(end)) {
        const [id, { at, fire }] = next;
        timers.delete(id);
        now = Math.max(now, at);
        fire();
        await settle();
      }
      now = end;
    },
    restore,
    [Symbol.dispose]: restore,
  };
}
