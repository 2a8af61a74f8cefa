import type { ActorState, ActorTimer } from './actor-definition.ts';

/** A timer of the platform can wait for 24.8 days at most, and stands still while a laptop is closed. */
const MINUTE = 60_000;

/** The platform's timers for those that an actor's state holds. */
export class Timers {
  readonly #onDue: (event: ActorTimer['event'], id: string) => void;
  readonly #running = new Map<
    string,
    { readonly timer: ActorTimer; handle: ReturnType<typeof setTimeout> }
  >();

  constructor(onDue: (event: ActorTimer['event'], id: string) => void) {
    this.#onDue = onDue;
  }

  /** From now on, these are to come, and no others. */
  set(timers: ActorState['timers']): void {
    for (const [id, { timer, handle }] of this.#running) {
      if (timers[id] === timer) continue;
      clearTimeout(handle);
      this.#running.delete(id);
    }
    for (const [id, timer] of Object.entries(timers)) if (!this.#running.has(id)) this.#wait(id, timer);
  }

  #wait(id: string, timer: ActorTimer): void {
    const wait = () => setTimeout(look, Math.min(Math.max(timer.due - Date.now(), 0), MINUTE));
    const look = () => {
      const running = this.#running.get(id);
      if (!running) return;
      if (Date.now() < timer.due) running.handle = wait();
      else this.#onDue(timer.event, id);
    };
    this.#running.set(id, { timer, handle: wait() });
  }
}
