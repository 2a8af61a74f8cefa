import { isKernelError, KernelError } from 'rewake';
import {
  deleteWorkflow,
  NonRetryableError,
  openWorkflow,
  type Step,
  type StepContext,
  WorkflowError,
} from 'rewake/workflow';
import { describe, expect, test, vi } from 'vitest';
import {
  crash,
  deferred,
  journal,
  log,
  open,
  options,
  pass,
  refusal,
  START,
  scene,
  settle,
} from './workflow-scene.ts';

describe('a step', () => {
  test('is recorded once, under its name and occurrence, and so is the result of the workflow', async () => {
    const flow = await open(async (step) => {
      const a = await step.do('a', () => 1);
      const b = await step.do('a', async () => a + 1);
      return [a, b];
    });
    expect(await flow.result).toEqual([1, 2]);
    const steps = ['a#1 started', 'a#1 succeeded', 'a#2 started', 'a#2 succeeded'];
    expect(await log()).toEqual(['begun', ...steps, 'completed']);
    expect(flow.status).toBe('completed');
    expect(scene.reports).toEqual([]);
  });

  test('that succeeded is not executed again, after a close, a crash or the end', async () => {
    const calls: string[] = [];
    const gate = deferred();
    const body = async (step: Step) => {
      const a = await step.do('a', () => calls.push('a'));
      await step.do('b', () => {
        calls.push('b');
        return gate.promise;
      });
      return a;
    };
    await open(body);
    await settle();
    await crash();
    const second = await open(body);
    await settle();
    expect(calls).toEqual(['a', 'b', 'b']);
    await second.close();
    gate.resolve();
    const third = await open(body);
    expect(await third.result).toBe(1);
    expect(await (await open(body)).result).toBe(1);
    expect(calls).toEqual(['a', 'b', 'b', 'b']);
  });

  test('begins only when its start is durable, and resolves only when its outcome is', async () => {
    const { events } = scene.stores;
    const append = events.append.bind(events);
    const gates = [deferred(), deferred()];
    const seen: string[] = [];
    const flow = await open(async (step) => {
      await step.do('a', () => void seen.push('executed'));
      seen.push('resolved');
    });
    let count = 0;
    events.append = async (...args) => {
      await gates[count++]?.promise;
      return append(...args);
    };
    await settle();
    expect(seen).toEqual([]);
    gates[0]?.resolve();
    await settle();
    expect(seen).toEqual(['executed']);
    gates[1]?.resolve();
    await flow.result;
    expect(seen).toEqual(['executed', 'resolved']);
  });

  test('that was interrupted is executed again with the same key, and is told so', async () => {
    const seen: Omit<StepContext, 'signal'>[] = [];
    const gate = deferred();
    const body = async (step: Step) => {
      await step.do('a', { retries: { limit: 1, delay: 0 } }, async ({ signal: _, ...context }) => {
        seen.push(context);
        if (seen.length === 3) throw new Error('once');
        if (seen.length < 3) await gate.promise;
      });
      await step.do('a', ({ idempotencyKey }) => {
        expect(idempotencyKey).not.toBe(seen[0]?.idempotencyKey);
      });
    };
    await open(body);
    await settle();
    await crash();
    const closed = await open(body);
    await settle();
    await closed.close();
    await (await open(body)).result;
    const { idempotencyKey } = seen[0] as StepContext;
    expect(seen).toEqual([
      { idempotencyKey, attempt: 1, interrupted: false },
      { idempotencyKey, attempt: 2, interrupted: true },
      { idempotencyKey, attempt: 3, interrupted: true },
      { idempotencyKey, attempt: 4, interrupted: true },
    ]);
  });

  test('has another key in a workflow that was deleted and begun anew', async () => {
    const keys: string[] = [];
    const body = async (step: Step) => step.do('a', ({ idempotencyKey }) => void keys.push(idempotencyKey));
    await (await open(body)).result;
    await deleteWorkflow({ runId: 'a', stores: scene.stores });
    await (await open(body)).result;
    expect(new Set(keys).size).toBe(2);
  });

  test('gives the body a copy of its result, live and after a replay', async () => {
    class Point {
      x = 1;
    }
    const seen: unknown[] = [];
    const gate = deferred();
    const body = async (step: Step) => {
      const point = await step.do('a', () => new Point());
      seen.push(point.constructor.name, point.x);
      point.x = 2;
      await step.do('b', () => gate.promise);
      return point;
    };
    const flow = await open(body);
    await settle();
    expect(flow.getState().steps[0]?.result).toEqual({ x: 1 });
    await crash();
    gate.resolve();
    expect(await (await open(body)).result).toEqual({ x: 2 });
    expect(seen).toEqual(['Object', 1, 'Object', 1]);
  });

  test('whose result cannot be stored has run: it fails with the place, and is not tried again', async () => {
    let calls = 0;
    const body = async (step: Step) =>
      step
        .do('a', { retries: { limit: 5, delay: 0 } }, () => ({
          items: [{ onClick: () => calls++ }, ++calls],
        }))
        .catch((error) => error);
    const flow = await open(body);
    const error = (await flow.result) as Error;
    expect(error.message).toBe(
      'Run "a", step.do: result.items[0].onClick cannot be stored. The step has run, and is not tried again.',
    );
    expect(calls).toBe(1);
    expect(flow.getState().steps).toMatchObject([{ status: 'failed', attempts: 1 }]);
    await open(
      async (step) => {
        await step
          .do('a', () => {})
          .catch((error) => expect(isKernelError(error, 'not-cloneable')).toBe(true));
      },
      { runId: 'b' },
    );
  });

  test('with a bad argument rejects with invalid-argument, and nothing is recorded of it', async () => {
    const flow = await open(async (step) => {
      const calls: Promise<unknown>[] = [
        step.do('', () => {}),
        step.do('a', { retries: { limit: -1 } }, () => {}),
        step.do('a', { timeout: Number.NaN }, () => {}),
        step.do('a', 'no function' as never),
        step.sleep('a', -1),
        step.sleepUntil('a', new Date('never')),
        step.waitForEvent('a', { type: '' }),
      ];
      for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'invalid-argument' });
    });
    await flow.result;
    expect(await log()).toEqual(['begun', 'completed']);
  });
});

