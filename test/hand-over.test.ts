import {
  deleteRun,
  type EventStore,
  followRun,
  InMemorySnapshotStore,
  KernelError,
  openRun,
  ownerOf,
  type RunDefinition,
  recover,
} from 'rewake';
import { forgetMark, type HandOverOptions, handOver } from 'rewake/hand-over';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type AnyStores, inIndexedDb, inMemory } from './stores-scene.ts';

const runId = 'a';
const sum: RunDefinition<number, number> = { initialState: 0, reduce: (sum, add) => sum + add };
const upTo = (head: number) => Array.from({ length: head }, (_, index) => index + 1);
const lost = new KernelError('connection-lost', 'the answer is lost', { operation: 'append' });

let phone: AnyStores;
let server: AnyStores;
/** Those of the phone. */
let marks: InMemorySnapshotStore<unknown>;

beforeEach(() => {
  phone = inMemory();
  server = inMemory();
  marks = new InMemorySnapshotStore();
});

const push = (options?: Partial<HandOverOptions>) =>
  handOver({ runId, from: phone, to: server, marks, ...options });
const pull = (options?: Partial<HandOverOptions>) =>
  handOver({ runId, from: server, to: phone, marks, ...options });

const eventsOf = async ({ events }: AnyStores, from = 1) =>
  (await events.scan(runId, from)).events.map(({ event }) => event);

const compact = async ({ events }: AnyStores, atSeq: number, state: unknown = `state ${atSeq}`) => {
  const { logId } = await events.head(runId);
  await events.compact(runId, { atSeq, logId, version: 1, state });
};

const beginAnew = async (stores: AnyStores, events: unknown[]) => {
  await deleteRun({ runId, stores });
  await stores.events.append(runId, events);
};

/** Nothing but what is told before happens to a store of events. */
const watched = ({ events, ...stores }: AnyStores, instead: Partial<EventStore<unknown>>): AnyStores => ({
  ...stores,
  events: new Proxy(events, {
    get: (_, name) => Reflect.get(instead, name) ?? Reflect.get(events, name).bind(events),
  }),
});

