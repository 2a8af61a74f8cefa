import type { Seq } from '../contracts/words.ts';
import type { RunDefinition } from '../recovery/definition.ts';
import type { Failure } from './failure.ts';
import { added, type Pages } from './pages.ts';

/** What a step is: `step.do`, `step.sleep` or `step.sleepUntil`, `step.waitForEvent`. */
export type StepKind = 'do' | 'sleep' | 'wait';

/**
 * What a journal is made of: a workflow's log holds these events, as plain data. Times are those of `Date.now()`, and a
 * step's `key` is `name#occurrence`.
 *
 * - `workflow-begun`: the first event, and again at each `step.restart`: what comes before it is over. With `folded`, the
 *   inbox has been folded up to `seq`, and whatever was received before the journal's `journalSeq` is gone from that.
 * - `workflow-taken`: the workflow was stolen; the former owner can append no more.
 * - `step-started`: once for a sleep or a wait, with its deadline `until`; for a `do`, at each attempt.
 * - `step-succeeded`: the step's outcome. That of a wait has the `eventId` of the event in the inbox, and its `eventSeq`.
 * - `step-failed`: the end of an attempt; with `retryAt`, there will be another one; without, it is the step's outcome.
 * - `workflow-completed`, `workflow-failed`, `workflow-cancelled`: the last event.
 */
export type JournalEvent =
  | {
      readonly type: 'workflow-begun';
      readonly id: string;
      readonly input: unknown;
      readonly version: number;
      readonly at: number;
      readonly folded?: { readonly seq: Seq; readonly journalSeq: Seq };
    }
  | { readonly type: 'workflow-taken'; readonly at: number }
  | {
      readonly type: 'step-started';
      readonly key: string;
      readonly kind: StepKind;
      readonly at: number;
      readonly until?: number;
    }
  | {
      readonly type: 'step-succeeded';
      readonly key: string;
      readonly at: number;
      readonly result: unknown;
      readonly eventId?: string;
      readonly eventSeq?: Seq;
    }
  | {
      readonly type: 'step-failed';
      readonly key: string;
      readonly at: number;
      readonly error: Failure;
      readonly retryAt?: number;
    }
  | { readonly type: 'workflow-completed'; readonly at: number; readonly result: unknown }
  | { readonly type: 'workflow-failed'; readonly at: number; readonly error: Failure }
  | { readonly type: 'workflow-cancelled'; readonly at: number; readonly error: Failure };

/** How far an inbox was folded, and at which seq of the journal. */
export type Folded = NonNullable<Extract<JournalEvent, { type: 'workflow-begun' }>['folded']>;

export const notFolded: Folded = { seq: 0, journalSeq: 0 };

type WithoutTime<Event> = Event extends JournalEvent ? Omit<Event, 'at'> : never;

/** An event that is yet to happen. */
export type NewEvent = WithoutTime<JournalEvent>;

/** What is recorded of a step. */
export interface StepState {
  /** `name#occurrence`: the second call of `step.do('upload', …)` is `upload#2`. */
  readonly key: string;
  readonly kind: StepKind;
  /** The seq of the event that started it. */
  readonly seq: Seq;
  /** `waiting`: it sleeps, waits for an event, or waits for its next attempt. */
  readonly status: 'running' | 'waiting' | 'succeeded' | 'failed';
  /** How many attempts were begun. */
  readonly attempts: number;
  /** How many of them failed. */
  readonly failures: number;
  /** Whether the end of an attempt was not recorded: a crash, a close or a theft came first. */
  readonly interrupted: boolean;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** When a sleep ends, a wait gives up, or the next attempt is due. */
  readonly wakesAt?: number;
  /** What it succeeded with. Do not change it. */
  readonly result?: unknown;
  /** What its last attempt failed with, unless it has succeeded since. */
  readonly error?: Failure;
}

/** How a workflow ended. */
export type End = Extract<
  JournalEvent,
  { type: 'workflow-completed' | 'workflow-failed' | 'workflow-cancelled' }
>;

/** An event that some step has received: its seq in the inbox, and that of its receipt in the journal. */
interface Received {
  readonly id: string;
  readonly seq: Seq;
  readonly journalSeq: Seq;
}

