import { setTimeout as wait } from 'node:timers/promises';
import { Random } from '../protocol.ts';
import type { Watch, WatchOptions } from '../workload.ts';
import { answerTo, blocksOf, labelsOf, resultOf, type WorkflowNote } from './protocol.ts';

/** What has happened in a series of workflows, in numbers. */
const emptyTally = {
  kills: 0,
  /** Workflows that ended, each with the right result. */
  workflows: 0,
  /** Steps with an effect of which the page, or its journal, has said that they are recorded. */
  recorded: 0,
  /** Calls of the server. */
  calls: 0,
  /** Those that it refused. */
  refused: 0,
  /** Those that came again because nobody knew what the one before had done. */
  interrupted: 0,
  /** Those that a kill came in the midst of. */
  killedInRequest: 0,
};

export type WorkflowTally = Readonly<typeof emptyTally>;

/** So many calls take so long that a kill comes in the midst of them. */
const SLOW = 0.1;
const SLOW_MS = 400;

/** What the server keeps of an idempotency key. */
interface Entry {
  readonly number: number;
  readonly label: number;
  readonly total: number;
  /** The highest number of an attempt. */
  attempt: number;
  calls: number;
  /** Whether a call was not refused: its effect is there. */
  isDone: boolean;
  isRecorded: boolean;
}

/** The server that the steps call, and what must be true of its ledger. It knows neither rewake nor a browser. */
export class Ledger implements Watch<WorkflowNote, WorkflowTally> {
  readonly violations: string[] = [];
  readonly told: string[] = [];
  tally: WorkflowTally = emptyTally;
  readonly #options: WatchOptions;
  readonly #random: Random;
  readonly #pause: (milliseconds: number) => Promise<unknown>;
  #current = 1;
  readonly #entries = new Map<string, Entry>();
  /** By the workflow's number and the step's label. */
  readonly #keys = new Map<string, string>();
  readonly #alive = new Set<string>();
  readonly #killed = new Set<string>();
  #inRequest = 0;
  #kills = 0;

  /** `pause`: how a call takes its time. */
  constructor(options: WatchOptions, pause: (milliseconds: number) => Promise<unknown> = wait) {
    this.#options = options;
    this.#pause = pause;
    this.#random = new Random(options.seed, 4);
  }