describe.each([
  ['in memory', inMemory],
  ['in IndexedDB', inIndexedDb],
])('%s', (_, open) => {
  beforeEach(() => {
    phone = open();
    server = open();
  });

  test('a run is handed over with its versions and its snapshot, in a log of its own', async () => {
    const { logId } = await phone.events.append(runId, [1, { two: 2n }]);
    await phone.events.append(runId, ['three'], { version: 2 });
    await phone.events.append(runId, ['four']);
    await phone.snapshots.save({ runId, atSeq: 2, logId, version: 2, state: 'two' });
    expect(await push()).toEqual({ runId, seq: 4, appended: 4, ahead: 0 });
    expect((await server.events.scan(runId, 1)).events).toEqual((await phone.events.scan(runId, 1)).events);
    const there = await server.events.head(runId);
    expect(there.logId).not.toBe(logId);
    expect(await server.snapshots.loadLatest(runId)).toEqual({
      ...{ runId, atSeq: 2, version: 2, state: 'two' },
      logId: there.logId,
    });
    expect(await ownerOf({ runId, stores: server })).toBe('nobody');
    expect(await push()).toEqual({ runId, seq: 4, appended: 0, ahead: 0 });
  });

  test('a run goes to and fro, each time with what is new', async () => {
    await phone.events.append(runId, [1, 2]);
    await push();
    await server.events.append(runId, [3]);
    expect(await push()).toEqual({ runId, seq: 2, appended: 0, ahead: 1 });
    expect(await pull()).toEqual({ runId, seq: 3, appended: 1, ahead: 0 });
    await phone.events.append(runId, [4, 5]);
    expect(await push()).toEqual({ runId, seq: 5, appended: 2, ahead: 0 });
    for (const stores of [phone, server]) expect(await eventsOf(stores)).toEqual([1, 2, 3, 4, 5]);
    // Nothing is new, so no state is read.
    const loadLatest = vi.spyOn(phone.snapshots, 'loadLatest');
    await push();
    expect(loadLatest).not.toHaveBeenCalled();
  });

  test('begun on the phone, it is finished on the desktop', async () => {
    const here = await openRun({ runId, ...sum, stores: phone as never });
    await here.appendAll([1, 2]);
    await here.close();
    await push();

    const desktop = open();
    const ofDesktop = { runId, marks: new InMemorySnapshotStore<unknown>() };
    await handOver({ ...ofDesktop, from: server, to: desktop });
    const there = await openRun({ runId, ...sum, stores: desktop as never });
    expect([there.state, there.recovery.snapshotSeq, there.recovery.replayed]).toEqual([3, 2, 0]);
    await there.append(3);
    await there.close();
    await handOver({ ...ofDesktop, from: desktop, to: server });

    await pull();
    expect(await recover({ runId, ...sum, stores: phone as never })).toMatchObject({ state: 6, seq: 3 });
  });

  test('a compacted run begins with its base', async () => {
    await phone.events.append(runId, upTo(5));
    await compact(phone, 3);
    expect(await push()).toEqual({ runId, seq: 5, appended: 5, ahead: 0 });
    expect(await server.events.base(runId)).toMatchObject({ atSeq: 3, version: 1, state: 'state 3' });
    expect(await eventsOf(server, 4)).toEqual([4, 5]);
    expect(await push()).toMatchObject({ seq: 5, appended: 0 });
    await server.events.append(runId, [6]);
    expect(await pull()).toMatchObject({ seq: 6, appended: 1 });
  });

  test('if events that the other side lacks were compacted, it gets the base, in the same log', async () => {
    await phone.events.append(runId, upTo(5));
    await push();
    const before = await server.events.head(runId);
    await phone.events.append(runId, [6, 7, 8]);
    await compact(phone, 7);
    expect(await push()).toEqual({ runId, seq: 8, appended: 3, ahead: 0 });
    expect(await server.events.head(runId)).toEqual({ seq: 8, logId: before.logId });
    expect(await server.events.base(runId)).toMatchObject({ atSeq: 7, state: 'state 7' });
    expect(await eventsOf(server, 8)).toEqual([8]);
  });

  test('what was compacted on either side after it was handed over changes nothing', async () => {
    await phone.events.append(runId, upTo(5));
    await push();
    await compact(phone, 5);
    await compact(server, 2);
    expect(await push()).toEqual({ runId, seq: 5, appended: 0, ahead: 0 });
    await server.events.append(runId, [6]);
    expect(await pull()).toMatchObject({ seq: 6, appended: 1 });
    expect(await eventsOf(server, 3)).toEqual([3, 4, 5, 6]);
    expect(await eventsOf(phone, 6)).toEqual([6]);
  });

  test('followers read on, also from a base', async () => {
    await phone.events.append(runId, [1, 2]);
    await push();
    const follower = await followRun({ runId, ...sum, stores: server as never });
    const changed = () => new Promise<void>((resolve) => follower.subscribe(resolve));
    let change = changed();
    await phone.events.append(runId, [3]);
    await push();
    await change;
    expect(follower.state).toBe(6);
    change = changed();
    await phone.events.append(runId, [4, 5]);
    await compact(phone, 5, 15);
    await push();
    await change;
    expect([follower.state, follower.seq]).toEqual([15, 5]);
    await follower.close();
  });
});

