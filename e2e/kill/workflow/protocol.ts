import { digestOf, Random } from '../protocol.ts';

// What the page and the test tell each other of workflows. Nothing here knows rewake.

export interface WorkflowPlan {
  readonly round: number;
  readonly seed: number;
}

/** A workflow makes so many steps. */
export const STEPS = 50;

/** A part of a body. Labels number the steps of a workflow that call the server: 1, 2, 3, … */
export type Block =
  /** One call; `isFlaky`: the server refuses it at first. */
  | { readonly kind: 'call'; readonly label: number; readonly isFlaky: boolean }
  /** Some at the same time. */
  | { readonly kind: 'all'; readonly labels: readonly number[] }
  | { readonly kind: 'sleep'; readonly milliseconds: number }
  /** A step asks the server and sends the answer as an event, another one waits for that. */
  | { readonly kind: 'event'; readonly label: number };

/** The body of the workflow `number`: so many steps, the same at each call. */
export function blocksOf(seed: number, number: number): Block[] {
  const random = new Random(seed, number, 3);
  const blocks: Block[] = [];
  let label = 0;
  for (let left = STEPS; left > 0; ) {
    const kind = random.oneOf<Block['kind']>('call', 'call', 'call', 'all', 'sleep', 'event');
    if (kind === 'all' && left >= 4) {
      const labels = Array.from({ length: random.integer(2, 4) }, () => ++label);
      blocks.push({ kind, labels });
      left -= labels.length;
    } else if (kind === 'event' && left >= 2) {
      blocks.push({ kind, label: ++label });
      left -= 2;
    } else if (kind === 'sleep') {
      blocks.push({ kind, milliseconds: random.integer(0, 40) });
      left--;
    } else {
      blocks.push({ kind: 'call', label: ++label, isFlaky: random.chance(0.15) });
      left--;
    }
  }
  return blocks;
}

export const labelsOf = (blocks: readonly Block[]): number[] =>
  blocks.flatMap((block) => (block.kind === 'sleep' ? [] : 'labels' in block ? block.labels : [block.label]));

/** What the server answers to a call: it depends on everything that came before. */
export const answerTo = (number: number, label: number, total: number): number =>
  digestOf(`${number} ${label} ${total}`);

export const addTo = (total: number, answer: number): number => (total * 31 + answer) % 1_000_003;

/** What a workflow comes to that nothing interrupts. */
export function resultOf(seed: number, number: number): number {
  let total = 0;
  for (const block of blocksOf(seed, number)) {
    const answers = labelsOf([block]).map((label) => answerTo(number, label, total));
    total = answers.reduce(addTo, total);
  }
  return total;
}

/** An event of a journal. */
export interface JournalLine {
  readonly seq: number;
  readonly type: string;
  readonly key?: string;
}

export type WorkflowNote =
  /** In each round before it goes on: the journals of the workflow under way, and of the one before. */
  | {
      readonly type: 'report';
      readonly page: string;
      readonly journals: readonly { readonly number: number; readonly lines: readonly JournalLine[] }[];
    }
  /** The body has got the outcome of the step: it is durable. */
  | { readonly type: 'recorded'; readonly number: number; readonly label: number }
  | { readonly type: 'ended'; readonly number: number; readonly result: number }
  /** What must not happen. */
  | { readonly type: 'failed'; readonly text: string };
