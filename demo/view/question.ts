import { element } from './element.ts';

/** Asks before *Start again* deletes the run: a modal dialog, which Escape closes. */
export class Question {
  readonly #dialog = element('question', HTMLDialogElement);

  constructor(onYes: () => void) {
    element('keep', HTMLButtonElement).onclick = () => this.withdraw();
    element('delete', HTMLButtonElement).onclick = () => {
      this.withdraw();
      onYes();
    };
  }

  ask(): void {
    this.#dialog.showModal();
  }

  withdraw(): void {
    this.#dialog.close();
  }
}