describe('a fork', () => {
  test('is a conflict after the last common event, in both directions, and changes nothing', async () => {
    await phone.events.append(runId, [1, 2]);
    await push();
    // Equal heads tell nothing.
    await phone.events.append(runId, [3, 'here']);
    await server.events.append(runId, [3, 'there']);
    for (const handing of [push, pull]) {
      const error = await handing().catch((error) => error);
      expect(error).toMatchObject({
        name: 'RunError',
        code: 'conflict',
        seq: 3,
        operation: 'handOver',
        runId,
      });
      expect(error.message).toContain('differ after event 3');
    }
    expect(await eventsOf(phone)).toEqual([1, 2, 3, 'here']);
    expect(await eventsOf(server)).toEqual([1, 2, 3, 'there']);
  });

  test('is found without a mark, too, and so are two runs that have nothing in common', async () => {
    await phone.events.append(runId, upTo(1_500));
    await server.events.append(runId, [...upTo(1_200), 'there']);
    await expect(push()).rejects.toMatchObject({ code: 'conflict', seq: 1_200 });
    await beginAnew(server, ['there']);
    await expect(pull()).rejects.toMatchObject({ code: 'conflict', seq: 0 });
  });

  test('of the same events in other versions is one', async () => {
    await phone.events.append(runId, [1, 2]);
    await server.events.append(runId, [1], { version: 2 });
    await expect(push()).rejects.toMatchObject({ code: 'conflict', seq: 0 });
  });

  test('that is compacted cannot be told from none: compacted, and nothing is changed', async () => {
    await phone.events.append(runId, [1, 2]);
    await push();
    await phone.events.append(runId, [3, 4]);
    await server.events.append(runId, [3]);
    await compact(phone, 3);
    for (const handing of [push, pull])
      await expect(handing()).rejects.toMatchObject({ code: 'compacted', seq: 3, operation: 'handOver' });
    expect(await eventsOf(server)).toEqual([1, 2, 3]);
    // With the same base, it can.
    await compact(server, 3);
    expect(await push()).toMatchObject({ seq: 4, appended: 1 });
  });

  test('can be settled: one side is deleted, and the mark forgotten', async () => {
    await phone.events.append(runId, [1]);
    await push();
    await phone.events.append(runId, ['here']);
    await server.events.append(runId, ['there']);
    await deleteRun({ runId, stores: phone });
    await forgetMark({ runId, marks });
    expect(await pull()).toMatchObject({ seq: 2, appended: 2 });
    expect(await eventsOf(phone)).toEqual([1, 'there']);
    await phone.events.append(runId, ['here']);
    expect(await push()).toMatchObject({ seq: 3, appended: 1 });
  });
});

