import { openWorkflow, type Step } from 'rewake/workflow';
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
  scene,
  settle,
} from './workflow-scene.ts';

/** Executes `body` until it can only wait, and crashes. */
async function executeAndCrash(body: (step: Step) => Promise<unknown>): Promise<void> {
  await open(body);
  await settle();
  await crash();
}

test('a step that succeeded after a failure is replayed as a success', async () => {
  let attempts = 0;
  const body = async (step: Step) => {
    const result = await step.do('a', { retries: { limit: 1, delay: 500 } }, () => {
      if (attempts++ === 0) throw new Error('not yet');
      return 'A';
    });
    await step.sleep('nap', 1_000);
    return result;
  };
  await open(body);
  await pass(500);
  await crash();
  const flow = await open(body);
  expect(flow.getState().steps[0]).toEqual(expect.not.objectContaining({ error: expect.anything() }));
  await pass(1_000);
  expect(await flow.result).toBe('A');
});

describe('concurrent steps', () => {
  test('begin in the order of the calls, and their outcomes are kept whichever comes first', async () => {
    const gates = { a: deferred<string>(), b: deferred<string>(), c: deferred<string>() };
    const calls: string[] = [];
    const body = (step: Step) =>
      Promise.all(
        (['a', 'b', 'c'] as const).map((name) =>
          step.do(name, () => {
            calls.push(name);
            return gates[name].promise;
          }),
        ),
      );
    await open(body);
    await settle();
    gates.c.resolve('C');
    await settle();
    gates.a.resolve('A');
    await settle();
    await crash();
    gates.b.resolve('B');
    expect(await (await open(body)).result).toEqual(['A', 'B', 'C']);
    expect(calls).toEqual(['a', 'b', 'c', 'b']);
  });

  test('a race is won again by the step that won it, however deep the others are', async () => {
    const gates = [deferred(), deferred()] as const;
    const winners: string[] = [];
    const slowly = async <T>(promise: Promise<T>) => {
      const value = await promise;
      for (let hops = 0; hops < 100; hops++) await undefined;
      return value;
    };
    const end = deferred();
    const body = async (step: Step) => {
      const a = slowly(step.do('a', () => gates[0].promise.then(() => 'a')));
      const b = step.do('b', () => gates[1].promise.then(() => 'b'));
      const winner = await Promise.race([a, b]);
      winners.push(winner);
      // Both branches count the same name: the numbers depend on who goes on first.
      await Promise.all([a, b].map(async (one) => step.do(`after ${await one} won by ${winner}`, () => {})));
      await step.do('end', () => end.promise);
    };
    await open(body);
    await settle();
    gates[0].resolve();
    gates[1].resolve();
    await settle();
    await crash();
    end.resolve();
    await (await open(body)).result;
    expect(winners).toEqual(['a', 'a']);
  });

  test('of two outcomes in one commit the first one wins, live and again', async () => {
    const { events } = scene.stores;
    const append = events.append.bind(events);
    let hold: Promise<void> | undefined;
    events.append = async (...args) => {
      await hold;
      return append(...args);
    };
    const gates = [deferred(), deferred()] as const;
    const winners: string[] = [];
    const end = deferred();
    const body = async (step: Step) => {
      const a = (async () => {
        const name = await step.do('a', () => gates[0].promise.then(() => 'a'));
        for (let hops = 0; hops < 100; hops++) await undefined;
        return name;
      })();
      const b = step.do('b', () => gates[1].promise.then(() => 'b'));
      winners.push(await Promise.race([a, b]));
      await step.do('end', () => end.promise);
    };
    await open(body);
    await settle();
    const released = deferred();
    hold = released.promise;
    const flow = scene.open[0];
    // A first one is in flight; the two outcomes wait behind it and share the next commit.
    gates[0].resolve();
    gates[1].resolve();
    await settle();
    released.resolve();
    await settle();
    expect(flow?.getState().steps).toHaveLength(3);
    await crash();
    end.resolve();
    await (await open(body)).result;
    expect(winners).toEqual(['a', 'a']);
  });

  test('a timeout made of a race and a sleep comes out the same', async () => {
    const late = deferred<string>();
    const end = deferred();
    const seen: unknown[] = [];
    const body = async (step: Step) => {
      const slow = step.do('slow', () => late.promise);
      seen.push(await Promise.race([slow, step.sleep('patience', 1_000)]));
      await step.do('end', () => end.promise);
    };
    await open(body);
    await pass(1_000);
    late.resolve('late');
    await settle();
    await crash();
    end.resolve();
    await (await open(body)).result;
    expect(seen).toEqual([undefined, undefined]);
  });

  test('a step that nobody awaits is given up at the end', async () => {
    let signal: AbortSignal | undefined;
    const flow = await open(async (step) => {
      step.do('never', (context) => {
        signal = context.signal;
        return new Promise(() => {});
      });
      await step.do('a', () => {});
      step.do('too late', () => {});
    });
    await flow.result;
    expect(signal?.aborted).toBe(true);
    expect(await log()).toEqual(['begun', 'never#1 started', 'a#1 started', 'a#1 succeeded', 'completed']);
  });
});

