import type { Note, Plan } from './protocol.ts';

// The page's line to the test. In WebKit the process that carries it may be the one that is killed.

let serial = 0;
export const page = crypto.randomUUID();

export async function fetchPlan(): Promise<Plan> {
  return JSON.parse(await request('/plan'));
}

/** Resolves when the test has it, with the number of the round that the test is in. */
export async function tell(note: Note): Promise<number> {
  // Named, so that one that was sent again is taken once.
  const body = JSON.stringify({ id: `${page} ${++serial}`, note });
  return Number(await request('/notes', { method: 'POST', body }));
}

async function request(url: string, init: RequestInit = {}): Promise<string> {
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