describe('a run that was deleted', () => {
  const isRefused = async () => {
    for (const handing of [push, pull]) {
      const error = await handing().catch((error) => error);
      expect(error).toMatchObject({ code: 'conflict', operation: 'handOver', runId });
      expect(error.message).toContain('deleted or begun anew');
      expect(error.seq).toBeUndefined();
    }
  };

  test.each([
    ['here', () => phone, () => server],
    ['there', () => server, () => phone],
  ])('%s is a conflict, even if it was begun anew with the same events', async (_, deleted, other) => {
    await phone.events.append(runId, [1, 2]);
    await push();
    await deleteRun({ runId, stores: deleted() });
    await isRefused();
    await deleted().events.append(runId, [1, 2, 3]);
    await isRefused();
    expect(await eventsOf(deleted())).toEqual([1, 2, 3]);
    expect(await eventsOf(other())).toEqual([1, 2]);
  });

  test('on both sides may begin again once its mark is forgotten', async () => {
    await phone.events.append(runId, [1, 2]);
    await push();
    for (const stores of [phone, server]) await deleteRun({ runId, stores });
    await phone.events.append(runId, ['new']);
    await isRefused();
    await forgetMark({ runId, marks });
    await push();
    expect(await eventsOf(server)).toEqual(['new']);
    expect(await push()).toMatchObject({ seq: 1, appended: 0 });
  });

  test.each([
    ['after its head was read', 'scan', 1],
    ['between two pages', 'scan', 2],
    ['before its base is read', 'base', 1],
  ] as const)('and begun anew %s is not mixed with the old one', async (_, name, at) => {
    await phone.events.append(runId, upTo(2_500));
    if (name === 'base') await compact(phone, 2_500);
    let calls = 0;
    const anew = async (...args: [string, number, number?]): Promise<never> => {
      if (++calls === at) await beginAnew(phone, upTo(2_500).map(String));
      if (calls === at && name === 'base') await compact(phone, 2_500, 'new');
      return Reflect.apply(phone.events[name], phone.events, args) as never;
    };
    const from = watched(phone, { [name]: anew });
    const error = await push({ from }).catch((error) => error);
    expect(error).toMatchObject({ code: 'conflict' });
    expect(error.seq).toBeUndefined();
    expect((await server.events.head(runId)).seq).toBe((at - 1) * 1_000);
  });

  test('on the other side and begun anew with as many events, after its head was read, gets none of these', async () => {
    await server.events.append(runId, [1, 2]);
    await phone.events.append(runId, [1, 2, 3]);
    const append: EventStore<unknown>['append'] = async (...args) => {
      await beginAnew(server, ['new', 'log']);
      return server.events.append(...args);
    };
    await expect(push({ to: watched(server, { append }) })).rejects.toMatchObject({ code: 'conflict' });
    expect(await eventsOf(server)).toEqual(['new', 'log']);
  });

  test('and begun anew with more of the same, after its head was read, is another log, too', async () => {
    await server.events.append(runId, [1]);
    await phone.events.append(runId, [1, 2, 3]);
    let calls = 0;
    const append: EventStore<unknown>['append'] = async (...args) => {
      if (++calls === 1) await beginAnew(server, [1, 2]);
      return server.events.append(...args);
    };
    const error = await push({ to: watched(server, { append }) }).catch((error) => error);
    expect(error).toMatchObject({ code: 'conflict' });
    expect(error.seq).toBeUndefined();
    expect(await eventsOf(server)).toEqual([1, 2]);
  });

  test('while the bases are compared is another log', async () => {
    await phone.events.append(runId, [1, 2, 3]);
    await server.events.append(runId, [1, 2]);
    for (const stores of [phone, server]) await compact(stores, 2);
    for (const side of ['from', 'to'] as const) {
      const stores = side === 'from' ? phone : server;
      const base: EventStore<unknown>['base'] = async () => {
        const present = await stores.events.base(runId);
        return present && { ...present, logId: 'another' };
      };
      const error = await push({ [side]: watched(stores, { base }) }).catch((error) => error);
      expect(error).toMatchObject({ code: 'conflict' });
      expect(error.message).toContain('begun anew');
    }
  });
});

describe('an answer that is lost', () => {
  test.each([
    ['of the first append', () => {}, 'append'],
    ['of a base', () => compact(phone, 2), 'begin'],
  ] as const)('%s: what has landed is recognized', async (_, prepare, name) => {
    await phone.events.append(runId, [1, 2, 3]);
    await prepare();
    const landing = async (...args: never[]): Promise<never> => {
      await Reflect.apply(server.events[name], server.events, args);
      throw lost;
    };
    await expect(push({ to: watched(server, { [name]: landing }) })).rejects.toBe(lost);
    expect((await server.events.head(runId)).seq).toBe(name === 'begin' ? 2 : 3);
    expect(await push()).toMatchObject({ seq: 3 });
    expect(await eventsOf(server, 3)).toEqual([3]);
    expect((await server.events.head(runId)).seq).toBe(3);
  });

  test('an append that lands twice, because somebody below repeats it, is one', async () => {
    await phone.events.append(runId, [1, 2, 3]);
    const append: EventStore<unknown>['append'] = async (...args) => {
      await server.events.append(...args);
      return server.events.append(...args);
    };
    expect(await push({ to: watched(server, { append }) })).toMatchObject({ seq: 3, appended: 3 });
    expect(await eventsOf(server)).toEqual([1, 2, 3]);
  });

  test('another tab that hands over the same at the same time disturbs nobody', async () => {
    await phone.events.append(runId, upTo(3_500));
    const ofOther = { ...phone };
    // Two pairs of stores, as two tabs have them: no lock is shared.
    const [one, other] = await Promise.all([push(), push({ from: ofOther, to: watched(server, {}) })]);
    expect([one.seq, other.seq]).toEqual([3_500, 3_500]);
    expect(await eventsOf(server)).toEqual(upTo(3_500));
  });
});

