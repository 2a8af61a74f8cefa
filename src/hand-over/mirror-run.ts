import type { SequencedEvent } from '../contracts/event-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { type AnyKernelError, RunError } from '../errors/kernel-error.ts';
import { withContext, withContextSync } from '../errors/reason.ts';
import { method, nonEmpty, object, optional, type Rule } from '../errors/rules.ts';
import { reportTo } from '../run/report.ts';
import { type HandedOver, type HandOverOptions, handOver, handOverRules } from './hand-over.ts';
import { forgetMark } from './mark.ts';

/** Which run to mirror, and where. */
export interface MirrorOptions extends Pick<HandOverOptions, 'from' | 'to' | 'marks'> {
  /** The open run, or a follower of it. */
  readonly run: {
    readonly runId: RunId;
    readonly onEvent: (listener: (event: SequencedEvent<unknown>) => void) => () => void;
  };
  /** Told of each hand-over that failed; without it, the console is. The next event tries again. */
  readonly onError?: ((error: AnyKernelError) => void) | undefined;
}

/** A second copy of a run that follows it. */
export interface Mirror {
  /** Up to this event the mirror has the run; 0 until that is known. */
  readonly seq: Seq;
  /** How many events are durable here, as far as was heard, and not yet there. */
  readonly behind: number;
  /** Hands over what is durable now. Rejects as {@link handOver} does. */
  readonly flush: () => Promise<HandedOver>;
  /** Ends it, at once; a hand-over under way is aborted. */
  readonly close: () => void;
}

const { from, to, marks } = handOverRules;
const mirrorRules: Record<keyof MirrorOptions, Rule> = {
  ...{ from, to, marks },
  run: object({ runId: nonEmpty, onEvent: method }),
  onError: optional(method),
};

/**
 * Keeps a second copy of a run in another pair of stores: what is durable in `from` is handed over to `to`, one hand-over at
 * a time, behind the run, which never waits for it. What was appended in the last moments before a loss may be missing
 * there: `behind` tells how much. A failure is told to `onError`, and the next event, or `flush`, tries again.
 *
 * @example
 * const mirror = mirrorRun({ run, from: stores, to: server, marks: stores.snapshots });
 * addEventListener('visibilitychange', () => mirror.flush().catch(showNotBackedUp));
 */
export function mirrorRun(options: MirrorOptions): Mirror {
  withContextSync(RunError, 'mirrorRun', options?.run?.runId, () => object(mirrorRules)('options', options));
  const { run, from, to, marks, onError } = options;
  const { runId } = run;
  const report = reportTo(onError, 'mirrorRun', runId);
  const ending = new AbortController();
  let [seq, heard] = [0, 0];
  let last: Promise<unknown> = Promise.resolve();
  /** The hand-over that waits for the one under way, and so takes all that is durable until then. */
  let waiting: Promise<HandedOver> | undefined;

  const next = async (): Promise<HandedOver> => {
    waiting = undefined;
    const handedOver = await handOver({ runId, from, to, marks, signal: ending.signal });
    ({ seq } = handedOver);
    return handedOver;
  };
  const flush = (): Promise<HandedOver> => {
    if (!waiting) {
      waiting = last.then(next, next);
      last = waiting;
    }
    return waiting;
  };
  const flushBehind = () => {
    flush().catch((error: unknown) => {
      if (!ending.signal.aborted) report(error);
    });
  };
  const stopListening = run.onEvent((event) => {
    heard = event.seq;
    // Those that wait for it anyway tell its failure once.
    if (!waiting) flushBehind();
  });
  flushBehind();
  return {
    get seq() {
      return seq;
    },
    get behind() {
      return Math.max(heard - seq, 0);
    },
    flush,
    close() {
      stopListening();
      ending.abort();
    },
  };
}

/**
 * Gets a run back from its mirror, if it is not here any more: if the log in `to` is empty and the one in `from` is not. Call it before
 * {@link openRun}; a page whose stores tell of a `dataLoss` finds the log empty, too. Resolves with `undefined` if there was
 * nothing to restore. A run that was deleted on purpose comes back as well, unless it is deleted in the mirror, too.
 *
 * Rejects as {@link handOver} does.
 *
 * @example
 * await restoreRun({ runId: 'import-7', from: server, to: stores, marks: stores.snapshots });
 * const run = await openRun({ runId: 'import-7', stores, ...importDefinition });
 */
export function restoreRun(options: HandOverOptions): Promise<HandedOver | undefined> {
  return withContext(RunError, 'restoreRun', options?.runId, async () => {
    object({ ...handOverRules, marks: object({ delete: method }) })('options', options);
    const { runId, from, to, marks } = options;
    const [there, here] = await Promise.all([from.events.head(runId), to.events.head(runId)]);
    if (here.seq > 0 || there.seq === 0) return undefined;
    // Of the log that is gone.
    await forgetMark({ runId, marks });
    return handOver(options);
  });
}
