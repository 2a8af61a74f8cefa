import { useEffect, useState, useSyncExternalStore } from 'react';
import { openRun, type Run, type RunDefinition } from 'rewake';

// A wizard whose answers survive a crash. Undo is an event, too.
type Answers = readonly string[];
type Event = { readonly type: 'answered'; readonly answer: string } | { readonly type: 'undone' };
const questions = ['What is your name?', 'Where do you live?'];
const wizard: RunDefinition<Answers, Event> = {
  initialState: [],
  reduce: (answers, event) => (event.type === 'undone' ? answers.slice(0, -1) : [...answers, event.answer]),
};

export function Wizard({ runId }: { readonly runId: string }) {
  const [run, setRun] = useState<Run<Answers, Event>>();
  useEffect(() => {
    // It may unmount before the run is open, and in StrictMode it does: the signal ends the waiting.
    const left = new AbortController();
    const opening = openRun({ runId, ...wizard, signal: left.signal });
    const show = (shown?: Run<Answers, Event>) => left.signal.aborted || setRun(shown);
    opening.then(show).catch(() => {});
    opening.then(({ closed }) => closed.then(() => show())).catch(() => {}); // another tab has taken it over
    return () => {
      left.abort();
      setRun(undefined);
      opening.then(({ close }) => close()).catch(() => {});
    };
  }, [runId]);
  return run ? <Questions run={run} /> : <p>Opening, or open in another tab…</p>;
}

function Questions({ run: { append, subscribe, getState } }: { readonly run: Run<Answers, Event> }) {
  const answers = useSyncExternalStore(subscribe, getState);
  const question = questions[answers.length];
  return (
    <form action={(data) => void append({ type: 'answered', answer: String(data.get('answer')) })}>
      {question ? <input name="answer" aria-label={question} key={question} /> : <p>{answers.join(', ')}</p>}
      <input type="button" value="Undo" onClick={() => append({ type: 'undone' })} disabled={!answers[0]} />
    </form>
  );
}