test('what is handed over goes in pages, and the mark follows', async () => {
  await phone.events.append(runId, upTo(2_500));
  const scans: number[] = [];
  const batches: number[] = [];
  const progress: unknown[] = [];
  const scan: EventStore<unknown>['scan'] = async (...args) => {
    const page = await phone.events.scan(...args);
    scans.push(page.events.length);
    return page;
  };
  const append: EventStore<unknown>['append'] = (...args) => {
    if (batches.push(args[1].length) === 3) return Promise.reject(lost);
    return server.events.append(...args);
  };
  const onProgress = (told: unknown) => progress.push(told);
  const handing = push({ from: watched(phone, { scan }), to: watched(server, { append }), onProgress });
  await expect(handing).rejects.toBe(lost);
  expect(Math.max(...scans)).toBe(1_000);
  expect(batches).toEqual([1_000, 1_000, 500]);
  expect(progress).toEqual([
    { seq: 1_000, head: 2_500 },
    { seq: 2_000, head: 2_500 },
  ]);
  // The next one compares nothing but the mark.
  const compared: number[] = [];
  const scanThere: EventStore<unknown>['scan'] = (...args) => {
    compared.push(args[1]);
    return server.events.scan(...args);
  };
  expect(await push({ to: watched(server, { scan: scanThere }) })).toMatchObject({
    seq: 2_500,
    appended: 500,
  });
  expect(compared).toEqual([2_000]);
});

