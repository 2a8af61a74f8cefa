import type { FoundRun, Note } from './protocol.ts';

interface Failure {
  readonly kind: { readonly browser: string; readonly what: string };
  /** Of `npm run test:kill`. */
  readonly options: string;
  readonly seed: number;
  readonly round: number;
  /** One for each page. */
  readonly plans: readonly object[];
  /** When the kill before the last report came. */
  readonly moment: object | undefined;
  /** The directory of the browser's profile, which is kept. */
  readonly profile: string;
  readonly violations: readonly string[];
  /** What was told since the first report before the kill. */
  readonly told: readonly string[];
}

const SHOWN = 500;

/** All that is needed to repeat a violation and to understand it, to be printed. */
export function accountOf({
  kind,
  options,
  seed,
  round,
  plans,
  moment,
  profile,
  violations,
  told,
}: Failure): string {
  const { browser, what } = kind;
  return [
    `VIOLATION in ${browser}, ${what}, round ${round} of the seed ${seed}`,
    ...shortened(violations).map((violation) => `  ${violation}`),
    `to repeat: npm run test:kill -- ${options}--browser ${browser} --kind ${what} --seed ${seed} --rounds ${round}`,
    `the browser's profile, as it was left: ${profile}`,
    `the kill before: ${JSON.stringify(moment)}`,
    ...plans.map((plan) => `a plan of this round: ${JSON.stringify(plan)}`),
    'what was told, from the report before the kill on:',
    ...shortened(told).map((line) => `  ${line}`),
  ].join('\n');
}

/** What nobody would read to its end tells how it begins and how it ends. */
function shortened(lines: readonly string[]): string[] {
  const left = lines.length - 2 * SHOWN;
  return left <= 1 ? [...lines] : [...lines.slice(0, SHOWN), `… ${left} more …`, ...lines.slice(-SHOWN)];
}

export function linesOf(note: Note): string[] {
  switch (note.type) {
    case 'report':
      return [`report of round ${note.round}`, ...note.runs.flatMap(runLines).map((line) => `  ${line}`)];
    case 'attempted':
      return note.batches.map((batch) => `attempted ${JSON.stringify(batch)}`);
    case 'copying': {
      const { numbers, ...copy } = note;
      return [JSON.stringify({ ...copy, events: numbers.length, last: numbers.at(-1) })];
    }
    default:
      return [JSON.stringify(note)];
  }
}

/** A line for each batch of the log. */
function runLines({ runId, log, snapshot, recovery }: FoundRun): string[] {
  const { state, ...recovered } = recovery;
  const lines = log.flatMap(({ seq, number, batch, size }, index) => {
    const before = log[index - 1];
    const first = before?.batch !== batch || before.number + 1 !== number;
    return first ? [`  from seq ${seq}: number ${number}, batch ${batch} of ${size}`] : [];
  });
  return [
    `run ${runId}: ${log.length} events, snapshot at ${snapshot?.atSeq}, recovered ${JSON.stringify(recovered)} with ${state.numbers.length} numbers`,
    ...lines,
  ];
}
