import type { RunId } from '../contracts/words.ts';
import { WorkflowError } from '../errors/kernel-error.ts';
import { reasonOf, withContext, withContextSync } from '../errors/reason.ts';
import type { Rule } from '../errors/rules.ts';
import { captureToStore } from './capture-to-store.ts';
import { delay, MINUTE, never, sleep } from './clock.ts';
import type { Execution } from './execution.ts';
import { type Failure, toFailure } from './failure.ts';
import type { Inbox, InboxEvent } from './inbox.ts';
import type { JournalEvent, StepState } from './journal.ts';
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
  readonly append: (event: JournalEvent) => Promise<void>;
  readonly openInbox: () => Promise<Inbox>;
  /** Whether some step has received the event. */
  readonly isReceived: (event: InboxEvent) => boolean;
  /** Begins the workflow anew. */
  readonly restart: (input: unknown) => Promise<void>;
  /** Told of what harms no step. */
  readonly report: (error: unknown) => void;
}

type Work = (context: StepContext) => unknown;

/** What the body calls. Each function makes the calls; `doStep`, `sleepStep` and `waitStep` execute them. */
export function newStep(services: StepServices): Step {
  const { runId, execution } = services;
  const checked = async <T>(
    name: string,
    [rule, what, value]: readonly [Rule, string, unknown],
    call: () => Promise<unknown>,
  ): Promise<T> => {
    withContextSync(WorkflowError, 'step', runId, () => {
      stepRules.name('name', name);
      rule(what, value);
    });
    // What is recorded under the step's key is what the step resolved with: the `T` of the body's own code.
    return call() as Promise<T>;
  };
  const sleepUntil = (name: string, until: () => number, most: number) =>
    execution.call(name, 'sleep', (key, signal) => sleepStep(services, key, signal, until, most));
  return {
    do: <T>(name: string, ...rest: readonly [Work] | readonly [DoOptions, Work]) => {
      const [options, work] = rest.length === 1 ? [{}, rest[0]] : rest;
      return checked<T>(name, [stepRules.do, 'options', { ...options, work }], () =>
        execution.call(name, 'do', (key, signal) => doStep(services, key, signal, options, work)),
      );
    },
    sleep: (name, ms) =>
      checked(name, [stepRules.ms, 'ms', ms], () => sleepUntil(name, () => Date.now() + ms, ms)),
    sleepUntil: (name, at) =>
      checked(name, [stepRules.at, 'at', at], () =>
        sleepUntil(name, () => Number(at), Number.POSITIVE_INFINITY),
      ),
    waitForEvent: (name, options) =>
      checked(name, [stepRules.wait, 'options', options], () =>
        execution.call(name, 'wait', (key, signal) => waitStep(services, key, signal, options)),
      ),
    restart: async (input) => {
      const captured = await withContext(WorkflowError, 'step.restart', runId, () =>
        captureToStore(input, 'input'),
      );
      execution.finish('the body calls step.restart', () => services.restart(captured));
      return never();
    },
  };
}

async function doStep(
  services: StepServices,
  key: string,
  signal: AbortSignal,
  options: DoOptions,
  work: Work,
): Promise<void> {
  const { runId, id, find, append } = services;
  const { retries } = options;
  for (;;) {
    const waiting = find(key);
    if (waiting?.wakesAt !== undefined)
      await sleep(waiting.wakesAt, delayAfter(waiting.failures, retries), signal);
    // Before the work begins, so that a crash in the midst of it leaves a trace.
    await append({ type: 'step-started', key, kind: 'do', at: Date.now() });
    const { attempts: attempt = 1, failures = 0, interrupted = false } = find(key) ?? {};
    const context = { attempt, interrupted, idempotencyKey: `${id}/${key}` };
    const ended = await tryOnce(runId, work, context, signal, options.timeout);
    const at = Date.now();
    if (!('error' in ended)) return append({ type: 'step-succeeded', key, at, result: ended.result });
    const { error, isFinal } = ended;
    if (isFinal || failures >= (retries?.limit ?? 0)) return append({ type: 'step-failed', key, at, error });
    append({ type: 'step-failed', key, at, error, retryAt: at + delayAfter(failures + 1, retries) });
  }
}

type Ended = { readonly result: unknown } | { readonly error: Failure; readonly isFinal: boolean };

/** One attempt. Never rejects. */
async function tryOnce(
  runId: RunId,
  work: Work,
  context: Omit<StepContext, 'signal'>,
  over: AbortSignal,
  timeout: number | undefined,
): Promise<Ended> {
  const attempt = new AbortController();
  const abort = () => attempt.abort(over.reason);
  over.addEventListener('abort', abort);
  const timer = new AbortController();
  try {
    const working = (async () => work({ ...context, signal: attempt.signal }))();
    const result = await (timeout === undefined
      ? working
      : Promise.race([working, expiry(timeout, attempt, timer.signal)]));
    try {
      return { result: captureToStore(result, 'result', 'The step has run, and is not tried again.') };
    } catch (thrown) {
      const { code, detail, context } = reasonOf(thrown);
      const error = new WorkflowError(code, detail, { operation: 'step.do', runId, ...context });
      return { error: toFailure(error), isFinal: true };
    }
  } catch (thrown) {
    return { error: toFailure(thrown), isFinal: Object(thrown).name === 'NonRetryableError' };
  } finally {
    timer.abort();
    over.removeEventListener('abort', abort);
  }
}

async function expiry(ms: number, attempt: AbortController, done: AbortSignal): Promise<never> {
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
  if (!find(key)) append({ type: 'step-started', key, kind: 'sleep', at: Date.now(), until: at });
  await sleep(at, most, signal);
  await append({ type: 'step-succeeded', key, at: Date.now(), result: undefined });
}

async function waitStep(
  { find, append, openInbox, isReceived, report }: StepServices,
  key: string,
  signal: AbortSignal,
  { type, timeout }: WaitOptions,
): Promise<void> {
  const now = Date.now();
  const until = find(key)?.wakesAt ?? (timeout === undefined ? undefined : now + timeout);
  if (!find(key))
    append({ type: 'step-started', key, kind: 'wait', at: now, ...(until !== undefined && { until }) });
  const done = new AbortController();
  const end = () => done.abort();
  signal.addEventListener('abort', end);
  const due = until === undefined ? never() : sleep(until, timeout ?? 0, done.signal).then(() => true);
  const inbox = await openInbox();
  const isFor = (event: InboxEvent) =>
    event.type === type && !(until !== undefined && event.at > until) && !isReceived(event);
  for (let isDue = false; ; ) {
    const { changed } = inbox;
    // Also every minute: a notice can be lost, and some platforms have none.
    await inbox.refresh().catch((error: unknown) => signal.aborted || report(error));
    const { events } = inbox;
    const index = events.findIndex(isFor);
    const event = events[index];
    if (event || isDue) {
      end();
      const at = Date.now();
      if (!event) return append({ type: 'step-failed', key, at, error: toFailure(timedOut(timeout ?? 0)) });
      const { id, payload } = event;
      const result = { type, payload, at: event.at };
      return append({ type: 'step-succeeded', key, at, result, eventId: id, eventSeq: index + 1 });
    }
    const minute = delay(MINUTE, done.signal).then(() => false);
    isDue = await Promise.race([due, minute, changed.then(() => false)]);
  }
}