/** A journal, as its snapshot keeps it: every outcome is in it, because the body needs each of them to go on. */
export interface JournalState {
  /** The seq of the last event. */
  readonly seq: Seq;
  readonly begun?: {
    readonly id: string;
    readonly input: unknown;
    readonly version: number;
    readonly at: number;
    readonly seq: Seq;
  };
  /** The steps that have their outcomes, in the order of these. */
  readonly settled: Pages<StepState>;
  /** The steps that have none yet, in the order of their starts. */
  readonly open: readonly StepState[];
  /** The events of the inbox that some step has received, as long as they may be there. */
  readonly received: Pages<Received>;
  readonly end?: End;
}

export const emptyJournal: JournalState = { seq: 0, settled: [], open: [], received: [] };

export function reduceJournal(state: JournalState, event: JournalEvent): JournalState {
  const next = { ...state, seq: state.seq + 1 };
  const { seq, open, settled, received } = next;
  if (event.type === 'workflow-taken') return next;
  if (state.end) throw new Error('The workflow has ended.');
  switch (event.type) {
    case 'workflow-begun': {
      const { type: _, folded = notFolded, ...begun } = event;
      const remembered = received
        .flat()
        .filter((one) => one.seq > folded.seq || one.journalSeq > folded.journalSeq);
      return { ...emptyJournal, seq, received: [remembered], begun: { ...begun, seq } };
    }
    case 'workflow-completed':
    case 'workflow-failed':
    case 'workflow-cancelled':
      return { ...next, end: event };
    case 'step-started':
    case 'step-succeeded':
    case 'step-failed': {
      const before = open.find(({ key }) => key === event.key);
      const step = stepAfter(before, event, seq);
      if (step.endedAt === undefined)
        return {
          ...next,
          open: before ? open.map((other) => (other === before ? step : other)) : [...open, step],
        };
      const { eventId: id, eventSeq = 0 } = 'eventId' in event ? event : {};
      return {
        ...next,
        open: open.filter((other) => other !== before),
        settled: added(settled, step),
        received: id === undefined ? received : added(received, { id, seq: eventSeq, journalSeq: seq }),
      };
    }
    default:
      throw new Error('This is no event of a journal, or one of a newer release of rewake.');
  }
}

type StepEvent = Extract<JournalEvent, { key: string }>;

/** The step after this event of it; `before` it there was none, if it is its first. */
function stepAfter(before: StepState | undefined, event: StepEvent, seq: Seq): StepState {
  if (event.type === 'step-started') {
    const { key, kind, at: startedAt, until } = event;
    const none = { key, kind, seq, status: 'waiting', attempts: 0, failures: 0, interrupted: false } as const;
    const { wakesAt: _, ...step }: StepState = before ?? { ...none, startedAt };
    return {
      ...step,
      status: kind === 'do' ? 'running' : 'waiting',
      attempts: step.attempts + 1,
      interrupted: step.interrupted || step.status === 'running',
      ...(until !== undefined && { wakesAt: until }),
    };
  }
  if (!before) throw new Error(`The step ${event.key} was not started.`);
  // The error of an earlier attempt is no outcome.
  const { wakesAt: _, error: __, ...step } = before;
  const { at: endedAt } = event;
  if (event.type === 'step-succeeded') return { ...step, status: 'succeeded', endedAt, result: event.result };
  const { error, retryAt } = event;
  const failed = { ...step, failures: step.failures + 1, error };
  return retryAt === undefined
    ? { ...failed, status: 'failed', endedAt }
    : { ...failed, status: 'waiting', wakesAt: retryAt };
}

/** A journal's state has the same form in every version of the application. */
// It was saved by `reduceJournal`: the version is the application's word for its own code.
export const sameState = (state: unknown): JournalState => state as JournalState;

/** For whoever only reads: whichever version of the application has written it. */
export const anyJournal: RunDefinition<JournalState, JournalEvent> = {
  initialState: emptyJournal,
  reduce: reduceJournal,
  version: Number.MAX_SAFE_INTEGER,
  migrate: sameState,
};