  killed(): void {
    this.#count({ kills: 1, killedInRequest: this.#inRequest });
    this.#inRequest = 0;
    this.#kills++;
    for (const page of this.#alive) this.#killed.add(page);
    this.#alive.clear();
    this.told.push('— killed —');
  }

  async answer(path: string, search: URLSearchParams): Promise<string | undefined> {
    if (path === '/current') return String(this.#current);
    if (path !== '/effect') return undefined;
    const number = (name: string) => Number(search.get(name));
    const entry = { number: number('number'), label: number('label'), total: number('total') };
    const key = search.get('key') ?? '';
    this.told.push(`called ${search}`);
    const answer = this.#call(key, entry, number('attempt'), search.get('interrupted') === 'true');
    if (this.violations.length > 0) this.#options.signal('violation');
    this.#options.signal('called');
    const kills = this.#kills;
    this.#inRequest++;
    const isSlow = this.#random.chance(SLOW);
    if (isSlow) this.#options.signal('called slowly');
    await this.#pause(isSlow ? SLOW_MS : this.#random.integer(0, 15));
    if (kills === this.#kills) this.#inRequest--;
    return answer;
  }

  #call(
    key: string,
    fresh: Pick<Entry, 'number' | 'label' | 'total'>,
    attempt: number,
    interrupted: boolean,
  ): string {
    const { number, label, total } = fresh;
    const name = `the step ${label} of workflow ${number}`;
    const known = this.#keys.get(`${number} ${label}`);
    if (known !== undefined && known !== key) this.#violated(`another key: ${name} has ${known} and ${key}`);
    this.#keys.set(`${number} ${label}`, key);
    const entry = this.#entries.get(key) ?? {
      ...fresh,
      attempt: 0,
      calls: 0,
      isDone: false,
      isRecorded: false,
    };
    this.#entries.set(key, entry);
    if (entry.number !== number || entry.label !== label) this.#violated(`one key for two steps: ${key}`);
    if (entry.total !== total)
      this.#violated(`another argument: ${name} was called with ${entry.total} and ${total}`);
    if (entry.isRecorded) this.#violated(`called again: ${name} is recorded`);
    if (attempt <= entry.attempt)
      this.#violated(`not counted: ${name} has the attempt ${attempt} after ${entry.attempt}`);
    if (entry.isDone && !interrupted) this.#violated(`not told: ${name} was interrupted`);
    entry.attempt = attempt;
    entry.calls++;
    const isFlaky = blocksOf(this.#options.seed, number).some(
      (block) => block.kind === 'call' && block.label === label && block.isFlaky,
    );
    const isRefused = isFlaky && entry.calls === 1;
    this.#count({ calls: 1, refused: Number(isRefused), interrupted: Number(interrupted) });
    if (isRefused) return 'busy';
    entry.isDone = true;
    return String(answerTo(number, label, total));
  }

  hear(note: WorkflowNote): void {
    this.told.push(JSON.stringify(note));
    switch (note.type) {
      case 'recorded':
        this.#record(this.#keys.get(`${note.number} ${note.label}`) ?? '');
        break;
      case 'ended':
        this.#end(note.number, note.result);
        break;
      case 'failed':
        this.#violated(`failed: ${note.text}`);
        break;
      case 'report':
        if (this.#killed.has(note.page)) this.#violated('the page was to die, and did not');
        this.#alive.add(note.page);
        for (const { number, lines } of note.journals) this.#read(number, lines);
    }
  }

  #record(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry?.isDone) this.#violated(`recorded and never called: ${key}`);
    else if (!entry.isRecorded) {
      entry.isRecorded = true;
      this.#count({ recorded: 1 });
    }
  }

  #end(number: number, result: number): void {
    const { seed } = this.#options;
    const labels = labelsOf(blocksOf(seed, number));
    const ledger = [...this.#entries.values()].filter((entry) => entry.number === number && entry.isDone);
    const booked = ledger.map(({ label }) => label).sort((one, other) => one - other);
    if (booked.join() !== labels.join()) this.#violated(`ledger: ${booked} is booked, and not ${labels}`);
    if (result !== resultOf(seed, number)) this.#violated(`result: workflow ${number} ends with ${result}`);
    if (number !== this.#current) return;
    this.#current++;
    this.#count({ workflows: 1 });
  }

  /** What the journal holds is what was said of it. */
  #read(number: number, lines: Extract<WorkflowNote, { type: 'report' }>['journals'][number]['lines']): void {
    lines.forEach(({ seq }, index) => {
      if (seq !== index + 1) this.#violated(`gap: the event ${index + 1} has the seq ${seq}`);
    });
    const counts = (type: string) => {
      const counted = new Map<string, number>();
      for (const { key, type: found } of lines)
        if (found === type && key) counted.set(key, (counted.get(key) ?? 0) + 1);
      return counted;
    };
    const [started, succeeded] = [counts('step-started'), counts('step-succeeded')];
    for (const [key, times] of succeeded)
      if (times > 1) this.#violated(`recorded twice: ${key} of workflow ${number}`);
    for (const [idempotencyKey, entry] of this.#entries) {
      if (entry.number !== number) continue;
      const key = idempotencyKey.slice(idempotencyKey.indexOf('/') + 1);
      if (entry.isRecorded && !succeeded.has(key))
        this.#violated(`lost: ${key} of workflow ${number} was recorded`);
      if (entry.calls > (started.get(key) ?? 0))
        this.#violated(`called before its start was durable: ${key}`);
      if (succeeded.has(key)) this.#record(idempotencyKey);
    }
    const last = lines.at(-1)?.type;
    if (number < this.#current && number > 0 && last !== 'workflow-completed')
      this.#violated(`lost: the workflow ${number} has ended, and its journal ends with ${last}`);
  }

  #violated(text: string): void {
    this.violations.push(text);
  }

  #count(more: Partial<WorkflowTally>): void {
    const add = (name: keyof WorkflowTally) => this.tally[name] + (more[name] ?? 0);
    this.tally = {
      kills: add('kills'),
      workflows: add('workflows'),
      recorded: add('recorded'),
      calls: add('calls'),
      refused: add('refused'),
      interrupted: add('interrupted'),
      killedInRequest: add('killedInRequest'),
    };
  }
}
