import type { Message, Turn } from '../../examples/workflow-agent.ts';

/** The workflow's name. */
export const RUN_ID = 'agent';

/** What the Worker asks of the world outside. */
export interface Call {
  /** `ask` for the model, else a tool. */
  readonly name: string;
  readonly key: string;
  readonly messages?: readonly Message[];
}

export type Reply = { readonly turn: Turn } | { readonly error: string };

/** What the server remembers of an idempotency key. */
interface Entry {
  readonly name: string;
  readonly calls: number;
  readonly failures: number;
  /** How often the effect happened. */
  readonly done: number;
  readonly turn?: Turn;
}

const STORED = 'rewake-demo-agent-calls';
const DELAY_MS = 1_200;
const FLAKY = { name: 'search trains', failures: 2, error: 'The timetable does not answer.' };

const answers: { readonly [tool: string]: string } = {
  'search trains': '9:02 for 38 francs, 10:02 for 54 francs',
  'book ticket': 'Booked: 9:02, seat 41',
  'send mail': 'Sent to Ann',
};

/**
 * The model and the tools, simulated in the page, so that they outlive the Worker as servers would. What they have done
 * is counted apart from the log, and a call that comes again is known by its idempotency key.
 */
export class SimulatedServer {
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  async answer({ name, key, messages = [] }: Call): Promise<Reply> {
    const { calls } = entryOf(key);
    this.#note(key, { name, calls: calls + 1 });
    await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
    const { failures, done, turn: known } = entryOf(key);
    if (known) return { turn: known };
    if (name === FLAKY.name && failures < FLAKY.failures) {
      this.#note(key, { failures: failures + 1 });
      return { error: FLAKY.error };
    }
    const turn = name === 'ask' ? think(messages) : { text: answers[name] ?? 'There is no such tool.' };
    this.#note(key, { done: done + 1, turn });
    return { turn };
  }

  /** What was done for a step of this key: `name#occurrence`. */
  entryFor(step: string): Entry | undefined {
    const [name, occurrence] = step.split('#');
    return [...entries().values()].filter((entry) => entry.name === name)[Number(occurrence) - 1];
  }

  totals(): { calls: number; done: number; twice: number } {
    const all = [...entries().values()];
    const sum = (count: (entry: Entry) => number) => all.reduce((total, entry) => total + count(entry), 0);
    return {
      calls: sum(({ calls }) => calls),
      done: sum(({ done }) => done),
      twice: sum(({ done }) => Number(done > 1)),
    };
  }

  clear(): void {
    localStorage.removeItem(STORED);
    this.#onChange();
  }

  #note(key: string, change: Partial<Entry>): void {
    const changed = entries().set(key, { ...entryOf(key), ...change });
    localStorage.setItem(STORED, JSON.stringify([...changed]));
    this.#onChange();
  }
}

/** Read anew each time: another tab may have written. */
function entries(): Map<string, Entry> {
  const stored: [string, Entry][] = JSON.parse(localStorage.getItem(STORED) ?? '[]');
  return new Map(stored);
}

const entryOf = (key: string): Entry => entries().get(key) ?? { name: '', calls: 0, failures: 0, done: 0 };

function think(messages: readonly Message[]): Turn {
  const [searched, booked, sent] = messages.filter(({ role }) => role === 'tool');
  if (!searched)
    return { text: 'First I look for trains.', call: { tool: 'search trains', argument: 'Bern' } };
  if (!booked)
    return {
      text: 'May I book the 9:02 for 38 francs?',
      call: { tool: 'book ticket', argument: '9:02' },
    };
  if (!booked.text.startsWith('Booked')) return { text: 'You refused: nothing is booked.' };
  if (!sent) return { text: 'Now I tell Ann.', call: { tool: 'send mail', argument: 'Ann' } };
  return { text: 'The 9:02 to Bern is booked, and Ann knows.' };
}
