import type { RunId } from '../contracts/words.ts';
import { type ListedRun, listRuns } from '../run/runs.ts';
import type { Context } from './context.ts';
import { counted } from './counted.ts';
import { h, setText } from './dom.ts';
import { factsOf, ownerText, type RunFacts } from './run-facts.ts';
import { VirtualList } from './virtual-list.ts';

const ROW_HEIGHT = 44;

/** The runs of a database, by their names. Only of those that can be seen is anything read. */
export class RunsList {
  readonly element: HTMLElement;
  readonly list: VirtualList;
  /** Those that fit the filter. */
  runs: readonly ListedRun[] = [];
  selected: RunId | undefined;
  readonly #context: Context;
  readonly #filter: HTMLInputElement = h('input', {
    type: 'search',
    placeholder: 'Filter the runs',
    'aria-label': 'Filter the runs',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  readonly #empty: HTMLElement = h('p', { class: 'hint' });
  readonly #facts = new Map<RunId, RunFacts | { readonly error: unknown }>();
  #all: readonly ListedRun[] = [];
  readonly #isAsking = new Set<RunId>();

  constructor(context: Context, onSelect: (runId: RunId, isMeant: boolean) => void) {
    this.#context = context;
    this.list = new VirtualList({
      label: 'Runs',
      rowHeight: ROW_HEIGHT,
      render: (index, row) => this.#render(this.runs[index], row),
      onSelect: (index, isMeant) => {
        const { runId } = this.runs[index] ?? {};
        if (runId === undefined) return;
        onSelect(runId, isMeant);
        this.list.reveal(index);
      },
    });
    this.#filter.addEventListener('input', () => this.draw());
    const bar = h('div', { class: 'bar' }, this.#filter);
    this.element = h('nav', { class: 'runs', 'aria-label': 'Runs' }, bar, this.#empty, this.list.element);
  }

  async refresh(): Promise<void> {
    const all = await listRuns({ stores: this.#context.stores });
    this.#all = all.sort((one, other) => one.runId.localeCompare(other.runId, undefined, { numeric: true }));
    const names = new Set(all.map(({ runId }) => runId));
    for (const runId of this.#facts.keys()) if (!names.has(runId)) this.#facts.delete(runId);
    this.draw();
    // What the rows have asked for.
    await Promise.all([...this.#isAsking].map((runId) => this.#read(runId)));
    this.#isAsking.clear();
    this.draw();
    this.#isAsking.clear();
  }

  find(runId: RunId): ListedRun | undefined {
    return this.#all.find((run) => run.runId === runId);
  }

  draw(): void {
    const words = this.#filter.value.trim().toLowerCase();
    this.runs = this.#all.filter(({ runId }) => runId.toLowerCase().includes(words));
    const none = this.#all.length === 0 ? 'No run is stored in this database.' : 'No run has such a name.';
    setText(this.#empty, this.runs.length === 0 ? none : '');
    const index = this.runs.findIndex(({ runId }) => runId === this.selected);
    this.list.refresh(this.runs.length, index);
  }

  async #read(runId: RunId): Promise<void> {
    const known = this.#facts.get(runId);
    const before = known && 'seq' in known ? known : undefined;
    const facts = await factsOf(this.#context.stores, runId, before).catch((error: unknown) => ({ error }));
    this.#facts.set(runId, facts);
  }

  #render(run: ListedRun | undefined, row: HTMLElement): void {
    if (!run) return;
    const { runId, owner } = run;
    this.#isAsking.add(runId);
    const facts = this.#facts.get(runId);
    const second = facts && ('error' in facts ? 'unreadable' : counted(facts.seq, 'event'));
    const kind = facts && 'workflow' in facts ? facts.workflow : undefined;
    row.replaceChildren(
      h('span', { class: `dot ${owner}`, title: `Owner: ${ownerText[owner]}` }),
      h('span', { class: 'name' }, runId),
      h(
        'span',
        { class: 'note' },
        [second, owner !== 'nobody' && `owned by ${ownerText[owner]}`].filter(Boolean).join(' · '),
      ),
      ...(kind ? [h('span', { class: `badge ${kind}` }, kind)] : []),
    );
  }
}
