import type { RunId } from '../contracts/words.ts';
import { WorkflowError } from '../errors/kernel-error.ts';
import { withContextSync } from '../errors/reason.ts';
import type { Rule } from '../errors/rules.ts';
import { captureToStore } from './capture-to-store.ts';
import { delay, MINUTE, never, sleep } from './clock.ts';
import type { Execution } from './execution.ts';
import { type Failure, toFailure } from './failure.ts';
import type { Inbox } from './inbox.ts';
import type { NewEvent, StepKind, StepState } from './journal.ts';
import {
  type DoOptions,
  type RetryOptions,
  type Step,
  type StepContext,
  stepRules,
  type WaitOptions,
} from './step.ts';

/** What the steps of one execution need. */
export interface StepServices {
  readonly runId: RunId;
  /** The workflow's own id, which its idempotency keys begin with. */
  readonly id: string;
  readonly execution: Execution;
  /** What is recorded of a step that has no outcome yet. */
  readonly find: (key: string) => StepState | undefined;
  /** Resolves when the event is durable; never if the execution is over. */
  readonly append: (event: NewEvent) => Promise<void>;
  readonly openInbox: () => Promise<Inbox>;
  /** The ids of the events that some step has received. */
  readonly receivedIds: () => ReadonlySet<string>;
  /** Begins the workflow anew. */
  readonly restart: (input: unknown) => Promise<void>;
  /** Told of what harms no step. */
  readonly report: (error: unknown) => void;
}

type Work = (context: StepContext) => unknown;

interface Do extends DoOptions {
  readonly work: Work;
}

/** What the body calls. Each function makes the calls; `doStep`, `sleepStep` and `waitStep` execute them. */
export function newStep(services: StepServices): Step {
  const { runId, execution } = services;
  const check = <T>(work: () => T): T => withContextSync(WorkflowError, 'step', runId, work);
  const call = async <T, Args extends { readonly name: string }>(
    kind: StepKind,
    rule: Rule,
    args: Args,
    begin: (key: string, signal: AbortSignal) => Promise<void>,
  ): Promise<T> => {
    check(() => rule('step', args));
    // What is recorded under the step's key is what the step resolved with: the `T` of the body's own code.
    return execution.call(args.name, kind, begin) as Promise<T>;
  };
  return {
    do: (name: string, ...rest: readonly [Work] | readonly [DoOptions, Work]) => {
      const [options, work] = rest.length === 1 ? [{}, rest[0]] : rest;
      const args = { ...options, name, work };
      return call('do', stepRules.do, args, (key, signal) => doStep(services, key, signal, args));
    },
    sleep: (name, ms) =>
      call('sleep', stepRules.sleep, { name, ms }, (key, signal) =>
        sleepStep(services, key, signal, () => Date.now() + ms, ms),
      ),
    sleepUntil: (name, at) =>
      call('sleep', stepRules.sleepUntil, { name, at }, (key, signal) =>
        sleepStep(services, key, signal, () => Number(at), Number.POSITIVE_INFINITY),
      ),
    waitForEvent: (name, options) => {
      const args = { ...options, name };
      return call('wait', stepRules.waitForEvent, args, (key, signal) =>
        waitStep(services, key, signal, args),
      );
    },
    restart: async (input) => {
      const captured = check(() => captureToStore(input, 'input'));
      execution.finish('the body calls step.restart', () => services.restart(captured));
      return never();
    },
  };
}

async function doStep(services: StepServices, key: string, signal: AbortSignal, step: Do): Promise<void> {
  const { runId, id, find, append } = services;
  const { retries } = step;
  for (;;) {
    const waiting = find(key);
    if (waiting?.wakesAt !== undefined)
      await sleep(waiting.wakesAt, delayAfter(waiting.failures, retries), signal);
    // Before the work begins, so that a crash in the midst of it leaves a trace.
    await append({ type: 'step-started', key, kind: 'do' });
    const { attempts: attempt = 1, failures = 0, interrupted = false } = find(key) ?? {};
    const context = { attempt, interrupted, idempotencyKey: `${id}/${key}` };
    const ended = await tryOnce(runId, step, context, signal);
    if (!('error' in ended)) return append({ type: 'step-succeeded', key, result: ended.result });
    const { error, isFinal } = ended;
    if (isFinal || failures >= (retries?.limit ?? 0)) return append({ type: 'step-failed', key, error });
    append({ type: 'step-failed', key, error, retryAt: Date.now() + delayAfter(failures + 1, retries) });
  }
}

