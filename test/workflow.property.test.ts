import fc from 'fast-check';
import { KernelError } from 'rewake';
import { openWorkflow, type Step, sendEvent, type Workflow } from 'rewake/workflow';
import { beforeEach, expect, test, vi } from 'vitest';
import type { JournalEvent } from '../src/workflow/journal.ts';
import { crash, newStores, scene, settle } from './workflow-scene.ts';

// Random bodies, two owners, crashes at any append, lost connections, thefts, closes. Whatever happens: no success that
// is recorded is executed again, each execution has a recorded attempt before it, all of a step have one key, the result
// is that of an execution without any fault, and nothing is appended after a close, a theft or an end.

/** A body as a tree. Leaves have names of their own, so that concurrent branches are deterministic. */
type Node =
  | { readonly kind: 'do'; readonly fails: number }
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'wait' }
  | { readonly kind: 'sequence' | 'all' | 'race'; readonly parts: readonly Node[] };

const { tree } = fc.letrec<{ tree: Node; leaf: Node }>((tie) => ({
  leaf: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('do' as const),
        fails: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 4 })),
      }),
    },
    fc.record({
      kind: fc.constant('sleep' as const),
      ms: fc.integer({ min: 0, max: 3 }).map((n) => n * 1_000),
    }),
    fc.record({ kind: fc.constant('wait' as const) }),
  ),
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie('leaf'),
    fc.record({
      kind: fc.constantFrom('sequence' as const, 'sequence' as const, 'all' as const, 'race' as const),
      parts: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
    }),
  ),
}));

const hasRace = (node: Node): boolean =>
  node.kind === 'race' || ('parts' in node && node.parts.some(hasRace));

const LIMIT = 2;

/** What a body without any fault gives: a step that fails more often than it is tried gives its error. */
function expected(node: Node, path = 'r'): unknown {
  if ('parts' in node) return node.parts.map((part, index) => expected(part, `${path}.${index}`));
  if (node.kind === 'do') return node.fails > LIMIT ? `error of ${path}` : `result of ${path}`;
  return node.kind === 'wait' ? `event of ${path}` : null;
}

/** What the world outside has seen: it outlives every crash. */
class World {
  readonly executions: { key: string; idempotencyKey: string; attempt: number; interrupted: boolean }[] = [];
  readonly failures = new Map<string, number>();
  readonly races = new Map<string, unknown>();
  violations: string[] = [];

  body = (node: Node) => (step: Step) => this.#execute(step, node, 'r');

  async #execute(step: Step, node: Node, path: string): Promise<unknown> {
    switch (node.kind) {
      case 'sequence': {
        const results: unknown[] = [];
        for (const [index, part] of node.parts.entries())
          results.push(await this.#execute(step, part, `${path}.${index}`));
        return results;
      }
      case 'all':
        return Promise.all(node.parts.map((part, index) => this.#execute(step, part, `${path}.${index}`)));
      case 'race': {
        const winner = await Promise.race(
          node.parts.map(async (part, index) => [index, await this.#execute(step, part, `${path}.${index}`)]),
        );
        // Whatever execution it is, the same one wins.
        const text = JSON.stringify(winner);
        // Only what a step follows is recorded to have been decided: the next step's key depends on it.
        await step.do(`${path} won by ${winner[0]}`, () => {});
        const before = this.races.get(path) ?? text;
        if (before !== text) this.violations.push(`race ${path}: ${before}, then ${text}`);
        this.races.set(path, text);
        return winner;
      }
      case 'sleep':
        await step.sleep(path, node.ms);
        return null;
      case 'wait':
        return (await step.waitForEvent<string>(path, { type: path })).payload;
      case 'do':
        return step
          .do(path, { retries: { limit: LIMIT, delay: 500 } }, async ({ signal, ...context }) => {
            this.executions.push({ key: `${path}#1`, ...context });
            // It takes some turns, and more for some.
            for (let turns = 0; turns < (path.length % 3) * 3; turns++) await new Promise(setImmediate);
            if (signal.aborted) throw signal.reason;
            const failures = this.failures.get(path) ?? 0;
            // Never so often that the step fails, or always: a crash can keep a failure from being recorded.
            if (node.fails > LIMIT || failures < node.fails) {
              this.failures.set(path, failures + 1);
              throw new Error(`error of ${path}`);
            }
            return `result of ${path}`;
          })
          .catch((error: Error) => error.message);
    }
  }
}

const leaves = (node: Node, path = 'r'): { path: string; node: Node }[] =>
  'parts' in node ? node.parts.flatMap((part, index) => leaves(part, `${path}.${index}`)) : [{ path, node }];

const page = fc.nat({ max: 1 });
const fault = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(0, 500, 1_000, 4_000) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('turns' as const), turns: fc.nat({ max: 12 }) }) },
  fc.record({ do: fc.constant('crash' as const) }),
  fc.record({ do: fc.constant('crash at append' as const), count: fc.nat({ max: 3 }), lands: fc.boolean() }),
  fc.record({ do: fc.constant('close' as const), page }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('open' as const), page, steal: fc.boolean() }) },
  fc.record({ do: fc.constant('lose the answer' as const) }),
  fc.record({ do: fc.constant('refuse' as const) }),
);

beforeEach(() => {
  vi.setSystemTime(Date.UTC(2026, 0, 1));
});