describe('retries', () => {
  test('are made as often as the limit says, after the stored delays, and count over crashes', async () => {
    const times: number[] = [];
    const body = async (step: Step) =>
      step.do('a', { retries: { limit: 3, delay: 1_000 } }, ({ attempt }) => {
        times.push(Date.now() - START);
        throw new Error(`no ${attempt}`);
      });
    const first = await open(body);
    await settle();
    expect(first.status).toBe('waiting');
    expect(first.wakesAt).toBe(START + 1_000);
    await pass(1_000);
    await pass(1_000);
    await crash();
    const flow = await open(body);
    await pass(999);
    expect(times).toEqual([0, 1_000]);
    await pass(1);
    await pass(4_000);
    await expect(flow.result).rejects.toMatchObject({ code: 'failed', cause: { message: 'no 4' } });
    expect(times).toEqual([0, 1_000, 3_000, 7_000]);
    expect(flow.getState().steps).toMatchObject([{ attempts: 4, failures: 4, status: 'failed' }]);
  });

  test.each([
    ['constant', [0, 10, 20, 30]],
    ['linear', [0, 10, 30, 60]],
    ['exponential', [0, 10, 30, 70]],
  ] as const)('with a %s backoff', async (backoff, expected) => {
    const times: number[] = [];
    const flow = await open((step) =>
      step.do('a', { retries: { limit: 3, delay: 10, backoff } }, () => {
        times.push(Date.now() - START);
        throw new Error('no');
      }),
    );
    for (let ms = 0; ms < 80; ms += 10) await pass(10);
    await expect(flow.result).rejects.toBeInstanceOf(WorkflowError);
    expect(times).toEqual(expected);
  });

  test('wait a day at most between two attempts, for ever if the limit is Infinity', async () => {
    const times: number[] = [];
    const flow = await open((step) =>
      step.do('a', { retries: { limit: Number.POSITIVE_INFINITY, delay: 40_000_000 } }, ({ attempt }) => {
        times.push(Date.now() - START);
        if (attempt < 4) throw new Error('no');
      }),
    );
    for (const ms of [40_000_000, 80_000_000, 86_400_000]) await pass(ms);
    await flow.result;
    expect(times).toEqual([0, 40_000_000, 120_000_000, 206_400_000]);
  });

  test('are not made without the option, nor after a NonRetryableError, of another copy of the package too', async () => {
    const calls: string[] = [];
    const errors = [
      new NonRetryableError('stop'),
      Object.assign(new Error('stop'), { name: 'NonRetryableError' }),
    ];
    const flow = await open(async (step) => {
      const plain = step.do('plain', () => {
        calls.push('plain');
        throw new Error('no');
      });
      await plain.catch(() => {});
      for (const error of errors) {
        const failing = step.do('final', { retries: { limit: 3 } }, () => {
          calls.push('final');
          throw error;
        });
        await expect(failing).rejects.toMatchObject({ name: 'NonRetryableError', message: 'stop' });
      }
    });
    await flow.result;
    expect(calls).toEqual(['plain', 'final', 'final']);
  });
});

