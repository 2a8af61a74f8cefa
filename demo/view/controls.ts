import { create, element } from './element.ts';
import { Question } from './question.ts';

/**
 * `gone`: there is a run's end, but nothing to recover. `moving`: the run is between this browser and the server. `sent`: it
 * is on the server alone. `unusable`: nothing can be done here.
 */
export type Phase =
  | 'empty'
  | 'drawing'
  | 'recovering'
  | 'running'
  | 'following'
  | 'crashed'
  | 'failed'
  | 'gone'
  | 'moving'
  | 'sent'
  | 'finished'
  | 'unusable';

export interface Actions {
  readonly choose: (files: readonly File[]) => void;
  readonly drawSample: () => void;
  readonly crash: () => void;
  readonly recover: () => void;
  readonly takeOver: () => void;
  /** Called if the visitor wants it after all. */
  readonly startAgain: () => void;
  readonly downloadManifest: () => void;
  readonly downloadRun: () => void;
  readonly openRun: (file: File) => void;
  readonly send: () => void;
  readonly take: () => void;
  readonly changePace: (slowly: boolean) => void;
}

/** Everything to press, and what is there in which phase. */
export class Controls {
  readonly #page = element('page', HTMLElement);
  readonly #choice = element('choice', HTMLDivElement);
  readonly #sample = element('sample', HTMLButtonElement);
  readonly #files = element('files', HTMLInputElement);
  readonly #controls = element('controls', HTMLDivElement);
  readonly #nextStep = element('next-step', HTMLDivElement);
  readonly #crash = element('crash', HTMLButtonElement);
  readonly #recover = element('recover', HTMLButtonElement);
  readonly #takeOver = element('take-over', HTMLButtonElement);
  readonly #download = element('download', HTMLButtonElement);
  readonly #downloadRun = element('download-run', HTMLButtonElement);
  readonly #openRun = element('open-run', HTMLSpanElement);
  readonly #runFile = element('run-file', HTMLInputElement);
  readonly #send = element('send', HTMLButtonElement);
  readonly #take = element('take', HTMLButtonElement);
  readonly #sent = element('sent', HTMLParagraphElement);
  readonly #startAgain = element('start-again', HTMLButtonElement);
  readonly #pace = element('pace', HTMLParagraphElement);
  readonly #slowly = element('slowly', HTMLInputElement);
  readonly #progressRow = element('progress-row', HTMLDivElement);
  readonly #log = element('log-section', HTMLElement);
  readonly #pictures = element('pictures-section', HTMLElement);
  readonly #facts = element('facts-section', HTMLElement);
  readonly #about = element('about', HTMLElement);
  readonly #question: Question;
  #phase: Phase | undefined;

  constructor(actions: Actions) {
    this.#sample.onclick = actions.drawSample;
    this.#crash.onclick = () => {
      if (this.#phase === 'running') actions.crash();
    };
    this.#recover.onclick = actions.recover;
    this.#takeOver.onclick = actions.takeOver;
    this.#download.onclick = actions.downloadManifest;
    this.#downloadRun.onclick = () => {
      if (this.#phase !== 'drawing') actions.downloadRun();
    };
    this.#runFile.onchange = () => {
      const [file] = this.#runFile.files ?? [];
      if (file) actions.openRun(file);
      this.#runFile.value = '';
    };
    this.#send.onclick = () => {
      if (!this.#isStarting()) actions.send();
    };
    this.#take.onclick = () => {
      if (this.#phase === 'sent') actions.take();
    };
    this.#question = new Question(actions.startAgain);
    this.#startAgain.onclick = () =>
      this.#question.ask(this.#phase === 'sent' ? 'It is deleted on the server.' : undefined);
    this.#slowly.onchange = () => actions.changePace(this.slowly);
    this.#files.onchange = () => {
      const files = [...(this.#files.files ?? [])];
      this.#files.value = '';
      actions.choose(files);
    };
    this.#takeDrops(actions.choose);
  }

  get phase(): Phase | undefined {
    return this.#phase;
  }

  get slowly(): boolean {
    return this.#slowly.checked;
  }

