import { element } from './element.ts';

/** How far the import is, for eyes at every picture and for ears at every quarter. */
export class Progress {
  readonly #bar = element('progress', HTMLProgressElement);
  readonly #text = element('progress-text', HTMLSpanElement);
  readonly #announcement = element('announcement', HTMLParagraphElement);
  #quarter = 0;

  show(done: number, total: number): void {
    this.#set(done, total, `${done} of ${total}`);
    const quarter = total === 0 ? 0 : Math.floor((4 * done) / total);
    if (quarter === this.#quarter) return;
    this.#quarter = quarter;
    // The end has a sentence of its own.
    this.#announcement.textContent = quarter % 4 === 0 ? '' : `${done} of ${total} pictures`;
  }

  showDrawn(drawn: number, total: number): void {
    this.#set(drawn, total, `${drawn} of ${total}`);
  }

  #set(value: number, max: number, text: string): void {
    this.#bar.max = Math.max(1, max);
    this.#bar.value = value;
    this.#text.textContent = text;
  }
}
