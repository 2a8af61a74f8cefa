import type { Locks } from '../src/run/locks.ts';
import { FakeLocks } from './fake-locks.ts';
import { turns } from './turn.ts';

/** Web Locks whose holder hears of a theft only some turns later, as a busy or frozen tab does. */
export class LateLocks implements Locks {
  readonly #locks = new FakeLocks();

  query = () => this.#locks.query();

  request: Locks['request'] = (...request) =>
    this.#locks.request(...request).catch(async (error) => {
      await turns(20);
      throw error;
    });
}
