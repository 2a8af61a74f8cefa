import type { Run, RunDefinition } from 'rewake';
import { useRun } from 'rewake/react';

// A wizard whose answers survive a crash. Undo is an event, too.
type Answers = readonly string[];
type Event = { readonly type: 'answered'; readonly answer: string } | { readonly type: 'undone' };
const questions = ['What is your name?', 'Where do you live?'];
const wizard: RunDefinition<Answers, Event> = {
  initialState: [],
  reduce: (answers, event) => (event.type === 'undone' ? answers.slice(0, -1) : [...answers, event.answer]),
};

export function Wizard({ runId }: { readonly runId: string }) {
  const view = useRun({ runId, ...wizard });
  if (view.status === 'open') return <Questions append={view.run.append} answers={view.state} />;
  if (view.status !== 'closed')
    return <p>{view.status === 'waiting' ? 'Open in another tab.' : 'Opening…'}</p>;
  return (
    <p>
      {String(view.error ?? 'Closed.')} <input type="button" value="Go on here" onClick={view.retry} />
    </p>
  );
}

type QuestionsProps = { readonly append: Run<Answers, Event>['append']; readonly answers: Answers };

function Questions({ append, answers }: QuestionsProps) {
  const question = questions[answers.length];
  return (
    <form action={(data) => void append({ type: 'answered', answer: String(data.get('answer')) })}>
      {question ? <input name="answer" aria-label={question} key={question} /> : <p>{answers.join(', ')}</p>}
      <input type="button" value="Undo" onClick={() => append({ type: 'undone' })} disabled={!answers[0]} />
    </form>
  );
}
