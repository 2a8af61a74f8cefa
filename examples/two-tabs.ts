import { followRun, openRun, type Run, type RunDefinition } from 'rewake';

// Notes that every tab shows live. One tab at a time writes them; when it is gone, another one takes over.

type Notes = readonly string[];
type Event = { readonly type: 'noted'; readonly note: string };

const notes: RunDefinition<Notes, Event> & { readonly runId: string } = {
  runId: 'notes',
  initialState: [],
  reduce: (state, { note }) => [...state, note],
};

export interface Tab {
  /** Draws the notes, whoever has written them. */
  show(state: Notes): void;
  /** Called with what appends when this tab may write, and with `undefined` when it may not any more. */
  allow(append: Run<Notes, Event>['append'] | undefined): void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Call it in every tab. It goes on until `signal` is aborted; then it rejects with the code `aborted`. */
export async function join({ show, allow, signal }: Tab): Promise<never> {
  await using follower = await followRun(notes);
  follower.subscribe(() => show(follower.state));
  show(follower.state);
  for (;;) {
    // Waits until no other tab owns the run.
    await using run = await openRun({ ...notes, signal });
    signal.addEventListener('abort', run.close);
    allow(run.append);
    const ended = await run.closed;
    allow(undefined);
    if (ended) console.info(`Another tab writes now. ${ended.message}`);
  }
}