describe('signal', () => {
  test('ends it between two pages, and the next one does the rest', async () => {
    await phone.events.append(runId, upTo(2_500));
    const controller = new AbortController();
    const onProgress = () => controller.abort('enough');
    await expect(push({ signal: controller.signal, onProgress })).rejects.toMatchObject({
      ...{ code: 'aborted', cause: 'enough', operation: 'handOver', runId },
    });
    expect((await server.events.head(runId)).seq).toBe(1_000);
    expect(await ownerOf({ runId, stores: server })).toBe('nobody');
    expect(await push()).toMatchObject({ seq: 2_500, appended: 1_500 });
  });

  test('ends a comparison, too, and one that is aborted before it begins reads nothing', async () => {
    for (const { events } of [phone, server]) await events.append(runId, upTo(2_500));
    const controller = new AbortController();
    const scan = vi.fn(async (...args: Parameters<EventStore<unknown>['scan']>) => {
      controller.abort();
      return phone.events.scan(...args);
    });
    const from = watched(phone, { scan });
    await expect(push({ from, signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' });
    expect(scan).toHaveBeenCalledOnce();
    const head = vi.spyOn(phone.events, 'head');
    await expect(push({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    expect(head).not.toHaveBeenCalled();
  });
});

describe('the snapshot', () => {
  test.each([
    ['of another log', { atSeq: 1, logId: 'another' }],
    ['that is ahead', { atSeq: 3 }],
  ])('%s stays where it is', async (_, snapshot) => {
    const { logId } = await phone.events.append(runId, [1, 2]);
    await phone.snapshots.save({ runId, logId, state: 'wrong', ...snapshot });
    expect(await push()).toEqual({ runId, seq: 2, appended: 2, ahead: 0 });
    expect(await server.snapshots.loadLatest(runId)).toBeUndefined();
  });

  test('of a log that is gone makes room; a later one of this log stays', async () => {
    await server.snapshots.save({ runId, atSeq: 99, state: 'of a log that is gone' });
    const { logId } = await phone.events.append(runId, [1, 2]);
    await phone.snapshots.save({ runId, atSeq: 1, logId, state: 'one' });
    await push();
    const there = await server.snapshots.loadLatest(runId);
    expect(there).toMatchObject({ atSeq: 1, state: 'one' });
    await server.snapshots.save({ ...there, runId, atSeq: 2, state: 'two' });
    await phone.events.append(runId, [3]);
    expect(await push()).toEqual({ runId, seq: 3, appended: 1, ahead: 0 });
    expect(await server.snapshots.loadLatest(runId)).toMatchObject({ atSeq: 2, state: 'two' });
  });

  test.each([
    ['saved', 'save', () => server],
    ['read', 'loadLatest', () => phone],
  ] as const)('that cannot be %s is told, and the run is there', async (_, name, where) => {
    const { logId } = await phone.events.append(runId, [1, 2]);
    await phone.snapshots.save({ runId, atSeq: 1, logId, state: 'one' });
    const quota = new KernelError('quota', 'full', { operation: name });
    vi.spyOn(where().snapshots, name).mockRejectedValue(quota);
    expect(await push()).toEqual({ runId, seq: 2, appended: 2, ahead: 0, snapshotError: quota });
    expect(await eventsOf(server)).toEqual([1, 2]);
  });

  test('is handed over once, and so is the next one, and one of another version', async () => {
    const saves = vi.spyOn(server.snapshots, 'save');
    const { logId } = await phone.events.append(runId, [1]);
    const keep = (atSeq: number, version = 1) =>
      phone.snapshots.save({ runId, atSeq, logId, version, state: `${atSeq} of ${version}` });
    const pushAnother = async () => {
      await phone.events.append(runId, [1]);
      await push();
      return saves.mock.calls.map(([{ state }]) => state);
    };
    await keep(1);
    expect(await pushAnother()).toEqual(['1 of 1']);
    expect(await pushAnother()).toEqual(['1 of 1']);
    await keep(3);
    expect(await pushAnother()).toEqual(['1 of 1', '3 of 1']);
    // The mark of a first page, after which it ends, keeps that.
    await phone.events.append(runId, upTo(1_500));
    const onProgress = ({ seq, head }: { seq: number; head: number }) => {
      if (seq === head) throw lost;
    };
    await expect(push({ onProgress })).rejects.toBe(lost);
    expect(await pushAnother()).toEqual(['1 of 1', '3 of 1']);
    await keep(3, 2);
    expect(await pushAnother()).toEqual(['1 of 1', '3 of 1', '3 of 2']);
    // One that could not be saved is still to be handed over.
    await keep(4);
    saves.mockRejectedValueOnce(new KernelError('quota', 'full', { operation: 'save' }));
    expect((await pushAnother()).slice(3)).toEqual(['4 of 1']);
    expect((await pushAnother()).slice(3)).toEqual(['4 of 1', '4 of 1']);
    expect((await pushAnother()).slice(3)).toEqual(['4 of 1', '4 of 1']);
  });

  test('is handed over by the next one if the first ended before it', async () => {
    const { logId } = await phone.events.append(runId, upTo(1_500));
    await phone.snapshots.save({ runId, atSeq: 1, logId, state: 'one' });
    const controller = new AbortController();
    const onProgress = ({ seq, head }: { seq: number; head: number }) => {
      if (seq === head) throw lost;
    };
    await expect(push({ signal: controller.signal, onProgress })).rejects.toBe(lost);
    expect((await server.events.head(runId)).seq).toBe(1_500);
    expect(await push()).toMatchObject({ seq: 1_500, appended: 0 });
    expect(await server.snapshots.loadLatest(runId)).toMatchObject({ atSeq: 1 });
  });
});

describe('the other side', () => {
  test('is not written while somebody owns the run there', async () => {
    await phone.events.append(runId, [1, 2]);
    const run = await openRun({ runId, ...sum, stores: server as never });
    const error = await push().catch((error) => error);
    expect(error).toMatchObject({ code: 'conflict', operation: 'handOver' });
    expect(error.message).toContain('somebody owns it');
    expect(await run.append(1)).toBe(1);
    await run.close();
  });

  test('whose run is taken over meanwhile gets no more', async () => {
    await phone.events.append(runId, upTo(2_500));
    let thief: { close(): Promise<void> } | undefined;
    // The same object, which is what is owned.
    const to = watched(server, {});
    const append: EventStore<unknown>['append'] = async (...args) => {
      const head = await server.events.append(...args);
      thief ??= await openRun({ runId, ...sum, ifOwned: 'steal', stores: to as never });
      return head;
    };
    const { events } = to;
    Object.assign(to, {
      events: new Proxy(events, {
        get: (_, name) => (name === 'append' ? append : Reflect.get(events, name)),
      }),
    });
    await expect(push({ to })).rejects.toMatchObject({ code: 'conflict' });
    expect((await server.events.head(runId)).seq).toBe(1_000);
    await thief?.close();
  });

  test('that was restored from a copy is compared, and gets what it lacks', async () => {
    await phone.events.append(runId, upTo(5));
    await push();
    const { logId } = await server.events.head(runId);
    const copy = inMemory();
    await copy.events.append(runId, upTo(3));
    // It has the identity that it had.
    const restored = watched(copy, {
      head: async () => ({ ...(await copy.events.head(runId)), logId }),
      scan: async (...args) => ({ ...(await copy.events.scan(...args)), logId }),
      append: async (id, events) => ({ ...(await copy.events.append(id, events)), logId }),
    });
    expect(await push({ to: restored })).toMatchObject({ seq: 5, appended: 2 });
    expect(await eventsOf(copy)).toEqual(upTo(5));
  });

  test.each([4, 6])(
    'that was restored from a copy and has gone on differently, up to %i: conflict',
    async (head) => {
      await phone.events.append(runId, upTo(5));
      await push();
      await phone.events.append(runId, [6]);
      const { logId } = await server.events.head(runId);
      const copy = inMemory();
      await copy.events.append(runId, [...upTo(3), ...upTo(head - 3).map((n) => `other ${n}`)]);
      const restored = watched(copy, {
        head: async () => ({ ...(await copy.events.head(runId)), logId }),
        scan: async (...args) => ({ ...(await copy.events.scan(...args)), logId }),
      });
      const error = await push({ to: restored }).catch((error) => error);
      expect(error).toMatchObject({ code: 'conflict', seq: head === 4 ? 3 : 4 });
    },
  );
});

test('a log without an identity, as 0.1 left it, is compared each time, and its end is noticed', async () => {
  for (const { events } of [phone, server]) await events.append(runId, [1, 2]);
  await phone.events.append(runId, [3]);
  const old = (stores: AnyStores) =>
    watched(stores, {
      head: async () => ({ ...(await stores.events.head(runId)), logId: null }),
      scan: async (...args) => ({ ...(await stores.events.scan(...args)), logId: null }),
    });
  expect(await push({ from: old(phone) })).toMatchObject({ seq: 3, appended: 1 });
  expect(await marks.runIds()).toEqual([]);
  await beginAnew(server, [1]);
  const deleting = watched(phone, {
    head: async () => ({ seq: 3, logId: null }),
    scan: async (...args) => {
      if (args[1] > 1) await phone.events.delete(runId);
      return { ...(await phone.events.scan(...args)), logId: null };
    },
  });
  await expect(push({ from: deleting })).rejects.toMatchObject({ code: 'conflict' });
  expect(await eventsOf(server)).toEqual([1]);
});

describe('what is not data', () => {
  const withBlob = { file: new Blob(['x']) };
  const has = (stores: AnyStores, at: number) =>
    watched(stores, {
      scan: async (...args) => {
        const { events, ...page } = await stores.events.scan(...args);
        return {
          ...page,
          events: events.map((event) => (event.seq === at ? { ...event, event: withBlob } : event)),
        };
      },
    });

  test('cannot be compared', async () => {
    for (const { events } of [phone, server]) await events.append(runId, [1, 2]);
    await expect(push({ from: has(phone, 2) })).rejects.toMatchObject({
      code: 'not-cloneable',
      message: expect.stringContaining('the event 2.file'),
    });
  });

  test('may be the last common event', async () => {
    await phone.events.append(runId, [1, 2]);
    await push();
    await phone.events.append(runId, [3]);
    expect(await push({ from: has(phone, 2) })).toMatchObject({ appended: 1 });
  });
});

describe('the mark', () => {
  test('may be in the store of the run’s snapshots, and is none of the runs', async () => {
    const { logId } = await phone.events.append(runId, [1, 2]);
    await phone.snapshots.save({ runId, atSeq: 1, logId, state: 'one' });
    await push({ marks: phone.snapshots });
    expect(await phone.snapshots.runIds()).toEqual(['a', 'rewake:mark:a']);
    expect(await phone.snapshots.loadLatest(runId)).toMatchObject({ state: 'one' });
    await forgetMark({ runId, marks: phone.snapshots });
    expect(await phone.snapshots.runIds()).toEqual(['a']);
  });

  test('that is damaged is unreadable', async () => {
    await phone.events.append(runId, [1, 2]);
    await push();
    await marks.save({ runId: 'rewake:mark:a', atSeq: 2, state: {} });
    await expect(push()).rejects.toMatchObject({ code: 'unreadable', operation: 'handOver', runId });
  });

  test('that another tab has moved further stays', async () => {
    await phone.events.append(runId, [1, 2]);
    vi.spyOn(marks, 'save').mockRejectedValueOnce(
      new KernelError('conflict', 'later', { operation: 'save' }),
    );
    expect(await push()).toMatchObject({ seq: 2 });
    vi.spyOn(marks, 'save').mockRejectedValueOnce(lost);
    await expect(push()).rejects.toBe(lost);
  });
});

test('a run that does not exist is none afterwards', async () => {
  expect(await push()).toEqual({ runId, seq: 0, appended: 0, ahead: 0 });
  for (const { events } of [phone, server]) expect(await events.runIds()).toEqual([]);
  await server.events.append(runId, [1]);
  await server.snapshots.save({ runId, atSeq: 1, state: 'one' });
  expect(await push()).toEqual({ runId, seq: 0, appended: 0, ahead: 1 });
  expect(await server.snapshots.runIds()).toEqual([runId]);
});

describe('invalid-argument', () => {
  const bad = (change: object) => ({ runId, from: phone, to: server, marks, ...change }) as HandOverOptions;

  test.each<[string, object]>([
    ['a run id', { runId: '' }],
    ['stores', { from: {} }],
    [
      'stores that cannot begin a log',
      { to: { snapshots: new InMemorySnapshotStore(), events: { append: () => {} } } },
    ],
    ['marks', { marks: undefined }],
    ['a signal', { signal: {} }],
    ['a callback', { onProgress: 1 }],
  ])('%s', async (_, change) => {
    await phone.events.append(runId, [1]);
    await expect(handOver(bad(change))).rejects.toMatchObject({
      ...{ code: 'invalid-argument', operation: 'handOver' },
    });
    expect(await server.events.runIds()).toEqual([]);
  });

  test('nothing at all, and forgetMark', async () => {
    await expect(handOver(undefined as never)).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(forgetMark(undefined as never)).rejects.toMatchObject({ code: 'invalid-argument' });
    for (const place of [
      { runId: '', marks },
      { runId, marks: {} },
    ])
      await expect(forgetMark(place as never)).rejects.toMatchObject({
        ...{ code: 'invalid-argument', operation: 'forgetMark' },
      });
  });
});
