import { followRun, openRun, openStores, type RunDefinition } from 'rewake';
import { handOver } from 'rewake/hand-over';
import { storesOnServer } from './stores-on-server.ts';

const notes: RunDefinition<readonly string[], string> = {
  initialState: [],
  reduce: (all, note) => [...all, note],
};
const runId = 'notes';
const server = storesOnServer<readonly string[], string>();
const here = await openStores<readonly string[], string>();
const marks = here.snapshots;

const say = (error: unknown) => {
  const alert = document.querySelector('[role=alert]');
  if (alert) alert.textContent = error instanceof Error ? error.message : '';
};
const show = (list: string, all: readonly string[]) =>
  document
    .getElementById(list)
    ?.replaceChildren(
      ...all.map((note) => Object.assign(document.createElement('li'), { textContent: note })),
    );

// What another browser has sent meanwhile, before this one goes on.
await handOver({ runId, from: server, to: here, marks }).catch(say);
const run = await openRun({ runId, ...notes, stores: here });
run.subscribe(() => show('here', run.state));
show('here', run.state);

const form = document.querySelector('form');
form?.addEventListener('submit', (event) => {
  event.preventDefault();
  run.append(String(new FormData(form).get('note'))).catch(say);
  form.reset();
});
const send = () => handOver({ runId, from: here, to: server, marks }).then(say, say);
document.getElementById('send')?.addEventListener('click', send);
document.addEventListener('visibilitychange', () => document.hidden && send());

const demo = document.querySelector('a');
if (demo) demo.hash = location.hash;

// Pressed before the run was open, they would do nothing.
for (const button of document.querySelectorAll('button')) button.disabled = false;

const there = await followRun({ runId, ...notes, stores: server, onError: say });
there.subscribe(() => show('there', there.state));
show('there', there.state);
