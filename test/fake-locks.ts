import type { Locks } from '../src/run/locks.ts';

interface Request {
  readonly shared: boolean;
  grant(): void;
  lose(): void;
}

/** The platform's `LockManager`, for several pages in one process. */
export class FakeLocks implements Locks {
  readonly #held = new Map<string, Request[]>();
  readonly #waiting = new Map<string, Request[]>();

  async query() {
    const held = [...this.#held].flatMap(([name, requests]) => requests.map(() => ({ name })));
    return { held };
  }

  request: Locks['request'] = (name, { mode, ifAvailable, steal, signal }, hold) =>
    new Promise<void>((resolve, reject) => {
      const held = this.#of(this.#held, name);
      const waiting = this.#of(this.#waiting, name);
      const leave = (list: Request[]) => {
        const place = list.indexOf(request);
        if (place >= 0) list.splice(place, 1);
        this.#grantNext(name);
      };
      const abort = () => {
        if (!waiting.includes(request)) return;
        leave(waiting);
        reject(signal?.reason);
      };
      const request: Request = {
        shared: mode === 'shared',
        grant: () => {
          held.push(request);
          Promise.resolve(hold({}))
            .then(resolve, reject)
            .finally(() => leave(held));
        },
        lose: () => reject(new DOMException('The lock was stolen.', 'AbortError')),
      };
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener('abort', abort);
      if (steal) {
        for (const victim of held.splice(0)) victim.lose();
        return request.grant();
      }
      if (ifAvailable && (held.length > 0 || waiting.length > 0)) return resolve(hold(null));
      waiting.push(request);
      this.#grantNext(name);
    });

  #of(map: Map<string, Request[]>, name: string): Request[] {
    const list = map.get(name) ?? [];
    map.set(name, list);
    return list;
  }

  #grantNext(name: string): void {
    const held = this.#of(this.#held, name);
    const waiting = this.#of(this.#waiting, name);
    for (;;) {
      const [next] = waiting;
      if (!next || (held.length > 0 && !(next.shared && held.every(({ shared }) => shared)))) return;
      waiting.shift();
      next.grant();
    }
  }
}