describe('a timeout', () => {
  test('aborts the signal and fails the attempt; what comes of it later does not matter', async () => {
    const signals: AbortSignal[] = [];
    const late = deferred<string>();
    const flow = await open((step) =>
      step.do('a', { timeout: 5_000, retries: { limit: 1, delay: 1_000 } }, async ({ signal, attempt }) => {
        signals.push(signal);
        return attempt === 1 ? late.promise : 'in time';
      }),
    );
    await pass(4_999);
    expect(signals[0]?.aborted).toBe(false);
    await pass(1);
    expect(signals[0]?.reason).toMatchObject({ name: 'TimeoutError' });
    late.resolve('late');
    await pass(1_000);
    expect(await flow.result).toBe('in time');
    expect(flow.getState().steps).toMatchObject([{ attempts: 2, failures: 1, status: 'succeeded' }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('leaves the signal alone and no timer behind if the work is faster', async () => {
    let seen: AbortSignal | undefined;
    const flow = await open((step) =>
      step.do('a', { timeout: 5_000 }, ({ signal }) => {
        seen = signal;
      }),
    );
    await flow.result;
    expect(vi.getTimerCount()).toBe(0);
    expect(seen?.aborted).toBe(false);
  });
});

describe('errors', () => {
  /** What the body catches, live and after a crash. */
  async function caught(thrown: () => unknown): Promise<unknown[]> {
    const runId = crypto.randomUUID();
    const seen: unknown[] = [];
    const gate = deferred();
    const body = async (step: Step) => {
      await step
        .do('a', () => {
          throw thrown();
        })
        .catch((error: unknown) => seen.push(error));
      await step.do('b', () => gate.promise);
    };
    await open(body, { runId });
    await settle();
    await crash();
    gate.resolve();
    await (await open(body, { runId })).result;
    expect(seen).toHaveLength(2);
    return seen;
  }

  test('keep their name, message, stack, cause and fields', async () => {
    class HttpError extends TypeError {
      override name = 'HttpError';
      status = 404;
      retry = () => {};
    }
    const original = new HttpError('gone', { cause: new RangeError('why', { cause: 'text' }) });
    for (const error of await caught(() => original)) {
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toHaveProperty('retry');
      const { name, message, stack, status, cause } = error as HttpError;
      expect([name, message, stack, status]).toEqual(['HttpError', 'gone', original.stack, 404]);
      expect(cause).toMatchObject({ name: 'RangeError', message: 'why', cause: 'text' });
    }
  });

  test('need not be errors, nor anything that can be stored', async () => {
    for (const error of await caught(() => ({ code: 7 }))) expect(error).toEqual({ code: 7 });
    for (const error of await caught(() => undefined)) expect(error).toBe(undefined);
    for (const error of await caught(() => () => 'function'))
      expect(error).toMatchObject({ name: 'Error', message: expect.stringContaining('function') });
    const hostile = Object.defineProperty(new Error(), 'message', {
      get() {
        throw new Error('no');
      },
    });
    for (const error of await caught(() => hostile)) expect(error).toBeInstanceOf(Error);
    const circular = new Error('circular');
    circular.cause = circular;
    for (const error of await caught(() => circular)) expect(error).toMatchObject({ message: 'circular' });
  });

  test('of the body end the workflow: the result rejects with them as the cause, now and later', async () => {
    const body = async () => {
      throw new TypeError('oops', { cause: 1 });
    };
    const flow = await open(body);
    const failed = refusal('failed');
    await expect(flow.result).rejects.toEqual(failed);
    const again = (await open(body)).result.catch((error) => error);
    expect(await again).toBeInstanceOf(WorkflowError);
    expect(await again).toMatchObject({
      message: 'Run "a", workflow: its body threw: TypeError: oops',
      cause: { name: 'TypeError', message: 'oops', cause: 1 },
    });
    expect(flow.status).toBe('failed');
    expect(await log()).toEqual(['begun', 'failed']);
  });

  test('a result of the body that cannot be stored is one', async () => {
    const flow = await open(async () => () => {});
    await expect(flow.result).rejects.toMatchObject({ code: 'failed', cause: { code: 'not-cloneable' } });
  });

  test('a saga compensates with try and catch', async () => {
    const done: string[] = [];
    const flow = await open(async (step) => {
      const undo: (() => Promise<void>)[] = [];
      try {
        await step.do('hotel', () => void done.push('hotel'));
        undo.push(() => step.do('cancel hotel', () => void done.push('cancel hotel')));
        await step.do('flight', () => {
          throw new Error('full');
        });
      } catch (error) {
        for (const compensate of undo.reverse()) await compensate();
        throw error;
      }
    });
    await expect(flow.result).rejects.toMatchObject({ cause: { message: 'full' } });
    expect(done).toEqual(['hotel', 'cancel hotel']);
  });
});

describe('the life of a workflow', () => {
  const endless = async (step: Step) => {
    await step.do('a', () => 1);
    await step.do('b', ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', reject)));
  };

  test('close appends nothing, aborts the signal, and the body goes no further', async () => {
    const seen: unknown[] = [];
    const flow = await open(async (step) => {
      try {
        await step.do('a', async ({ signal }) => {
          signal.addEventListener('abort', () => seen.push(signal.reason));
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          return 'aborted';
        });
        seen.push('resolved');
      } catch {
        seen.push('caught');
      } finally {
        seen.push('finally');
      }
    });
    await settle();
    await flow.close();
    await settle();
    expect(seen).toEqual([refusal('closed')]);
    await expect(flow.result).rejects.toEqual(refusal('closed'));
    expect(await log()).toEqual(['begun', 'a#1 started']);
    expect(flow.status).toBe('stopped');
    expect(scene.reports).toEqual([]);
    await flow.close();
  });

  test('a signal does the same, with its reason, and gives up an opening', async () => {
    const controller = new AbortController();
    const flow = await open(endless, { signal: controller.signal });
    await settle();
    controller.abort('away');
    await expect(flow.result).rejects.toMatchObject({ code: 'aborted', cause: 'away' });
    await settle();
    expect(await log()).toEqual(['begun', 'a#1 started', 'a#1 succeeded', 'b#1 started']);
    await expect(open(endless, { signal: controller.signal })).rejects.toEqual(refusal('aborted'));
    // Nobody owns it then.
    await open(endless, { ifOwned: 'fail' });
  });

  test('cancel is recorded, aborts the signal, and is for good', async () => {
    const flow = await open(endless);
    const changes: string[] = [];
    flow.subscribe(() => changes.push(flow.status));
    await settle();
    await flow.cancel(new Error('changed my mind'));
    await expect(flow.result).rejects.toMatchObject({
      code: 'cancelled',
      cause: { message: 'changed my mind' },
    });
    expect(await log()).toEqual(['begun', 'a#1 started', 'a#1 succeeded', 'b#1 started', 'cancelled']);
    expect(changes.at(-1)).toBe('cancelled');
    const again = await open(endless);
    await expect(again.result).rejects.toEqual(refusal('cancelled'));
    await again.cancel();
    expect(await log()).toHaveLength(5);
  });

  test('cancel aborts the signal at once, before it is durable', async () => {
    let signal: AbortSignal | undefined;
    const flow = await open((step) =>
      step.do('a', (context) => {
        signal = context.signal;
        return new Promise(() => {});
      }),
    );
    await settle();
    const cancelling = flow.cancel('enough');
    expect(signal?.reason).toBe('enough');
    await cancelling;
  });

  test('cancel after a close rejects; what a listener sees at the end is stopped', async () => {
    const flow = await open(endless);
    const changes: string[] = [];
    flow.subscribe(() => changes.push(flow.status));
    await settle();
    await flow.close();
    await expect(flow.cancel()).rejects.toEqual(refusal('closed'));
    expect(changes).toEqual(['running', 'running', 'running', 'stopped']);
  });

  test('is let go of at its end, also by await using', async () => {
    await (await open(async () => 1)).result;
    await settle();
    {
      await using flow = await openWorkflow({ ...options(endless), ifOwned: 'fail', runId: 'b' });
      expect(flow.status).toBe('running');
    }
    const next = await open(endless, { ifOwned: 'fail', runId: 'b' });
    expect(next.status).toBe('running');
    expect((await open(async () => 2, { ifOwned: 'fail' })).status).toBe('completed');
  });

  test('the input is stored when it begins, and each execution gets a copy of it', async () => {
    const seen: unknown[] = [];
    const gate = deferred();
    const run = async ({ input }: { input: { list: number[] } }, step: Step) => {
      seen.push(structuredClone(input));
      input.list.push(2);
      await step.do('a', () => gate.promise);
    };
    const input = { list: [1] };
    const common = { ...options(endless), run: run as never };
    const first = await openWorkflow({ ...common, input });
    await settle();
    // It saves a snapshot, in which the input is as it was.
    await first.close();
    scene.open.push(await openWorkflow({ ...common, input }));
    await settle();
    await crash();
    const flow = await openWorkflow({ ...common, stores: scene.stores, input: { list: [3] } });
    scene.open.push(flow);
    gate.resolve();
    await flow.result;
    expect(seen).toEqual([{ list: [1] }, { list: [1] }, { list: [1] }]);
  });

  test('an input that cannot be stored, and bad options, are refused before anything is touched', async () => {
    await expect(open(endless, { input: { f: () => {} } })).rejects.toMatchObject({
      code: 'not-cloneable',
      message: expect.stringContaining('input.f'),
    });
    for (const wrong of [{ run: 1 }, { runId: '' }, { version: 0 }, { ifOwned: 'maybe' }, { signal: {} }])
      await expect(open(endless, wrong as never)).rejects.toMatchObject({ code: 'invalid-argument' });
    expect(await scene.stores.events.runIds()).toEqual([]);
  });

  test('a listener sees each change, and getState keeps its reference until then', async () => {
    const gate = deferred();
    const flow = await open((step) => step.do('a', () => gate.promise));
    let state = flow.getState();
    const states: unknown[] = [];
    const end = flow.subscribe(() => {
      states.push(state === flow.getState());
      state = flow.getState();
    });
    await settle();
    expect(flow.getState()).toBe(state);
    expect(state).toEqual({
      status: 'running',
      since: START,
      version: 1,
      steps: [
        {
          ...{ key: 'a#1', kind: 'do', seq: 2, status: 'running', startedAt: START },
          ...{ attempts: 1, failures: 0, interrupted: false },
        },
      ],
    });
    gate.resolve();
    await flow.result;
    expect(flow.getState().steps).toMatchObject([{ status: 'succeeded', endedAt: START, result: undefined }]);
    // The last call tells that it was closed.
    await settle();
    expect(states).toEqual([false, false, false, true]);
    end();
  });

  test('a store that refuses stops it; what is recorded is kept', async () => {
    const { events } = scene.stores;
    const append = events.append;
    const flow = await open(endless);
    events.append = async () => {
      throw new KernelError('quota', 'injected', { operation: 'append' });
    };
    await expect(flow.result).rejects.toMatchObject({ code: 'quota' });
    expect(flow.status).toBe('stopped');
    events.append = append;
    expect((await journal()).length).toBe(1);
    await open(endless, { ifOwned: 'fail' });
  });
});
