import type { LogId, RunId } from '../contracts/words.ts';
import { sizeOfRun } from '../export/size-of-run.ts';
import { openNotices } from '../run/notices.ts';
import { deleteRun, type RunOwner } from '../run/runs.ts';
import { inboxOf } from '../workflow/inbox.ts';
import { deleteWorkflow } from '../workflow/workflows.ts';
import type { Context } from './context.ts';
import { counted } from './counted.ts';
import { button, choice, h, setText } from './dom.ts';
import { bytesText, download } from './files.ts';
import { LogView } from './log-view.ts';
import { isJournal, ownerText, snapshotText } from './run-facts.ts';
import { TimelineView } from './timeline-view.ts';

type Part = 'Timeline' | 'Log' | 'Inbox';

interface View {
  readonly element: HTMLElement;
  connect(): void;
  disconnect(): void;
}

/** One run: what is known of it, what can be done with it, its log, and its timeline and inbox if it is a workflow. */
export class RunView {
  readonly element: HTMLElement = h('section', { class: 'run' });
  readonly runId: RunId;
  readonly #context: Context;
  readonly #log: LogView;
  readonly #notices: BroadcastChannel | undefined;
  readonly #facts: { readonly [name: string]: HTMLElement } = Object.fromEntries(
    ['Head', 'Owner', 'Snapshot', 'Base', 'Bytes'].map((name) => [name, h('dd', {}, '…')]),
  );
  readonly #parts: HTMLElement = h('div', { class: 'bar', hidden: true });
  readonly #body: HTMLElement = h('div', { class: 'run-body' });
  #timeline: TimelineView | undefined;
  #inbox: LogView | undefined;
  #shown: View | undefined;
  #refreshing: Promise<void> | undefined;
  #isStale = false;
  #thoroughly = false;
  #isOver = false;
  /** The log of which it is known whether it is a journal. */
  #known: LogId | null | undefined;

  constructor(context: Context, runId: RunId, onDelete: () => void) {
    this.#context = context;
    this.runId = runId;
    this.#log = new LogView(context, runId);
    const measure = button('Measure', () => this.#measure(), {
      class: 'small',
      title: 'As a file; reads all of it',
    });
    this.#facts.Bytes?.replaceChildren(measure);
    const facts = Object.entries(this.#facts).map(([name, fact]) => h('div', {}, h('dt', {}, name), fact));
    const actions = h(
      'div',
      { class: 'actions' },
      button('Export', () => this.#export()),
      button('Delete…', () => this.#delete(onDelete), { class: 'danger' }),
    );
    const title = h('div', { class: 'title' }, h('h2', { tabindex: -1 }, runId), actions);
    this.element.setAttribute('aria-label', `Run ${runId}`);
    this.element.append(h('header', {}, title, h('dl', {}, ...facts), this.#parts), this.#body);
    this.#notices = openNotices(context.stores, runId);
    if (this.#notices) this.#notices.onmessage = () => this.refresh(false);
  }

  connect(): void {
    this.#show(this.#log);
  }

  disconnect(): void {
    this.#isOver = true;
    this.#notices?.close();
    this.#shown?.disconnect();
  }

  setOwner(owner: RunOwner): void {
    if (this.#facts.Owner) setText(this.#facts.Owner, ownerText[owner]);
  }

  /**
   * Reads what has come since and, if `thoroughly`, also what is large: the snapshot and the base. However often it is called
   * meanwhile, it reads once more after that.
   */
  refresh(thoroughly: boolean): Promise<void> {
    this.#isStale = true;
    this.#thoroughly ||= thoroughly;
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #read(): Promise<void> {
    while (this.#isStale) {
      const thoroughly = this.#thoroughly;
      this.#isStale = false;
      this.#thoroughly = false;
      try {
        await this.#log.refresh(thoroughly);
        const { pages } = this.#log;
        const { head, base } = pages;
        if (head.seq > 0 && head.logId !== this.#known) await this.#lookForWorkflow();
        await this.#timeline?.refresh();
        await this.#inbox?.refresh(thoroughly);
        this.#say('Head', head.seq.toLocaleString('en'));
        if (!thoroughly) continue;
        this.#say('Base', base ? `at ${base.atSeq.toLocaleString('en')}, version ${base.version}` : 'none');
        this.#say('Snapshot', await snapshotText(this.#context.stores, pages));
      } catch (error) {
        this.#context.complain(error);
      }
    }
  }

  #say(name: string, text: string): void {
    const fact = this.#facts[name];
    if (fact) setText(fact, text);
  }

  async #lookForWorkflow(): Promise<void> {
    const { pages } = this.#log;
    const [first] = pages.base ? [] : await pages.read(1, 1);
    const event = first && 'event' in first ? first.event : undefined;
    this.#known = pages.head.logId;
    if (this.#timeline || this.#isOver || !isJournal(pages.base?.state, event)) return;
    const timeline = new TimelineView(this.#context, pages);
    const inbox = new LogView(this.#context, inboxOf(this.runId));
    this.#timeline = timeline;
    this.#inbox = inbox;
    const views: { readonly [part in Part]: View } = { Timeline: timeline, Log: this.#log, Inbox: inbox };
    const select = (part: Part) => this.#show(views[part]);
    this.#parts.hidden = false;
    this.#parts.replaceChildren(choice('Part', ['Timeline', 'Log', 'Inbox'] as const, 'Timeline', select));
    select('Timeline');
  }

  #show(view: View): void {
    this.#shown?.disconnect();
    this.#shown = view;
    this.#body.replaceChildren(view.element);
    view.connect();
  }

  async #measure(): Promise<void> {
    this.#say('Bytes', '…');
    try {
      this.#say('Bytes', bytesText(await sizeOfRun({ runId: this.runId, stores: this.#context.stores })));
    } catch (error) {
      this.#say('Bytes', 'unknown');
      this.#context.complain(error);
    }
  }

  async #export(): Promise<void> {
    try {
      await download(this.#context.stores, this.runId, this.element);
      this.#context.say(`Exported ${this.runId}.`);
    } catch (error) {
      this.#context.complain(error);
    }
  }

  async #delete(onDelete: () => void): Promise<void> {
    const { seq } = this.#log.pages.head;
    const what = this.#timeline ? 'Its journal, its inbox' : `Its log of ${counted(seq, 'event')}`;
    const consequence = `${what} and its snapshot are deleted for good. If somebody owns it, they lose it.`;
    if (!(await this.#context.ask(`Delete ${this.runId}?`, consequence, 'Delete it'))) return;
    try {
      const { stores } = this.#context;
      await (this.#timeline ? deleteWorkflow : deleteRun)({ runId: this.runId, stores });
      this.#context.say(`Deleted ${this.runId}.`);
      onDelete();
    } catch (error) {
      this.#context.complain(error);
    }
  }
}
