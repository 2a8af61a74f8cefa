import { h, windowOf } from './dom.ts';
import { type Extent, scrollTopFor, virtualWindow } from './virtual-window.ts';

interface VirtualListOptions {
  /** Its name for screen readers. */
  readonly label: string;
  readonly rowHeight: number;
  /** Fills a row. Called again for the same one whenever `refresh` is. */
  readonly render: (index: number, row: HTMLElement) => void;
  /** `isMeant`: by a click or the Enter key, and not on the way to another row. */
  readonly onSelect: (index: number, isMeant: boolean) => void;
}

let lists = 0;

/** A list box of any length: only the rows that can be seen are in the document. It is one stop of the Tab key. */
export class VirtualList {
  readonly element: HTMLElement;
  readonly #options: VirtualListOptions;
  readonly #sizer: HTMLElement = h('div', { class: 'sizer', role: 'none' });
  readonly #rows = new Map<number, HTMLElement>();
  readonly #id = `list-${++lists}`;
  #count = 0;
  #selected = -1;
  #height = 0;
  #observer: ResizeObserver | undefined;

  constructor(options: VirtualListOptions) {
    this.#options = options;
    const { label, rowHeight } = options;
    this.element = h(
      'div',
      { class: 'list', role: 'listbox', tabindex: 0, 'aria-label': label },
      this.#sizer,
    );
    this.element.style.setProperty('--row', `${rowHeight}px`);
    this.element.addEventListener('scroll', () => this.#draw(), { passive: true });
    this.element.addEventListener('keydown', (event) => this.#press(event));
    this.#sizer.addEventListener('click', (event) => {
      for (const [index, row] of this.#rows)
        if (event.composedPath().includes(row)) this.#options.onSelect(index, true);
    });
  }

  /** To be called when it is in a document. */
  connect(): void {
    const { ResizeObserver } = windowOf(this.element);
    this.#observer = new ResizeObserver(() => {
      const { clientHeight } = this.element;
      // What is not shown cannot be scrolled, and forgets how far it was.
      if (this.#height === 0 && clientHeight > 0 && this.#selected >= 0) this.reveal(this.#selected);
      else this.#draw();
      this.#height = clientHeight;
    });
    this.#observer.observe(this.element);
  }

  disconnect(): void {
    this.#observer?.disconnect();
    this.#height = 0;
  }

  /** Whether the last row can be seen. */
  get isAtEnd(): boolean {
    const { scrollHeight, clientHeight, scrollTop } = this.element;
    return scrollHeight - clientHeight - scrollTop < this.#options.rowHeight;
  }

  /** Shows so many rows, with that one selected (-1 for none), and fills those again that can be seen. */
  refresh(count: number, selected: number): void {
    this.#count = count;
    this.#selected = selected;
    this.#draw(true);
  }

  reveal(index: number): void {
    this.element.scrollTop = scrollTopFor(this.#extent(), index);
    this.#draw();
  }

  #extent(): Extent {
    const { clientHeight: height, scrollTop } = this.element;
    return { count: this.#count, rowHeight: this.#options.rowHeight, height, scrollTop };
  }

  #draw(again = false): void {
    // Before it is known how tall that has to be, it cannot be scrolled there.
    const { total } = virtualWindow(this.#extent());
    if (this.#sizer.clientHeight !== total) this.#sizer.style.height = `${total}px`;
    const { first, end, top } = virtualWindow(this.#extent());
    for (const [index, row] of this.#rows) {
      if (index >= first && index < end) continue;
      row.remove();
      this.#rows.delete(index);
    }
    for (let index = first; index < end; index++) {
      const row = this.#rows.get(index) ?? this.#add(index);
      const isSelected = index === this.#selected;
      row.style.transform = `translateY(${top + (index - first) * this.#options.rowHeight}px)`;
      row.setAttribute('aria-selected', String(isSelected));
      row.setAttribute('aria-setsize', String(this.#count));
      if (again || !row.hasChildNodes()) this.#options.render(index, row);
    }
    const active = this.#rows.get(this.#selected);
    if (active) this.element.setAttribute('aria-activedescendant', active.id);
    else this.element.removeAttribute('aria-activedescendant');
  }

  #add(index: number): HTMLElement {
    const row = h('div', {
      class: 'row',
      role: 'option',
      id: `${this.#id}-${index}`,
      'aria-posinset': index + 1,
    });
    this.#rows.set(index, row);
    this.#sizer.append(row);
    return row;
  }

  #press(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#options.rowHeight) - 1);
    const last = this.#count - 1;
    const targets: { readonly [key: string]: number } = {
      ArrowUp: this.#selected < 0 ? last : this.#selected - 1,
      ArrowDown: this.#selected + 1,
      PageUp: this.#selected - page,
      PageDown: this.#selected + page,
      Home: 0,
      End: last,
      Enter: this.#selected,
    };
    const target = targets[event.key];
    if (target === undefined || last < 0 || (event.key === 'Enter' && target < 0)) return;
    event.preventDefault();
    this.#options.onSelect(Math.max(0, Math.min(last, target)), event.key === 'Enter');
  }
}
