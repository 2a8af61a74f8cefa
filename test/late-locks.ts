import type { Locks } from '../src/run/locks.ts';
import { FakeLocks } from './fake-locks.ts';

/** A turn of the event loop. */
export const turn = () => new Promise(setImmediate);

/** Web Locks whose holder hears of a theft only some turns later, as a busy or frozen tab does. */
export class LateLocks implements Locks {
  readonly #locks = new FakeLocks();

  query = () => this.#locks.query();

  request: Locks['request'] = (...request) =>
    this.#locks.request(...request).catch(async (error) => {
      for (let turns = 0; turns < 20; turns++) await turn();
      throw error;
    });
}
