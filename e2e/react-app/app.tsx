import { useState, version } from 'react';
import type { Run } from 'rewake';
import { useRun } from 'rewake/react';
import { sumRun } from './sum-run.ts';

declare const window: Window & { statuses?: string[] };

export function App() {
  const [isMounted, setMounted] = useState(true);
  return (
    <>
      <small>{`React ${version}`}</small>
      <button type="button" onClick={() => setMounted(!isMounted)}>
        Toggle
      </button>
      {isMounted && <Sum />}
    </>
  );
}

function Sum() {
  const view = useRun({ runId: 'sum', ...sumRun });
  // A server has none.
  if (typeof window !== 'undefined') {
    window.statuses ??= [];
    if (window.statuses.at(-1) !== view.status) window.statuses.push(view.status);
  }
  return view.status === 'open' ? <Open run={view.run} state={view.state} /> : <output>{view.status}</output>;
}

function Open({ run, state }: { readonly run: Run<number, number>; readonly state: number }) {
  const [draft, setDraft] = useState('');
  return (
    <>
      <output>The sum is {state}</output>
      <input aria-label="Draft" value={draft} onChange={({ target }) => setDraft(target.value)} />
      <button type="button" onClick={() => run.append(1)}>
        Add
      </button>
    </>
  );
}