const happened = { crashes: 0, thefts: 0, interrupted: 0, retries: 0, refusals: 0, races: 0 };

test('whatever happens, a workflow keeps its promises', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(tree, fc.array(fault, { maxLength: 12 }), fc.boolean(), async (node, faults, early) => {
      scene.stores = newStores();
      const world = new World();
      const body = world.body(node);
      const pages: (Workflow<unknown> | undefined)[] = [undefined, undefined];
      const ended: Promise<unknown>[] = [];
      const open = async (index: number, ifOwned: 'fail' | 'steal') => {
        const flow = await openWorkflow({
          runId: 'a',
          stores: scene.stores,
          ifOwned,
          run: (_: unknown, step) => body(step),
          onError: () => {},
        }).catch((error: KernelError) => {
          if (!['conflict', 'connection-lost', 'quota'].includes(error.code)) throw error;
          return undefined;
        });
        pages[index] = flow;
        ended.push(
          ...[
            flow?.result.catch((error: KernelError) => {
              if (error.code === 'conflict') happened.thefts++;
              if (['failed', 'non-deterministic', 'unknown'].includes(error.code))
                world.violations.push(String(error));
              if (pages[index] === flow) pages[index] = undefined;
            }),
          ].filter((promise) => promise !== undefined),
        );
      };
      const kill = async () => {
        happened.crashes++;
        await crash();
        pages.fill(undefined);
      };
      const send = async () => {
        for (const { path, node: leaf } of leaves(node))
          if (leaf.kind === 'wait')
            await sendEvent({ runId: 'a', type: path, payload: `event of ${path}`, stores: scene.stores });
      };
      if (early) await send();
      for (const fault of faults) {
        const { events } = scene.stores;
        const append = events.append.bind(events);
        if (fault.do === 'pass') {
          await settle();
          await vi.advanceTimersByTimeAsync(fault.ms);
        } else if (fault.do === 'turns') {
          for (let turns = 0; turns < fault.turns; turns++) await new Promise(setImmediate);
        } else if (fault.do === 'crash') {
          await kill();
        } else if (fault.do === 'crash at append') {
          let count = 0;
          let isDead = false;
          events.append = async (...args) => {
            if (isDead || count++ >= fault.count) {
              const landed = isDead || !fault.lands || (await append(...args));
              isDead = Boolean(landed);
              return new Promise(() => {});
            }
            return append(...args);
          };
          await settle();
          await kill();
        } else if (fault.do === 'close') {
          await pages[fault.page]?.close();
          pages[fault.page] = undefined;
        } else if (fault.do === 'open') {
          if (!pages[fault.page]) await open(fault.page, fault.steal ? 'steal' : 'fail');
        } else if (fault.do === 'lose the answer') {
          events.append = async (...args) => {
            events.append = append;
            await append(...args);
            throw new KernelError('connection-lost', 'injected', { operation: 'append' });
          };
        } else {
          events.append = async () => {
            events.append = append;
            happened.refusals++;
            throw new KernelError('quota', 'injected', { operation: 'append' });
          };
        }
      }
      // From here on nothing goes wrong.
      await crash();
      if (!early) await send();
      pages.fill(undefined);
      await open(0, 'fail');
      const [flow] = pages;
      if (!flow) throw new Error('It could not be opened.');
      for (let turns = 0; turns < 60 && flow.status !== 'completed'; turns++) {
        await settle();
        await vi.advanceTimersByTimeAsync(1_000);
      }
      expect(world.violations).toEqual([]);
      const result = await flow.result;
      if (!hasRace(node)) expect(result).toEqual(expected(node));
      else happened.races++;

      const { events: stored } = await scene.stores.events.scan('a', 1);
      check(
        world,
        stored.map(({ event }) => event as JournalEvent),
      );
    }),
    { numRuns: 500 },
  );
  for (const [what, count] of Object.entries(happened)) expect(count, what).toBeGreaterThan(0);
});

function check(world: World, journal: readonly JournalEvent[]): void {
  const started = new Map<string, number>();
  const succeeded = new Set<string>();
  for (const [index, event] of journal.filter(({ type }) => type !== 'workflow-taken').entries()) {
    if (event.type === 'step-started') {
      expect(succeeded).not.toContain(event.key);
      started.set(event.key, (started.get(event.key) ?? 0) + 1);
    } else if (event.type === 'step-succeeded') {
      expect(succeeded).not.toContain(event.key);
      succeeded.add(event.key);
    }
    expect(event.type === 'workflow-begun').toBe(index === 0);
  }
  expect(journal.at(-1)?.type).toBe('workflow-completed');
  const keys = new Map<string, string>();
  const attempts = new Map<string, number[]>();
  for (const { key, idempotencyKey, attempt, interrupted } of world.executions) {
    expect(keys.get(key) ?? idempotencyKey).toBe(idempotencyKey);
    keys.set(key, idempotencyKey);
    attempts.set(key, [...(attempts.get(key) ?? []), attempt]);
    if (interrupted) happened.interrupted++;
    else if (attempt > 1) happened.retries++;
  }
  expect(new Set(keys.values()).size).toBe(keys.size);
  for (const [key, numbers] of attempts) {
    // Each attempt was recorded before it began, and no number was given twice.
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(started.get(key) ?? 0);
  }
}