describe('code that does not fit the journal', () => {
  const gate = () => new Promise<void>(() => {});
  const old = async (step: Step) => {
    await step.do('a', () => 1);
    await step.do('b', () => 2);
    await step.do('c', gate);
  };

  const executed: string[] = [];
  const effect = (name: string) => () => void executed.push(name);
  const changed: [string, (step: Step) => Promise<unknown>, number, string, number][] = [
    [
      'a step of another kind',
      async (step) => {
        await step.do('a', effect('a'));
        await step.sleep('b', 1);
      },
      ...([4, "the step b#1 ('do'), but the body calls b#1 as a 'sleep'", 0] as const),
    ],
    [
      'another name in its place',
      async (step) => {
        await step.do('a', effect('a'));
        await step.do('x', effect('x'));
      },
      ...([4, "the step b#1 ('do'), but the body calls x#1", 5_000] as const),
    ],
    [
      'a step put before those that are recorded',
      async (step) => {
        await step.do('x', effect('x'));
        await old(step);
      },
      ...([2, "the step a#1 ('do'), but the body calls x#1", 5_000] as const),
    ],
    [
      'an end that comes too early',
      async (step) => {
        await step.do('a', effect('a'));
      },
      ...([4, "the step b#1 ('do'), but the body returns", 0] as const),
    ],
    [
      'an error that comes too early',
      async () => {
        throw new TypeError('typo');
      },
      ...([2, "the step a#1 ('do'), but the body throws TypeError: typo", 0] as const),
    ],
    [
      'a step in flight that is never reached',
      async (step) => {
        await step.do('a', effect('a'));
        await step.do('b', effect('b'));
        await step.do('x', effect('x'));
      },
      ...([6, "the step c#1 ('do'), but the body calls x#1", 5_000] as const),
    ],
    [
      'a restart that comes too early',
      async (step) => {
        await step.do('a', effect('a'));
        return step.restart(1);
      },
      ...([4, "the step b#1 ('do'), but the body calls step.restart", 0] as const),
    ],
  ];

  test.each(changed)(
    '%s stops it, nothing is appended or executed, and the old code can go on',
    async (_, body, seq, words, after) => {
      executed.length = 0;
      await executeAndCrash(old);
      const before = await journal();
      const snapshots = scene.stores.snapshots;
      const save = vi.spyOn(snapshots, 'save');
      const flow = await open(body, { version: 2 });
      if (after > 0) {
        await pass(after - 1);
        expect(flow.status).toBe('running');
        await pass(1);
      }
      const error: Error = await flow.result.then(
        () => new Error('It has a result.'),
        (error) => error,
      );
      expect(error).toMatchObject({ code: 'non-deterministic', seq, name: 'WorkflowError' });
      expect(error.message).toContain(`the event ${seq} of its journal is ${words}. Has the code changed?`);
      expect(scene.reports).toEqual([error]);
      await settle();
      expect(await journal()).toEqual(before);
      expect([executed, save.mock.calls, flow.status]).toEqual([[], [], 'stopped']);
      // It owns nothing, and no snapshot of version 2 locks the old code out.
      const again = await open(old, { ifOwned: 'fail' });
      await settle();
      expect(again.getState().steps.map(({ attempts }) => attempts)).toEqual([1, 1, 2]);
    },
  );

  test('concurrent steps called one after the other are found out after 5 s, too', async () => {
    const gates = [deferred(), deferred()] as const;
    await open((step) =>
      Promise.all([step.do('a', () => gates[0].promise), step.do('b', () => gates[1].promise)]),
    );
    await settle();
    gates[1].resolve();
    await settle();
    await crash();
    const flow = await open(async (step) => {
      await step.do('a', () => {});
      await step.do('b', () => {});
    });
    await pass(5_000);
    await expect(flow.result).rejects.toMatchObject({ code: 'non-deterministic', seq: 3 });
  });

  test('a body that awaits something else for less than 5 s is not taken for one', async () => {
    const hash = async (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const gates = { slow: deferred(), fast: deferred() };
    const times = { slow: 10, fast: 20 };
    const body = (step: Step) =>
      Promise.all(
        (['slow', 'fast'] as const).map(async (name) => {
          await hash(times[name]);
          await step.do(name, () => gates[name].promise);
        }),
      );
    await open(body);
    await pass(15);
    gates.slow.resolve();
    await settle();
    await crash();
    // The other one is faster now, and is not recorded yet: it waits for the one that is.
    times.slow = 4_000;
    const flow = await open(body);
    gates.fast.resolve();
    await pass(3_999);
    expect(await log()).toEqual(['begun', 'slow#1 started', 'slow#1 succeeded']);
    await pass(1);
    await flow.result;
  });

  test('the version tells the body with which code it began, and code that is too old changes nothing', async () => {
    const seen: number[] = [];
    const body = async ({ version }: { version: number }, step: Step) => {
      seen.push(version);
      if (version >= 2) await step.do('new', () => {});
      await step.do('a', () => (seen.length === 1 ? gate() : undefined));
    };
    const common = { ...options(old), run: body };
    scene.open.push(await openWorkflow({ ...common, version: 1 }));
    await settle();
    await crash();
    const flow = await openWorkflow({ ...common, stores: scene.stores, version: 2 });
    await flow.result;
    expect(seen).toEqual([1, 1]);
    await expect(openWorkflow({ ...common, stores: scene.stores, version: 1 })).rejects.toEqual(
      refusal('newer-version'),
    );
    const fresh = await openWorkflow({ ...common, stores: scene.stores, runId: 'b', version: 2 });
    await fresh.result;
    expect(seen).toEqual([1, 1, 2]);
  });

  test('upcast turns what an older version recorded into what the body expects today', async () => {
    const end = deferred();
    const body = async (step: Step) => {
      const name = await step.do('name', (): unknown => 'Ann');
      await step.do('end', () => end.promise);
      return name;
    };
    const first = await open(body);
    await settle();
    await first.close();
    end.resolve();
    const flow = await open(body, {
      version: 2,
      upcast: (event) => {
        const { type, result } = Object(event);
        return type === 'step-succeeded' && typeof result === 'string'
          ? { ...Object(event), result: { first: result } }
          : event;
      },
    });
    expect(await flow.result).toEqual({ first: 'Ann' });
  });
});

describe('a restart', () => {
  test('begins anew with another input, an empty journal, other keys and the version of the code', async () => {
    const seen: unknown[] = [];
    const keys = new Set<string>();
    const gate = deferred();
    const run = async ({ input, version }: { input: number; version: number }, step: Step) => {
      seen.push([input, version]);
      await step.do('a', ({ idempotencyKey }) => void keys.add(idempotencyKey));
      if (input === 3) await step.do('wait', () => gate.promise);
      return input < 5 ? step.restart(input + 1) : 'done';
    };
    const common = { ...options(async () => {}), run };
    scene.open.push(await openWorkflow({ ...common, input: 1 }));
    await settle();
    await crash();
    gate.resolve();
    const flow = await openWorkflow({ ...common, stores: scene.stores, input: 1, version: 2 });
    expect(await flow.result).toBe('done');
    expect(seen).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [3, 1],
      [4, 2],
      [5, 2],
    ]);
    expect(keys.size).toBe(5);
    expect(flow.getState().steps.map(({ key }) => key)).toEqual(['a#1']);
  });

  test('saves a snapshot, so that no later opening reads what came before', async () => {
    const run = async ({ input }: { input: number }, step: Step): Promise<void> => {
      for (let steps = 0; steps < 20; steps++) await step.do('a', () => steps);
      if (input < 3) return step.restart(input + 1);
      await step.do('wait', () => new Promise(() => {}));
    };
    scene.open.push(await openWorkflow({ ...options(async () => {}), run, input: 1 }));
    for (let turns = 0; turns < 10; turns++) await settle();
    await crash();
    const scan = vi.spyOn(scene.stores.events, 'scan');
    const flow = await openWorkflow({ ...options(async () => {}), run, input: 1 });
    scene.open.push(flow);
    // Two times 41 events come before the last beginning, whose snapshot holds nothing else, and 41 after it.
    expect(scan.mock.calls).toEqual([['a', 84, 41]]);
  });

  test('gives up what still runs, and its outcome is not recorded', async () => {
    const late = deferred();
    const next = deferred();
    let signal: AbortSignal | undefined;
    const run = async ({ input }: { input: number }, step: Step): Promise<void> => {
      if (input === 2) return step.do('a', () => next.promise);
      step.do('a', (context) => {
        signal = context.signal;
        return late.promise;
      });
      await step.do('b', () => {});
      return step.restart(2);
    };
    const flow = await openWorkflow({ ...options(async () => {}), run, input: 1 });
    scene.open.push(flow);
    await settle();
    expect(signal?.aborted).toBe(true);
    // Of the step of this name that runs now, it says nothing.
    late.resolve();
    await settle();
    expect(flow.status).toBe('running');
    next.resolve();
    await flow.result;
    const restarted = ['begun', 'a#1 started', 'a#1 succeeded', 'completed'];
    expect(await log()).toEqual(['begun', 'a#1 started', 'b#1 started', 'b#1 succeeded', ...restarted]);
  });
});

test('snapshots are saved as the journal doubles, and a workflow recovers from them', async () => {
  const calls: number[] = [];
  const body = async (step: Step) => {
    let sum = 0;
    for (let index = 0; index < 1_500; index++)
      sum += await step.do('add', () => {
        calls.push(index);
        return index;
      });
    await step.do('wait', () => new Promise(() => {}));
    return sum;
  };
  const save = vi.spyOn(scene.stores.snapshots, 'save');
  const flow = await open(body);
  while (calls.length < 1_500) await settle();
  await settle();
  expect(save.mock.calls.map(([{ atSeq }]) => atSeq)).toEqual([1_000, 2_000]);
  await flow.close();
  const scan = vi.spyOn(scene.stores.events, 'scan');
  const again = await open(async (step) => {
    let sum = 0;
    for (let index = 0; index < 1_500; index++) sum += await step.do('add', () => Number.NaN);
    await step.do('wait', () => {});
    return sum;
  });
  expect(await again.result).toBe((1_500 * 1_499) / 2);
  expect(scan.mock.calls).toEqual([['a', 2_001, 1_002]]);
});
