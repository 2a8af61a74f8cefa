import type { Note } from './protocol.ts';
import type { WorkflowNote } from './workflow/protocol.ts';

// A page's line to the test. In WebKit the process that carries it may be the one that is killed.

export const page = crypto.randomUUID();
let serial = 0;
/** What is sent once the test has everything before. */
let waiting: (Note | WorkflowNote)[] = [];
let sending: Promise<number> | undefined;
let last: Promise<unknown> = Promise.resolve();

/** The plan of the page that the script was loaded for. */
export async function fetchPlan<P>(): Promise<P> {
  return JSON.parse(await request(`/plan${location.search}`));
}

/** Resolves when the test has it and everything told before, with the number of the round that the test is in. */
export function tell(note: Note | WorkflowNote): Promise<number> {
  waiting.push(note);
  sending ??= last.then(send);
  last = sending;
  return sending;
}

async function send(): Promise<number> {
  const notes = waiting;
  waiting = [];
  sending = undefined;
  // Named, so that what was sent again is taken once.
  const body = JSON.stringify({ id: `${page} ${++serial}`, notes });
  return Number(await request('/notes', { method: 'POST', body }));
}

export async function request(url: string, init: RequestInit = {}): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      // Where the process that carries it is killed, it may never end.
      const signal = AbortSignal.timeout(5_000);
      const response = await fetch(url, { ...init, cache: 'no-store', signal });
      return await response.text();
    } catch (error) {
      if (attempt === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
