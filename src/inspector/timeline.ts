import type { Seq } from '../contracts/words.ts';
import type { Failure } from '../workflow/failure.ts';
import type { JournalEvent, JournalState, StepKind, StepState } from '../workflow/journal.ts';

/** A stretch of a step's time. */
export interface Stretch {
  /** `ran`: an attempt that succeeded. `cut`: one whose end was not recorded. `waited`: a sleep, a wait, or the time until the next attempt. */
  readonly kind: 'ran' | 'failed' | 'cut' | 'running' | 'waited' | 'waiting';
  readonly from: number;
  /** Without it, it has not ended. */
  readonly to?: number;
  readonly seq: Seq;
  readonly error?: Failure;
}

/** What became of a step, in the order of what happened. */
export interface TimelineStep {
  readonly key: string;
  readonly kind: StepKind;
  readonly status: StepState['status'];
  readonly attempts: number;
  readonly stretches: readonly Stretch[];
  /** When a sleep ends, a wait gives up, or the next attempt is due. */
  readonly until?: number;
  readonly result?: unknown;
  readonly error?: Failure;
}

/** A workflow's journal, in time. */
export interface Timeline {
  readonly status: 'missing' | 'running' | 'completed' | 'failed' | 'cancelled';
  readonly from: number;
  /** The time of the last event. */
  readonly to: number;
  readonly version?: number;
  readonly input?: unknown;
  readonly result?: unknown;
  readonly error?: Failure;
  /** How often it began anew, by `step.restart`. */
  readonly restarts: number;
  /** How often it was taken from its owner. */
  readonly takings: number;
  /** In the order of their starts. */
  readonly steps: Map<string, TimelineStep>;
}

export const newTimeline = (): Timeline => ({
  status: 'missing',
  from: 0,
  to: 0,
  restarts: 0,
  takings: 0,
  steps: new Map(),
});

/** What a journal that was compacted begins with: of a step in its base, the attempts are not told apart any more. */
export function timelineFrom({ begun, settled, open, end }: JournalState): Timeline {
  const steps = [...settled.flat(), ...open].sort((one, other) => one.seq - other.seq);
  const times = steps.flatMap(({ startedAt, endedAt = startedAt }) => [startedAt, endedAt]);
  const { at = 0, version = 1, input } = begun ?? {};
  const timeline: Timeline = {
    ...newTimeline(),
    ...(begun && { status: 'running', version, input }),
    from: at,
    to: times.reduce((latest, time) => Math.max(latest, time), end?.at ?? at),
    steps: new Map(steps.map((step) => [step.key, stepFrom(step)])),
  };
  return end ? withEvent(timeline, end, 0) : timeline;
}

function stepFrom({
  key,
  kind,
  status,
  attempts,
  seq,
  startedAt: from,
  endedAt,
  wakesAt,
  ...step
}: StepState): TimelineStep {
  const settled = kind === 'do' ? (status === 'failed' ? 'failed' : 'ran') : 'waited';
  const open = status === 'running' ? 'running' : 'waiting';
  const { result, error } = step;
  return {
    key,
    kind,
    status,
    attempts,
    stretches: [
      endedAt === undefined ? { kind: open, from, seq } : { kind: settled, from, to: endedAt, seq },
    ],
    ...(wakesAt !== undefined && { until: wakesAt }),
    ...('result' in step && { result }),
    ...(error && { error }),
  };
}

/** The timeline after one more event of the journal. It takes the steps along: the one before is not to be used any more. */
export function withEvent(timeline: Timeline, event: JournalEvent, seq: Seq): Timeline {
  const to = Math.max(timeline.to, event.at);
  switch (event.type) {
    case 'workflow-begun': {
      const { at: from, version, input } = event;
      const restarts = timeline.restarts + (timeline.status === 'missing' ? 0 : 1);
      return {
        ...newTimeline(),
        takings: timeline.takings,
        status: 'running',
        from,
        to,
        version,
        input,
        restarts,
      };
    }
    case 'workflow-taken':
      return { ...timeline, to, takings: timeline.takings + 1 };
    case 'step-started':
      return withStep(timeline, to, event.key, (step) => started(step, event, seq));
    case 'step-succeeded':
      return withStep(timeline, to, event.key, ({ until: _, error: __, ...step }) => ({
        ...step,
        status: 'succeeded',
        result: event.result,
        stretches: ended(step.stretches, { kind: step.kind === 'do' ? 'ran' : 'waited', to: event.at }),
      }));
    case 'step-failed':
      return withStep(timeline, to, event.key, ({ until: _, ...step }) => failed(step, event, seq));
    case 'workflow-completed':
      return { ...timeline, to, status: 'completed', result: event.result };
    case 'workflow-failed':
    case 'workflow-cancelled':
      return {
        ...timeline,
        to,
        status: event.type === 'workflow-failed' ? 'failed' : 'cancelled',
        error: event.error,
      };
    default:
      return timeline;
  }
}

type Event<T extends JournalEvent['type']> = Extract<JournalEvent, { type: T }>;

function withStep(
  timeline: Timeline,
  to: number,
  key: string,
  change: (step: TimelineStep) => TimelineStep,
): Timeline {
  const step = timeline.steps.get(key) ?? { key, kind: 'do', status: 'running', attempts: 0, stretches: [] };
  timeline.steps.set(key, change(step));
  return { ...timeline, to };
}

function started(step: TimelineStep, { kind, at, until }: Event<'step-started'>, seq: Seq): TimelineStep {
  const last = step.stretches.at(-1);
  // What still runs when the next attempt begins has ended without a record.
  const before = ended(step.stretches, { kind: last?.kind === 'running' ? 'cut' : 'waited', to: at });
  const { until: _, ...rest } = step;
  return {
    ...rest,
    kind,
    status: kind === 'do' ? 'running' : 'waiting',
    attempts: step.attempts + 1,
    stretches: [...before, { kind: kind === 'do' ? 'running' : 'waiting', from: at, seq }],
    ...(until !== undefined && { until }),
  };
}

function failed(step: TimelineStep, { at, error, retryAt }: Event<'step-failed'>, seq: Seq): TimelineStep {
  const stretches = ended(step.stretches, { kind: step.kind === 'do' ? 'failed' : 'waited', to: at, error });
  if (retryAt === undefined) return { ...step, status: 'failed', error, stretches };
  const wait: Stretch = { kind: 'waiting', from: at, seq };
  return { ...step, status: 'waiting', error, until: retryAt, stretches: [...stretches, wait] };
}

/** The last stretch has ended. */
function ended(
  stretches: readonly Stretch[],
  end: Pick<Stretch, 'kind' | 'to' | 'error'>,
): readonly Stretch[] {
  const last = stretches.at(-1);
  return last && last.to === undefined ? [...stretches.slice(0, -1), { ...last, ...end }] : stretches;
}

/** A length of time, short: `350 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const s = ms / 1_000;
  if (s < 60) return `${s.toFixed(s < 10 ? 1 : 0)} s`;
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ] as const;
  const at = units.findIndex(([, length]) => s >= length);
  const [name, length] = units[at] ?? ['s', 1];
  const [lesser, part] = units[at + 1] ?? ['s', 1];
  const rest = Math.floor((s % length) / part);
  return `${Math.floor(s / length)} ${name}${rest > 0 ? ` ${rest} ${lesser}` : ''}`;
}
