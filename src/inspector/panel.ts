import type { RunId } from '../contracts/words.ts';
import { ask } from './ask.ts';
import { type Context, type Stores, wordsOf } from './context.ts';
import { button, h, setText, windowOf } from './dom.ts';
import { upload } from './files.ts';
import { RunView } from './run-view.ts';
import { RunsList } from './runs-list.ts';

/** Nobody tells when a run begins, or when its owner changes. */
const LOOK_EVERY_MS = 1_000;

/** All of the inspector, for the stores of one database. */
export class Panel {
  readonly element: HTMLElement = h('div', { class: 'panel' });
  readonly #context: Context;
  readonly #runs: RunsList;
  readonly #main: HTMLElement = h('div', { class: 'main' });
  readonly #message: HTMLElement = h('output', { class: 'message' });
  readonly #back: HTMLButtonElement = button('‹ Runs', () => this.#backToRuns(), { class: 'back' });
  #run: RunView | undefined;
  #timer: number | undefined;
  #isOver = false;

  constructor(stores: Stores, definitionOf: Context['definitionOf']) {
    const say = (text: string) => {
      this.#message.classList.remove('complaint');
      setText(this.#message, text);
    };
    const complain = (error: unknown) => {
      this.#message.classList.add('complaint');
      setText(this.#message, wordsOf(error));
    };
    this.#context = {
      stores,
      definitionOf,
      say,
      complain,
      ask: (question, consequence, yes) => ask(this.element, question, consequence, yes),
    };
    this.#runs = new RunsList(this.#context, (runId, isMeant) => this.#select(runId, isMeant));
    this.element.append(this.#toolbar(stores), this.#runs.element, this.#main, this.#message);
    this.element.dataset.shows = 'runs';
  }

  /** To be called when it is in a document. */
  connect(): void {
    this.#runs.list.connect();
    void this.#look();
  }

  disconnect(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#run?.disconnect();
    this.#runs.list.disconnect();
  }

  #toolbar({ backend = 'stores', databaseName, reason, dataLoss }: Stores): HTMLElement {
    const file = h('input', { type: 'file', class: 'unseen', accept: '.jsonl,.json' });
    file.addEventListener('change', async () => {
      const [chosen] = file.files ?? [];
      if (chosen) await this.#import(chosen);
      file.value = '';
    });
    const notes = [reason && `In memory: ${wordsOf(reason)}`, dataLoss && wordsOf(dataLoss)].filter(
      (note) => note !== undefined,
    );
    return h(
      'header',
      { class: 'bar toolbar' },
      this.#back,
      h('strong', {}, databaseName ?? 'rewake'),
      h('span', { class: 'badge' }, backend),
      ...notes.map((note) => h('span', { class: 'complaint' }, note)),
      h('label', { class: 'button' }, file, 'Import…'),
    );
  }

  async #look(): Promise<void> {
    if (!this.element.ownerDocument.hidden) await this.refresh();
    if (this.#isOver) return;
    this.#timer = windowOf(this.element).setTimeout(() => this.#look(), LOOK_EVERY_MS);
  }

  async refresh(): Promise<void> {
    try {
      await this.#runs.refresh();
      if (this.#isOver) return;
      if (this.#run && !this.#runs.find(this.#run.runId)) {
        this.#context.say(`${this.#run.runId} was deleted.`);
        this.#leave();
        this.element.dataset.shows = 'runs';
      }
      const first = this.#runs.runs[0]?.runId;
      if (!this.#run && first !== undefined) this.#select(first, false);
      if (this.#run) this.#run.setOwner(this.#runs.find(this.#run.runId)?.owner ?? 'nobody');
      await this.#run?.refresh(true);
    } catch (error) {
      this.#context.complain(error);
    }
  }

  #select(runId: RunId, isMeant: boolean): void {
    if (runId !== this.#run?.runId) {
      this.#leave();
      this.#run = new RunView(this.#context, runId, () => this.#afterDelete());
      this.#main.replaceChildren(this.#run.element);
      this.#run.connect();
      this.#run.setOwner(this.#runs.find(runId)?.owner ?? 'nobody');
      void this.#run.refresh(true);
      this.#runs.selected = runId;
      this.#runs.draw();
    }
    if (!isMeant) return;
    this.element.dataset.shows = 'run';
    // If there is room for both, that button is not shown, and the list keeps the focus.
    this.#back.focus();
  }

  #leave(): void {
    this.#run?.disconnect();
    this.#run = undefined;
    this.#runs.selected = undefined;
    this.#main.replaceChildren();
  }

  #backToRuns(): void {
    this.element.dataset.shows = 'runs';
    this.#runs.list.element.focus();
  }

  #afterDelete(): void {
    this.#leave();
    this.#backToRuns();
    void this.refresh();
  }

  async #import(file: File): Promise<void> {
    try {
      const { runId, words } = await upload(this.#context.stores, file);
      this.#context.say(words);
      await this.#runs.refresh();
      this.#select(runId, false);
    } catch (error) {
      this.#context.complain(error);
    }
  }
}
