import type { LogId, RunId, Seq } from '../contracts/words.ts';
import { isKernelError } from '../errors/kernel-error.ts';
import type { RunOwner } from '../run/runs.ts';
import type { Stores } from './context.ts';
import type { EventPages } from './event-pages.ts';
import { isObject } from './value.ts';

// What can be told of a run from a few small reads.

export interface RunFacts {
  readonly seq: Seq;
  readonly logId: LogId | null;
  /** `workflow` if it is running, or how it has ended; `undefined` if it is no workflow. */
  readonly workflow: 'workflow' | 'completed' | 'failed' | 'cancelled' | undefined;
}

/** What its row in the list says; what is `known` is not read again. */
export async function factsOf({ events }: Stores, runId: RunId, known?: RunFacts): Promise<RunFacts> {
  const head = await events.head(runId);
  const { seq, logId } = head;
  if (known && known.seq === seq && known.logId === logId) return known;
  const isKnown = known && known.logId === logId && known.seq > 0;
  if (seq === 0 || (isKnown && !known.workflow)) return { ...head, workflow: undefined };
  const base = await events.base(runId);
  const first = base ? undefined : (await events.scan(runId, 1, 1)).events[0];
  if (!isJournal(base ? base.state : undefined, first?.event)) return { ...head, workflow: undefined };
  if (base?.atSeq === seq) return { ...head, workflow: endOf(Object(base.state).end) };
  return { ...head, workflow: endOf((await events.scan(runId, seq, 1)).events[0]?.event) };
}

/** Whether a log begins as a workflow's journal does, or with a base that is the state of one. */
export const isJournal = (base: unknown, first: unknown): boolean =>
  isObject(base)
    ? typeof Object(Object(base).begun).id === 'string'
    : /^workflow-/.test(String(Object(first).type));

const endOf = (last: unknown): RunFacts['workflow'] => {
  const type = String(Object(last).type);
  for (const end of ['completed', 'failed', 'cancelled'] as const) if (type === `workflow-${end}`) return end;
  return 'workflow';
};

export const ownerText: { readonly [owner in RunOwner]: string } = {
  here: 'this page',
  elsewhere: 'another tab or worker',
  nobody: 'nobody',
};

/** The snapshot in words, and what a recovery would do with it. */
export async function snapshotText({ snapshots }: Stores, pages: EventPages): Promise<string> {
  const { runId, head, base } = pages;
  try {
    const snapshot = await snapshots.loadLatest(runId);
    if (!snapshot) return 'none';
    const { atSeq, logId = null, version = 1 } = snapshot;
    const at = `at ${atSeq}${version === 1 ? '' : `, version ${version}`}`;
    if (atSeq > head.seq) return `${at}: ignored, ahead of the log`;
    if (atSeq > 0 && logId !== head.logId) return `${at}: ignored, of another log`;
    if (base && atSeq < base.atSeq) return `${at}: the base is newer`;
    return atSeq === head.seq ? at : `${at}, ${head.seq - atSeq} behind`;
  } catch (error) {
    return isKernelError(error) ? error.code : String(error);
  }
}