type Ended = { readonly result: unknown } | { readonly error: Failure; readonly isFinal: boolean };

/** One attempt. Never rejects. */
async function tryOnce(
  runId: RunId,
  { work, timeout }: Do,
  context: Omit<StepContext, 'signal'>,
  over: AbortSignal,
): Promise<Ended> {
  const attempt = new AbortController();
  const done = new AbortController();
  over.addEventListener('abort', () => attempt.abort(over.reason), { signal: done.signal });
  let hasRun = false;
  try {
    const working = (async () => work({ ...context, signal: attempt.signal }))();
    const result = await Promise.race([working, expiry(timeout, attempt, done.signal)]);
    hasRun = true;
    const copy = withContextSync(WorkflowError, 'step.do', runId, () =>
      captureToStore(result, 'result', 'The step has run, and is not tried again.'),
    );
    return { result: copy };
  } catch (thrown) {
    return {
      error: toFailure(thrown),
      isFinal: hasRun || Object(thrown).name === 'NonRetryableError',
    };
  } finally {
    done.abort();
  }
}

async function expiry(ms: number | undefined, attempt: AbortController, done: AbortSignal): Promise<never> {
  if (ms === undefined) return never();
  await sleep(Date.now() + ms, ms, done);
  const error = timedOut(ms);
  attempt.abort(error);
  throw error;
}

const timedOut = (ms: number) => new DOMException(`It took more than ${ms} ms.`, 'TimeoutError');

const DAY = 86_400_000;

/** How long to wait after so many failures. */
function delayAfter(
  failures: number,
  { delay = 1_000, backoff = 'exponential' }: Partial<RetryOptions> = {},
): number {
  const growth = { constant: 1, linear: failures, exponential: 2 ** (failures - 1) }[backoff];
  return Math.max(delay, Math.min(delay * growth, DAY));
}

async function sleepStep(
  { find, append }: StepServices,
  key: string,
  signal: AbortSignal,
  until: () => number,
  most: number,
): Promise<void> {
  const at = find(key)?.wakesAt ?? until();
  if (!find(key)) append({ type: 'step-started', key, kind: 'sleep', until: at });
  await sleep(at, most, signal);
  await append({ type: 'step-succeeded', key, result: undefined });
}

async function waitStep(
  { find, append, openInbox, receivedIds, report }: StepServices,
  key: string,
  signal: AbortSignal,
  { type, timeout }: WaitOptions,
): Promise<void> {
  const until = find(key)?.wakesAt ?? (timeout === undefined ? undefined : Date.now() + timeout);
  if (!find(key)) append({ type: 'step-started', key, kind: 'wait', ...(until !== undefined && { until }) });
  const done = new AbortController();
  signal.addEventListener('abort', () => done.abort());
  let isDue = false;
  let wake = () => {};
  if (until !== undefined)
    sleep(until, timeout ?? 0, done.signal).then(() => {
      isDue = true;
      wake();
    });
  const inbox = await openInbox();
  done.signal.addEventListener(
    'abort',
    inbox.subscribe(() => wake()),
  );
  for (;;) {
    const wasDue = isDue;
    // Also every minute: a notice can be lost, and some platforms have none.
    const woken = Promise.race([
      delay(MINUTE, done.signal),
      new Promise<void>((resolve) => {
        wake = resolve;
      }),
    ]);
    await inbox.refresh().catch((error: unknown) => done.signal.aborted || report(error));
    const received = receivedIds();
    const event = inbox.state.events
      .flat()
      .find(
        (sent) => sent.type === type && !(until !== undefined && sent.at > until) && !received.has(sent.id),
      );
    if (event || wasDue) {
      done.abort();
      if (!event) return append({ type: 'step-failed', key, error: toFailure(timedOut(timeout ?? 0)) });
      const { id: eventId, seq: eventSeq, payload, at } = event;
      return append({ type: 'step-succeeded', key, result: { type, payload, at }, eventId, eventSeq });
    }
    await woken;
  }
}
