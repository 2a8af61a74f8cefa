import type { RunId, Seq } from '../contracts/words.ts';
import { type Context, wordsOf } from './context.ts';
import { counted } from './counted.ts';
import { Detail } from './detail.ts';
import { button, h, setText } from './dom.ts';
import { EventPages } from './event-pages.ts';
import { Search } from './search.ts';
import { isObject, textOf } from './value.ts';
import { VirtualList } from './virtual-list.ts';

const ROW_HEIGHT = 24;
/** So many characters of an event are in its row. */
const BRIEF = 200;

/** The log of a run: a list of any length, a filter, a slider, and the selected event beside it. */
export class LogView {
  readonly element: HTMLElement;
  readonly pages: EventPages;
  readonly #list: VirtualList;
  readonly #detail: Detail;
  readonly #filter: HTMLInputElement = h('input', {
    type: 'search',
    placeholder: 'Filter: words, -without',
    'aria-label': 'Filter the events',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  readonly #count: HTMLElement = h('output', { class: 'count' });
  readonly #slider: HTMLInputElement = h('input', { type: 'range', step: 1, 'aria-label': 'Go to an event' });
  readonly #number: HTMLInputElement = h('input', { type: 'number', step: 1, 'aria-label': 'Seq' });
  readonly #latest: HTMLButtonElement = button('Latest', () => this.#select(this.pages.head.seq), {
    title: 'Select the last event, and follow',
  });
  #search: Search | undefined;
  #seq: Seq = 0;
  /** Whether the last event is selected, and the next one will be. */
  #isLive = true;

  constructor(context: Context, runId: RunId) {
    this.pages = new EventPages(context.stores.events, runId, () => this.#draw());
    this.#list = new VirtualList({
      label: 'Events',
      rowHeight: ROW_HEIGHT,
      render: (index, row) => this.#render(this.#seqAt(index), row),
      onSelect: (index) => this.#select(this.#seqAt(index)),
    });
    this.#detail = new Detail(context, this.pages);
    this.#filter.addEventListener('input', () => this.#startSearch());
    this.#slider.addEventListener('input', () => this.#select(this.#slider.valueAsNumber));
    const goTo = () => this.#select(this.#number.valueAsNumber || 0);
    this.#number.addEventListener('change', goTo);
    this.#number.addEventListener('keydown', ({ key }) => {
      if (key === 'Enter') goTo();
    });
    const steps = h(
      'div',
      { class: 'bar steps' },
      button('‹', () => this.#select(this.#seq - 1), { 'aria-label': 'Previous event' }),
      this.#slider,
      button('›', () => this.#select(this.#seq + 1), { 'aria-label': 'Next event' }),
      this.#number,
      this.#latest,
    );
    const bar = h('div', { class: 'bar' }, this.#filter, this.#count);
    const log = h('div', { class: 'log' }, bar, this.#list.element, steps);
    this.element = h('div', { class: 'log-view' }, log, this.#detail.element);
  }

  connect(): void {
    this.#list.connect();
    this.#draw();
  }

  disconnect(): void {
    this.#search?.stop();
    this.#list.disconnect();
  }

  /** Looks if there is more; see {@link EventPages.refresh}. */
  async refresh(thoroughly: boolean): Promise<void> {
    if (!(await this.pages.refresh(thoroughly))) return;
    if (this.#search && !this.#search.isOfThisLog) this.#startSearch();
    void this.#search?.run(() => this.#draw());
    if (this.#isLive || this.#seq > this.pages.head.seq) this.#select(this.pages.head.seq);
    else if (this.#seq < this.#lowest) this.#select(this.#lowest);
    else this.#draw();
  }

  /** The base's seq, else 1; 0 if there is nothing. */
  get #lowest(): Seq {
    const { base, head } = this.pages;
    return base?.atSeq ?? Math.min(1, head.seq);
  }

  get #length(): number {
    const { head } = this.pages;
    return this.#search?.found.length ?? (head.seq === 0 ? 0 : head.seq - this.#lowest + 1);
  }

  #seqAt(index: number): Seq {
    return this.#search ? (this.#search.found[index] ?? 0) : this.#lowest + index;
  }

  #indexOf(seq: Seq): number {
    return this.#search ? this.#search.found.indexOf(seq) : seq - this.#lowest;
  }

  #select(seq: Seq): void {
    const { head } = this.pages;
    this.#seq = Math.max(this.#lowest, Math.min(head.seq, Math.round(seq)));
    this.#isLive = this.#seq === head.seq;
    this.#draw();
    const index = this.#indexOf(this.#seq);
    if (index >= 0) this.#list.reveal(index);
  }

  #startSearch(): void {
    this.#search?.stop();
    const query = this.#filter.value.trim();
    this.#search = query === '' ? undefined : new Search(this.pages, query);
    void this.#search?.run(() => this.#draw());
    this.#draw();
    const index = this.#indexOf(this.#seq);
    if (!this.#search && index >= 0) this.#list.reveal(index);
  }

  #draw(): void {
    const { head } = this.pages;
    this.#list.refresh(this.#length, this.#indexOf(this.#seq));
    setText(this.#count, this.#countText());
    for (const input of [this.#slider, this.#number]) {
      input.min = String(this.#lowest);
      input.max = String(head.seq);
    }
    this.#slider.valueAsNumber = this.#seq;
    if (!this.#number.matches(':focus')) this.#number.valueAsNumber = this.#seq;
    this.#latest.setAttribute('aria-pressed', String(this.#isLive));
    void this.#detail.show(this.#seq);
  }

  #countText(): string {
    const all = counted(this.pages.head.seq - this.pages.first + 1, 'event');
    if (!this.#search) return all;
    const { found, seq } = this.#search;
    const left = this.pages.head.seq - seq;
    return `${found.length.toLocaleString('en')} of ${all}${left > 0 ? `, ${left.toLocaleString('en')} to search` : ''}`;
  }

  #render(seq: Seq, row: HTMLElement): void {
    const { base } = this.pages;
    const number = h('span', { class: 'seq' }, String(seq));
    if (seq === base?.atSeq) {
      row.replaceChildren(
        number,
        h('span', { class: 'type' }, 'base'),
        h('span', { class: 'text' }, textOf(base.state, BRIEF)),
      );
      return;
    }
    const read = this.pages.at(seq);
    if (!read) row.replaceChildren(number, h('span', { class: 'text' }, '…'));
    else if ('error' in read)
      row.replaceChildren(number, h('span', { class: 'text of-error' }, wordsOf(read.error)));
    else {
      const { type, rest } = typeOf(read.event);
      const name = type === undefined ? [] : [h('span', { class: 'type' }, type)];
      row.replaceChildren(number, ...name, h('span', { class: 'text' }, textOf(rest, BRIEF)));
    }
  }
}

/** Most events are objects with a type. */
function typeOf(event: unknown): { readonly type?: string; readonly rest: unknown } {
  if (!isObject(event) || !('type' in event) || typeof event.type !== 'string') return { rest: event };
  const { type, ...rest } = event;
  return { type, rest };
}
