import { openRun } from 'rewake';

/** As small as an edit. Its reducer costs nothing: what grows, if anything does, is what is stored. */
interface Event {
  readonly type: 'edited';
  readonly at: number;
  readonly text: string;
}

interface State {
  readonly edits: number;
  readonly last: string;
}

const BATCH = 100;

/** How long a part of a session took, in ms. */
export interface SessionTimes {
  readonly opening: number;
  /** Each batch of a hundred events, awaited. */
  readonly appends: readonly number[];
}

/** Opens the run, and goes on until its log ends at `head`. */
export async function continueSession(head: number, keepEvents?: number): Promise<SessionTimes> {
  const begun = performance.now();
  const run = await openRun<State, Event>({
    runId: 'a long session',
    initialState: { edits: 0, last: '' },
    reduce: ({ edits }, { text }) => ({ edits: edits + 1, last: text }),
    keepEvents,
  });
  const opening = performance.now() - begun;
  const appends: number[] = [];
  while (run.seq < head) {
    const events = Array.from({ length: BATCH }, (_, index): Event => {
      const at = run.seq + index;
      return { type: 'edited', at, text: `the edit ${at}` };
    });
    const start = performance.now();
    await run.appendAll(events);
    appends.push(performance.now() - start);
  }
  if (run.state.edits !== run.seq) throw new Error(`${run.state.edits} edits, and the head is ${run.seq}.`);
  await run.close();
  return { opening, appends };
}
