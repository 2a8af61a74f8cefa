import type { Seq } from 'rewake';
import type { ImportEvent } from '../import-run.ts';
import { count } from '../sentences.ts';
import { create, element } from './element.ts';

/** The event log: a cell for each event that there is and is to come, and where the snapshot stands. */
export class LogStrip {
  readonly #strip = element('log', HTMLDivElement);
  readonly #legend = {
    snapshot: element('legend-snapshot', HTMLSpanElement),
    tail: element('legend-tail', HTMLSpanElement),
  };
  #cells: HTMLSpanElement[] = [];
  #head: Seq = 0;
  #snapshot: Seq = 0;

  reserve(events: number): void {
    this.#cells = Array.from({ length: events }, () => create('span', 'cell'));
    this.#strip.replaceChildren(...this.#cells);
    this.#strip.style.setProperty('--cells', String(events));
    this.#head = 0;
    this.#snapshot = 0;
    this.#describe();
  }

  show(seq: Seq, event: Pick<ImportEvent, 'type'> & { readonly colour?: string }): void {
    const cell = this.#cells[seq - 1];
    if (!cell) return;
    cell.classList.add(`cell-${event.type}`);
    if (event.colour) cell.style.setProperty('--colour', event.colour);
    cell.title = `seq ${seq}: ${event.type}`;
    this.#head = Math.max(this.#head, seq);
    this.#describe();
  }

  markSnapshot(seq: Seq): void {
    this.#cells[this.#snapshot - 1]?.classList.remove('cell-snapshot');
    this.#cells[seq - 1]?.classList.add('cell-snapshot');
    for (const cell of this.#cells.slice(this.#snapshot, seq)) cell.classList.add('cell-covered');
    this.#snapshot = seq;
    this.#describe();
  }

  #describe(): void {
    const tail = count(this.#head - this.#snapshot, 'event');
    const snapshot = this.#snapshot === 0 ? 'no snapshot yet' : `snapshot at seq ${this.#snapshot}`;
    this.#legend.snapshot.textContent = snapshot;
    this.#legend.tail.textContent = `tail: ${tail}`;
    this.#strip.setAttribute(
      'aria-label',
      `Event log: ${count(this.#head, 'event')}, ${snapshot}, tail: ${tail}`,
    );
  }
}
