import { element } from './element.ts';

/** Asks before *Start again* deletes the run: a modal dialog, which Escape closes. */
export class Question {
  readonly #dialog = element('question', HTMLDialogElement);
  readonly #text = element('question-text', HTMLParagraphElement);
  readonly #usual = this.#text.textContent;

  constructor(onYes: () => void) {
    element('keep', HTMLButtonElement).onclick = () => this.withdraw();
    element('delete', HTMLButtonElement).onclick = () => {
      this.withdraw();
      onYes();
    };
  }

  /** `text` says what will be deleted, if that is not the usual. */
  ask(text = this.#usual): void {
    this.#text.textContent = text;
    this.#dialog.showModal();
  }

  withdraw(): void {
    this.#dialog.close();
  }
}
