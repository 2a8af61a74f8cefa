import { create, element } from './element.ts';

/** What the page has to say, in a live region. */
export class Status {
  readonly #notice = element('memory-notice', HTMLParagraphElement);
  readonly #sentence = element('sentence', HTMLParagraphElement);
  readonly #wakeUp = element('wake-up', HTMLParagraphElement);
  #hint = element('hint', HTMLParagraphElement);
  readonly #details = element('details', HTMLParagraphElement);

  say(sentence: string, hint = '', wokeUp = ''): void {
    // What is written again is read aloud again.
    if (this.#sentence.textContent !== sentence) this.#sentence.textContent = sentence;
    if (this.#wakeUp.textContent !== wokeUp) this.#wakeUp.textContent = wokeUp;
    // Another one, not the old one in another place: that would be a jump.
    const next = create('p', 'hint', hint);
    this.#hint.replaceWith(next);
    this.#hint = next;
    this.#details.textContent = '';
  }

  sayWokeUp(sentence: string, hint: string): void {
    this.say('', hint, sentence);
  }

  /** How it woke up stays on the page. */
  sayFinished(sentence: string): void {
    this.#sentence.textContent = sentence;
    this.#hint.textContent = '';
  }

  detail(message: string): void {
    this.#details.textContent = message;
  }

  /** Stays until there is another one; without a text there is none. */
  warn(notice: string): void {
    this.#notice.textContent = notice;
    this.#notice.hidden = notice === '';
  }
}
