import { randomId } from '../backends/random-id.ts';
import type { SequencedEvent } from '../contracts/event-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import {
  type ErrorCode,
  type ErrorContext,
  type KernelError,
  WorkflowError,
} from '../errors/kernel-error.ts';
import { describe, toKernelError, withContext } from '../errors/reason.ts';
import { reportTo } from '../run/report.ts';
import type { Run, RunStores } from '../run/run.ts';
import { captureToStore } from './capture-to-store.ts';
import { never } from './clock.ts';
import { Execution } from './execution.ts';
import { revive, toFailure } from './failure.ts';
import { foldInbox, type Inbox, openInbox } from './inbox.ts';
import type { Folded, JournalEvent, JournalState, NewEvent } from './journal.ts';
import { newStep } from './steps.ts';
import { viewOf, type WorkflowState, type WorkflowStatus } from './view.ts';
import type { Workflow, WorkflowOptions } from './workflow.ts';

type Journal = Run<JournalState, JournalEvent>;

export class LiveWorkflow<I, R> implements Workflow<R> {
  readonly runId: RunId;
  readonly result: Promise<R>;
  readonly #options: WorkflowOptions<I, R>;
  readonly #stores: RunStores<unknown, unknown>;
  readonly #journal: Journal;
  readonly #report: (error: unknown) => void;
  #settle: { resolve(result: R): void; reject(error: KernelError): void };
  /** Whether a former owner may still append until this one has. */
  #isStolen: boolean;
  #execution: Execution | undefined;
  #inbox: Promise<Inbox> | undefined;
  /** Why this object does not go on. */
  #stopped: KernelError | undefined;

