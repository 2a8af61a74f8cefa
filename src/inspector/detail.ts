import type { Snapshot } from '../contracts/snapshot-store.ts';
import type { Seq } from '../contracts/words.ts';
import { type Context, wordsOf } from './context.ts';
import { type Change, diff, isSame } from './diff.ts';
import { choice, h, setText } from './dom.ts';
import type { EventPages } from './event-pages.ts';
import { Replay } from './replay.ts';
import { type Unfolded, valueView } from './value-view.ts';

const panes = ['Event', 'State', 'Changes'] as const;
type Pane = (typeof panes)[number];

/** So many differences are shown. */
const MOST = 200;

/** One event, the state after it, and what it has changed. */
export class Detail {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #pages: EventPages;
  readonly #title: HTMLElement = h('h3', {});
  readonly #body: HTMLElement = h('div', {
    class: 'detail-body',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Value',
  });
  readonly #unfolded: { readonly [pane in Pane]: Unfolded } = {
    Event: new Set(),
    State: new Set(),
    Changes: new Set(),
  };
  #pane: Pane = 'Event';
  #seq: Seq = 0;
  /** What is shown, so that it is not made again, and does not lose its place, if nothing has changed. */
  #shown = '';
  #turn = 0;
  #replay: Replay | undefined;
  #definition: ReturnType<Context['definitionOf']>;

  constructor(context: Context, pages: EventPages) {
    this.#context = context;
    this.#pages = pages;
    const choose = (pane: Pane) => {
      this.#pane = pane;
      void this.show(this.#seq);
    };
    const head = h('div', { class: 'bar' }, choice('Show', panes, this.#pane, choose), this.#title);
    this.element = h('section', { class: 'detail', 'aria-label': 'The selected event' }, head, this.#body);
  }

  async show(seq: Seq): Promise<void> {
    this.#seq = seq;
    const { runId, head, base } = this.#pages;
    const definition = this.#context.definitionOf(runId);
    if (definition !== this.#definition) this.#replay = undefined;
    this.#definition = definition;
    const isThere = this.#pane !== 'Event' || this.#pages.at(seq) !== undefined || seq === base?.atSeq;
    const key = JSON.stringify([this.#pane, seq, head.logId, base?.atSeq, isThere, definition !== undefined]);
    if (key === this.#shown) return;
    this.#shown = key;
    const turn = ++this.#turn;
    setText(
      this.#title,
      seq === 0 ? 'Before any event' : seq === base?.atSeq ? `Base at ${seq}` : `Event ${seq}`,
    );
    const content = await this.#contentOf(seq).catch((error) => [complaint(error)]);
    // Somebody has gone on to another event meanwhile.
    if (turn !== this.#turn) return;
    const { scrollTop } = this.#body;
    this.#body.replaceChildren(...content);
    this.#body.scrollTop = scrollTop;
  }

  async #contentOf(seq: Seq): Promise<Node[]> {
    if (this.#pane === 'Event') return this.#event(seq);
    return this.#definition ? this.#replayed(seq, this.#definition) : this.#stored();
  }

  #event(seq: Seq): Node[] {
    const { base } = this.#pages;
    if (base && seq === base.atSeq) {
      const words = `The log was compacted: it begins with this state, of version ${base.version}, in place of the first ${seq} events.`;
      return [hint(words), valueView(base.state, this.#unfolded.Event)];
    }
    if (seq === 0) return [hint('The log has no events.')];
    const read = this.#pages.at(seq);
    if (!read) return [hint('Reading…')];
    if ('error' in read) return [complaint(read.error)];
    const version =
      read.version === 1 ? [] : [hint(`Appended by version ${read.version} of the application.`)];
    return [...version, valueView(read.event, this.#unfolded.Event)];
  }

  async #replayed(seq: Seq, definition: NonNullable<ReturnType<Context['definitionOf']>>): Promise<Node[]> {
    const { runId, head, first } = this.#pages;
    this.#replay ??= new Replay(runId, this.#context.stores, definition);
    const state = await this.#replay.stateAt(seq, head.logId);
    if (this.#pane === 'State')
      return [...(await this.#compared(seq, state)), valueView(state, this.#unfolded.State)];
    if (seq < first) return [hint('The log begins here: there is no state before this one.')];
    const changes = diff(await this.#replay.stateAt(seq - 1, head.logId), state, MOST);
    if (changes.length === 0) return [hint(`Event ${seq} has changed nothing in the state.`)];
    const more = changes.length === MOST ? [hint(`Only the first ${MOST} changes are shown.`)] : [];
    return [h('ul', { class: 'changes' }, ...changes.map((change) => this.#change(change))), ...more];
  }

  /** Whether the stored snapshot, if it is one after this event, is the state that the log gives. */
  async #compared(seq: Seq, state: unknown): Promise<Node[]> {
    const snapshot = await this.#snapshot().catch(() => undefined);
    const { version = 1 } = this.#definition ?? {};
    const isComparable = snapshot?.atSeq === seq && snapshot.logId === this.#pages.head.logId;
    if (!isComparable || (snapshot.version ?? 1) !== version) return [];
    if (isSame(snapshot.state, state)) return [hint('The stored snapshot is the same as this replay.')];
    const differing = diff(snapshot.state, state, MOST).map(({ path }) => path || 'the state itself');
    const where = differing.slice(0, 5).join(', ') + (differing.length > 5 ? ', …' : '');
    return [complaint(`The stored snapshot differs from this replay, at ${where}. Is the reducer pure?`)];
  }

  async #stored(): Promise<Node[]> {
    const why = hint(
      'To see the state after each event, hand in the run’s definition: inspector.definitions = { … }. Until then, this is the stored snapshot.',
    );
    const snapshot = await this.#snapshot();
    if (!snapshot) return [why, hint('The run has no snapshot.')];
    return [why, hint(`The snapshot at ${snapshot.atSeq}:`), valueView(snapshot.state, this.#unfolded.State)];
  }

  #snapshot(): Promise<Snapshot<unknown> | undefined> {
    return this.#context.stores.snapshots.loadLatest(this.#pages.runId);
  }

  #change(change: Change): HTMLElement {
    const parts = { added: ['+'], removed: ['−'], changed: ['−', '+'] }[change.kind].map((sign) => {
      const value = sign === '+' ? 'after' in change && change.after : 'before' in change && change.before;
      const words = h('span', { class: 'unseen' }, sign === '+' ? 'after:' : 'before:');
      const kind = sign === '+' ? 'added' : 'removed';
      return h(
        'div',
        { class: kind },
        h('span', { 'aria-hidden': 'true' }, sign),
        words,
        valueView(value, folded()),
      );
    });
    return h('li', {}, h('code', {}, change.path || 'state'), ...parts);
  }
}

/** The root is folded: of a change, its line is enough at first. */
const folded = (): Unfolded => new Set(['']);

const hint = (text: string) => h('p', { class: 'hint' }, text);

const complaint = (error: unknown) =>
  h('p', { class: 'complaint' }, typeof error === 'string' ? error : wordsOf(error));
