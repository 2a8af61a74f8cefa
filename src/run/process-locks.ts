import type { Locks } from './locks.ts';

interface Request {
  grant(): void;
  lose(): void;
}

/**
 * Exclusive locks within one page or process, in the shape of the platform's `LockManager`: for platforms
 * without Web Locks, where the fence (`expectedHead`) keeps other tabs out, and for stores in memory.
 */
export class ProcessLocks implements Locks {
  /** Per name, the holder and behind it those who wait. */
  readonly #queues = new Map<string, Request[]>();

  async query(): Promise<{ held: { name: string }[] }> {
    return { held: Array.from(this.#queues.keys(), (name) => ({ name })) };
  }

  request: Locks['request'] = (name, { ifAvailable, steal, signal }, hold) => {
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    if (ifAvailable && queue.length > 0) return Promise.resolve(hold(null));
    return new Promise<void>((resolve, reject) => {
      const leave = () => {
        const place = queue.indexOf(request);
        if (place >= 0) queue.splice(place, 1);
        if (place === 0) queue[0]?.grant();
        if (queue.length === 0 && this.#queues.get(name) === queue) this.#queues.delete(name);
      };
      const abort = () => {
        leave();
        reject(signal?.reason);
      };
      const request: Request = {
        grant() {
          signal?.removeEventListener('abort', abort);
          Promise.resolve(hold({})).then(resolve, reject).finally(leave);
        },
        lose: () => reject(new DOMException('The lock was stolen.', 'AbortError')),
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort);
      if (steal) queue.shift()?.lose();
      queue.splice(steal ? 0 : queue.length, 0, request);
      if (queue[0] === request) request.grant();
    });
  };
}