  constructor(options: WorkflowOptions<I, R>, stores: RunStores<unknown, unknown>, journal: Journal) {
    const { runId, ifOwned, onError, signal } = options;
    this.runId = runId;
    this.#options = options;
    this.#stores = stores;
    this.#journal = journal;
    this.#isStolen = ifOwned === 'steal';
    this.#report = reportTo(onError, 'workflow', runId);
    this.#settle = { resolve() {}, reject() {} };
    this.result = new Promise<R>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // If nobody awaits it: the journal has the failure, and `onError` was told of anything else.
    this.result.catch(() => {});
    journal.onEvent((event) => this.#deliver(event));
    journal.closed.then((error) => error && this.#stop(error));
    const abort = () =>
      this.#stop(this.#error('aborted', 'it was stopped by its signal.', { cause: signal?.reason }));
    signal?.addEventListener('abort', abort);
    journal.closed.then(() => signal?.removeEventListener('abort', abort));
  }

  get status(): WorkflowStatus | 'stopped' {
    const { status } = this.getState();
    return this.#stopped && !this.#journal.state.end ? 'stopped' : status;
  }

  get wakesAt(): number | undefined {
    return this.getState().wakesAt;
  }

  readonly getState = (): WorkflowState => viewOf(this.#journal.state);

  readonly subscribe = (listener: () => void): (() => void) => this.#journal.subscribe(listener);

  readonly cancel = async (reason?: unknown): Promise<void> => {
    if (this.#journal.state.end) return;
    if (this.#stopped) throw this.#stopped;
    this.#execution?.abandon(reason);
    await this.#mayAppend();
    if (!this.#journal.state.end)
      await this.#append({ type: 'workflow-cancelled', error: toFailure(reason) });
    this.#end();
  };

  readonly close = (): Promise<void> => {
    this.#stop(this.#error('closed', 'it has been closed. Open it again to go on.'));
    return this.#journal.close();
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Resolves when the workflow has begun, and its body is being executed unless it has ended. `input` is nobody else's. */
  async start(input: unknown): Promise<void> {
    if (!this.#journal.state.begun) {
      // What a former owner may still have begun.
      await this.#mayAppend();
      if (!this.#journal.state.begun) await this.#begin(input);
    }
    if (!this.#stopped) this.#execute();
  }

  #begin(input: unknown, more?: { readonly folded: Folded }): Promise<Seq> {
    const { version = 1 } = this.#options;
    return this.#append({ type: 'workflow-begun', id: randomId(), input, version, ...more });
  }

  #append(event: NewEvent): Promise<Seq> {
    return this.#journal.append({ ...event, at: Date.now() });
  }

  /** Calls the body, over what the journal says now. */
  #execute(): void {
    const { begun, end } = this.#journal.state;
    if (end) this.#end();
    if (end || !begun) return;
    const execution = new Execution({
      state: this.#journal.state,
      mayAppend: async () => {
        const may = await this.#mayAppend();
        // The former owner was faster: this execution has not done anything yet, and the next one knows it.
        if (!may && this.#execution === execution) this.#execute();
        return may;
      },
      onError: (error) => this.#fail(error),
      onMismatch: ({ key, kind, seq }, what) =>
        this.#fail(
          this.#error(
            'non-deterministic',
            `the event ${seq} of its journal is the step ${key} ('${kind}'), but ${what}. Has the code changed? Nothing ` +
              'was appended: the code that began it can go on.',
            { seq },
          ),
        ),
    });
    this.#execution?.abandon(undefined);
    this.#execution = execution;
    // If the journal refuses, it closes, and so does this.
    const append = async (event: NewEvent): Promise<void> =>
      void (await (execution.isOver ? never() : this.#append(event).catch(never)));
    const step = newStep({
      runId: this.runId,
      id: begun.id,
      execution,
      find: (key) => this.#journal.state.open.find((step) => step.key === key),
      append,
      openInbox: () => {
        this.#inbox ??= openInbox(this.runId, this.#stores, this.#options.onError);
        return this.#inbox;
      },
      receivedIds: this.#receivedIds,
      restart: async (input) => {
        const inbox = await this.#inbox;
        const seq = await this.#begin(input, inbox && { folded: inbox.state.folded }).catch(never);
        // What came before is in no later opening's way.
        this.#journal.snapshot().catch(this.#report);
        if (inbox) {
          foldInbox(this.#stores.events, inbox, this.#receivedIds(), seq).catch(this.#report);
          this.#inbox = undefined;
          inbox.close();
        }
        this.#execute();
      },
      report: this.#report,
    });
    const body = async () => this.#options.run({ input: copy<I>(begun.input), version: begun.version }, step);
    const finish = (what: string, event: NewEvent) =>
      execution.finish(what, async () => {
        await append(event);
        this.#end();
      });
    body()
      .then((result) =>
        withContext(WorkflowError, 'workflow', this.runId, () => captureToStore(result, 'result')),
      )
      .then(
        (result) => finish('the body returns', { type: 'workflow-completed', result }),
        (thrown) =>
          finish(`the body throws ${describe(thrown)}`, {
            type: 'workflow-failed',
            error: toFailure(thrown),
          }),
      );
  }

  #deliver({ event }: SequencedEvent<JournalEvent>): void {
    if (event.type === 'step-succeeded' || (event.type === 'step-failed' && event.retryAt === undefined))
      this.#execution?.deliver(event);
  }

  readonly #receivedIds = (): ReadonlySet<string> =>
    new Set(this.#journal.state.received.flat().map(({ id }) => id));

  /** Whether the journal is what the execution has read. After a theft, the first append finds out. */
  async #mayAppend(): Promise<boolean> {
    if (!this.#isStolen) return true;
    this.#isStolen = false;
    const expected = this.#journal.seq + 1;
    return (await this.#append({ type: 'workflow-taken' })) === expected;
  }

  /** The workflow has ended, and that is durable. */
  #end(): void {
    const { status, result, error } = this.getState();
    if (status === 'completed') this.#settle.resolve(copy<R>(result));
    else if (error) {
      const cause = revive(error);
      const [code, what] =
        status === 'failed'
          ? (['failed', 'its body threw'] as const)
          : (['cancelled', 'it was cancelled'] as const);
      this.#settle.reject(this.#error(code, `${what}: ${describe(cause)}`, { cause }));
    }
    this.#stop(this.#error('closed', 'it has ended.'));
  }

  /** It cannot go on here, and no pending call can tell. */
  #fail(error: unknown): void {
    if (this.#stopped) return;
    const known = toKernelError(WorkflowError, 'workflow', this.runId, error);
    this.#report(known);
    this.#stop(known);
  }

  #stop(reason: KernelError): void {
    if (this.#stopped) return;
    this.#stopped = reason;
    this.#execution?.abandon(reason);
    this.#inbox?.then(
      (inbox) => inbox.close(),
      () => {},
    );
    this.#settle.reject(reason);
    this.#journal.close();
  }

  #error(code: ErrorCode, detail: string, more?: Pick<ErrorContext, 'cause' | 'seq'>): WorkflowError {
    return new WorkflowError(code, detail, { operation: 'workflow', runId: this.runId, ...more });
  }
}

// What is stored is what the application's own code gave: `T` is its word for it.
const copy = <T>(stored: unknown): T => structuredClone(stored) as T;
