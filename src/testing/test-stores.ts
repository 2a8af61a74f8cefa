import { InMemoryEventStore } from '../backends/memory/event-store.ts';
import { InMemorySnapshotStore } from '../backends/memory/snapshot-store.ts';
import type { EventStore } from '../contracts/event-store.ts';
import type { SnapshotStore } from '../contracts/snapshot-store.ts';
import { type ErrorCode, EventStoreError, SnapshotStoreError } from '../errors/kernel-error.ts';
import type { RunStores } from '../run/run.ts';

/** What a store can be asked for, by the name that a `KernelError` has as its `operation`. */
export type StoreOperation = keyof EventStore<unknown> | keyof SnapshotStore<unknown>;

/** The stores of one tab, which a test can crash. They are given to `openRun`, `openWorkflow` and the others as `stores`. */
export interface TestStores<S, E> extends RunStores<S, E> {
  /**
   * The tab is killed now: nothing that was opened with these stores writes, reads or settles any more. Returns the
   * stores of the next tab: they hold what was durable, and nobody owns anything.
   */
  readonly crash: () => TestStores<S, E>;
  /** The tab is killed when it appends the first event of this kind, which is lost. Resolves with the next tab's stores. */
  readonly crashBefore: (isIt: (event: E) => boolean) => Promise<TestStores<S, E>>;
  /** The same, right after the event is durable and before the tab hears of it. */
  readonly crashAfter: (isIt: (event: E) => boolean) => Promise<TestStores<S, E>>;
  /** The next call of this operation rejects with this code, and does nothing. */
  readonly failNext: (operation: StoreOperation, code: ErrorCode) => void;
}

interface Trap<S, E> {
  readonly isIt: (event: E) => boolean;
  readonly isBefore: boolean;
  readonly spring: (next: TestStores<S, E>) => void;
}

/**
 * Fresh stores for a test, of which no other test knows: in memory, or over those of `openStores`, with a
 * `databaseName` of their own.
 *
 * @example
 * const stores = testStores<State, Event>();
 * const run = await openRun({ runId: 'import-7', ...definition, stores });
 * await run.append(event);
 * const next = await openRun({ runId: 'import-7', ...definition, stores: stores.crash() });
 */
export function testStores<S, E>(
  inner: RunStores<S, E> = { snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() },
): TestStores<S, E> {
  const traps: Trap<S, E>[] = [];
  const failures = new Map<StoreOperation, ErrorCode[]>();
  let isDead = false;

  const crash = () => {
    isDead = true;
    return testStores(inner);
  };
  const setTrap = (isBefore: boolean) => (isIt: (event: E) => boolean) =>
    new Promise<TestStores<S, E>>((spring) => {
      traps.push({ isIt, isBefore, spring });
    });
  const spring = (isBefore: boolean, events: readonly E[]) => {
    const isSprung = (trap: Trap<S, E>) => trap.isBefore === isBefore && events.some(trap.isIt);
    const trap = isDead ? undefined : traps.find(isSprung);
    if (trap) trap.spring(crash());
  };
  /** The call, unless it is to fail. To the dead it never settles. */
  async function unlessDead<T>(
    operation: StoreOperation,
    failing: typeof EventStoreError | typeof SnapshotStoreError,
    call: () => Promise<T>,
  ): Promise<T> {
    const code = isDead ? undefined : failures.get(operation)?.shift();
    if (code) throw new failing(code, 'the test has this call fail.', { operation });
    if (isDead) return new Promise(() => {});
    try {
      return await call();
    } finally {
      if (isDead) await new Promise(() => {});
    }
  }
  const { snapshots, events } = inner;
  const event = <T>(operation: keyof EventStore<E>, call: () => Promise<T>) =>
    unlessDead(operation, EventStoreError, call);
  const snapshot = <T>(operation: keyof SnapshotStore<S>, call: () => Promise<T>) =>
    unlessDead(operation, SnapshotStoreError, call);

  return {
    backend: 'test',
    snapshots: {
      loadLatest: (...args) => snapshot('loadLatest', () => snapshots.loadLatest(...args)),
      save: (...args) => snapshot('save', () => snapshots.save(...args)),
      delete: (...args) => snapshot('delete', () => snapshots.delete(...args)),
      runIds: () => snapshot('runIds', () => snapshots.runIds()),
    },
    events: {
      append(runId, batch, options) {
        spring(true, batch);
        return event('append', async () => {
          const head = await events.append(runId, batch, options);
          spring(false, batch);
          return head;
        });
      },
      scan: (...args) => event('scan', () => events.scan(...args)),
      head: (...args) => event('head', () => events.head(...args)),
      compact: (...args) => event('compact', () => events.compact(...args)),
      begin: (...args) => event('begin', () => events.begin(...args)),
      base: (...args) => event('base', () => events.base(...args)),
      delete: (...args) => event('delete', () => events.delete(...args)),
      runIds: () => event('runIds', () => events.runIds()),
    },
    crash,
    crashBefore: setTrap(true),
    crashAfter: setTrap(false),
    failNext(operation, code) {
      failures.set(operation, [...(failures.get(operation) ?? []), code]);
    },
  };
}

/**
 * For `crashBefore` and `crashAfter`: whether an event of a journal is the outcome of this step.
 *
 * @example
 * const crashed = stores.crashBefore(outcomeOf('charge#1'));
 */
export function outcomeOf(key: string): (event: unknown) => boolean {
  return (event) => {
    const { type, key: its, retryAt } = Object(event);
    return its === key && (type === 'step-succeeded' || (type === 'step-failed' && retryAt === undefined));
  };
}