  /** A run that is only in the memory of the Worker is in no file either. */
  withoutRunFiles(): void {
    this.#openRun.hidden = true;
  }

  /** There is a server that takes the run, and gives it to whoever opens this link. */
  offerSending(link: string): void {
    const anchor = create('a', '', link);
    anchor.href = link;
    this.#sent.replaceChildren(anchor);
    element('choice-hint', HTMLParagraphElement).textContent =
      'Or drop files here. They stay in this browser, unless you send the run to another one.';
  }

  #isStarting(): boolean {
    return this.#phase === 'drawing' || this.#phase === 'recovering';
  }

  show(phase: Phase): void {
    const focused = document.activeElement;
    this.#phase = phase;
    this.#page.setAttribute('data-phase', phase);
    const choosing = phase === 'empty';
    // The same to look at, so that nothing moves when the server has answered.
    const isAway = phase === 'moving' || phase === 'sent';
    const hasRun = !choosing && !isAway && phase !== 'gone' && phase !== 'unusable';
    const starting = this.#isStarting();
    const over = isAway || phase === 'finished' || phase === 'gone' || phase === 'unusable';

    // Another tab may have done it.
    if (choosing) this.#question.withdraw();
    this.#choice.hidden = !choosing;
    this.#controls.hidden = choosing || phase === 'unusable';
    this.#crash.hidden = phase !== 'running' && !starting;
    // Where `disabled` is, no focus can stay.
    this.#crash.setAttribute('aria-disabled', String(starting));
    this.#nextStep.hidden = phase === 'gone';
    this.#recover.hidden = phase !== 'crashed' && phase !== 'failed';
    this.#takeOver.hidden = phase !== 'following';
    this.#download.hidden = phase !== 'finished';
    this.#take.hidden = !isAway;
    this.#take.setAttribute('aria-disabled', String(phase === 'moving'));
    this.#sent.hidden = phase !== 'sent';
    this.#send.hidden = !hasRun || !this.#sent.hasChildNodes();
    this.#send.setAttribute('aria-disabled', String(starting));
    this.#downloadRun.hidden = !hasRun || this.#openRun.hidden;
    this.#downloadRun.setAttribute('aria-disabled', String(phase === 'drawing'));
    this.#pace.hidden = isAway;
    this.#pace.classList.toggle('out-of-use', over);
    this.#slowly.disabled = over;
    this.#progressRow.hidden = !hasRun;
    this.#log.hidden = !hasRun;
    this.#pictures.hidden = !hasRun;
    this.#facts.hidden = choosing;
    this.#about.hidden = hasRun;
    this.#keepFocus(focused);
  }

  /** Who uses the keyboard goes on from where the pressed button was. */
  #keepFocus(focused: Element | null): void {
    if (
      !(focused instanceof HTMLElement) ||
      focused === document.body ||
      focused.checkVisibility({ visibilityProperty: true })
    )
      return;
    const next = [this.#crash, this.#recover, this.#takeOver, this.#download, this.#take];
    next.push(this.#startAgain, this.#sample);
    next.find((control) => control.checkVisibility({ visibilityProperty: true }))?.focus();
  }

  #takeDrops(choose: Actions['choose']): void {
    document.ondragover = (event) => {
      event.preventDefault();
      this.#choice.classList.toggle('choice-over', this.#phase === 'empty');
    };
    document.ondragleave = (event) => {
      if (!event.relatedTarget) this.#choice.classList.remove('choice-over');
    };
    // Anywhere on the page: beside the zone, the browser would leave the page for the file.
    document.ondrop = (event) => {
      event.preventDefault();
      this.#choice.classList.remove('choice-over');
      if (this.#phase === 'empty') choose(droppedFiles(event.dataTransfer));
    };
  }
}

/** Folders come as files that nobody can read. */
function droppedFiles(data: DataTransfer | null): File[] {
  return [...(data?.items ?? [])]
    .filter((item) => item.kind === 'file' && !item.webkitGetAsEntry()?.isDirectory)
    .map((item) => item.getAsFile())
    .filter((file) => file !== null);
}
