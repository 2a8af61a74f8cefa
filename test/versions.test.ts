import {
  followRun,
  IndexedDbEventStore,
  IndexedDbSnapshotStore,
  InMemoryEventStore,
  InMemorySnapshotStore,
  isKernelError,
  openRun,
  type RunDefinition,
  recover,
  validated,
} from 'rewake';
import { describe, expect, test } from 'vitest';
import { FaultyFactory } from './faulty-factory.ts';

// Two releases of an application: the first has only a total; the second counts, too, and its events say by whom.

type Old = { readonly total: number };
type OldEvent = { readonly amount: number };
const one: RunDefinition<Old, OldEvent> = {
  initialState: { total: 0 },
  reduce: ({ total }, { amount }) => ({ total: total + amount }),
};

type New = { readonly sum: number; readonly count: number };
type NewEvent = { readonly amount: number; readonly by: string };
const two: RunDefinition<New, NewEvent> = {
  initialState: { sum: 0, count: 0 },
  reduce: ({ sum, count }, { amount, by }) => ({
    sum: sum + amount,
    count: count + (by === 'nobody' ? 0 : 1),
  }),
  version: 2,
  upcast: (event) => ({ ...(event as OldEvent), by: 'somebody' }),
};
const migrate = (state: unknown) => ({ sum: (state as Old).total, count: 0 });

const inMemory = () => ({ snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() });
const inIndexedDb = () => {
  const indexedDB = new FaultyFactory();
  return {
    snapshots: new IndexedDbSnapshotStore({ indexedDB }),
    events: new IndexedDbEventStore({ indexedDB }),
  };
};

describe.each([
  ['in memory', inMemory],
  ['in IndexedDB', inIndexedDb],
])('after a deploy, %s', (_, open) => {
  /** Both releases share the stores, as they do in a browser; each has its own word for what is in them. */
  function deployed() {
    const stores = open();
    const at = <S, E>(definition: RunDefinition<S, E>) => ({
      runId: 'a',
      ...definition,
      stores: stores as never,
    });
    const errors: string[] = [];
    const onError = ({ code }: { code: string }) => void errors.push(code);
    return { stores, at, errors, onError };
  }

  async function withOldRun() {
    const deployment = deployed();
    const run = await openRun(deployment.at(one));
    await run.appendAll([{ amount: 10 }, { amount: 5 }]);
    await run.close();
    return deployment;
  }

  test('a snapshot of the old reducer is ignored and reported, and the log replayed through upcast', async () => {
    const { at, stores } = await withOldRun();
    const run = await openRun(at(two));
    expect(run.state).toEqual({ sum: 15, count: 2 });
    expect(run.recovery).toMatchObject({
      snapshotSeq: 0,
      replayed: 2,
      ignoredSnapshot: { reason: 'older-version', atSeq: 2 },
    });
    await run.append({ amount: 1, by: 'ann' });
    await run.close();
    expect((await stores.events.scan('a', 1)).events.map(({ version }) => version)).toEqual([1, 1, 2]);
    expect(await stores.snapshots.loadLatest('a')).toMatchObject({
      atSeq: 3,
      version: 2,
      state: { sum: 16, count: 3 },
    });
    expect((await recover(at(two))).replayed).toBe(0);
  });

  test('with migrate, the snapshot is used', async () => {
    const { at } = await withOldRun();
    const { state, snapshotSeq, ignoredSnapshot } = await recover(at({ ...two, migrate }));
    expect({ state, snapshotSeq, ignoredSnapshot }).toEqual({
      state: { sum: 15, count: 0 },
      snapshotSeq: 2,
      ignoredSnapshot: undefined,
    });
  });

  test('a migrate that throws costs nothing but time: the log is replayed, and it is reported', async () => {
    const { at } = await withOldRun();
    const cause = new Error('cannot migrate');
    const throwing = () => {
      throw cause;
    };
    const { state, ignoredSnapshot } = await recover(at({ ...two, migrate: throwing }));
    expect(state).toEqual({ sum: 15, count: 2 });
    expect(ignoredSnapshot).toMatchObject({
      reason: 'older-version',
      atSeq: 2,
      error: { code: 'older-version', cause },
    });
  });

  describe('a base of the old reducer', () => {
    async function withOldBase() {
      const deployment = await withOldRun();
      const { stores } = deployment;
      const { logId } = await stores.events.append('a', [{ amount: 2 }]);
      await stores.events.compact('a', { atSeq: 2, logId, version: 1, state: { total: 15 } });
      await stores.snapshots.delete('a');
      return deployment;
    }

    test('needs migrate: without it, nothing can replay what is in it', async () => {
      const { at, stores } = await withOldBase();
      const attempts = [() => recover(at(two)), () => openRun(at(two)), () => followRun(at(two))];
      for (const attempt of attempts)
        await expect(attempt()).rejects.toMatchObject({ code: 'older-version', seq: 2, runId: 'a' });
      await expect(recover(at(two))).rejects.toThrow('its definition has no migrate');
      expect((await stores.events.head('a')).seq).toBe(3);
      // It let go of the run.
      await (await openRun({ ...at(one), ifOwned: 'fail' })).close();
    });

    test('with migrate, it is used', async () => {
      const { at } = await withOldBase();
      const { state, baseSeq } = await recover(at({ ...two, migrate }));
      expect({ state, baseSeq }).toEqual({ state: { sum: 17, count: 1 }, baseSeq: 2 });
    });

    test('a migrate that throws ends the recovery, with its error as the cause', async () => {
      const { at } = await withOldBase();
      const cause = new Error('cannot migrate');
      const throwing = () => {
        throw cause;
      };
      const error = await recover(at({ ...two, migrate: throwing })).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'older-version', seq: 2, cause });
    });

    test('is of no use to old code once new code has compacted further', async () => {
      const { at, stores } = await withOldBase();
      const { state, seq, logId } = await recover(at({ ...two, migrate }));
      await stores.events.compact('a', { atSeq: seq, logId, version: 2, state });
      await stores.snapshots.delete('a');
      await expect(recover(at(one))).rejects.toMatchObject({ code: 'newer-version', seq: 3 });
      const base = { atSeq: seq, logId, version: 1, state: { total: 17 } };
      await expect(stores.events.compact('a', base)).rejects.toMatchObject({ code: 'newer-version' });
    });
  });

  test('an upcast that throws ends the recovery, and names the event', async () => {
    const { at } = await withOldRun();
    const cause = new Error('cannot upcast');
    const upcast = () => {
      throw cause;
    };
    await expect(recover(at({ ...two, upcast }))).rejects.toMatchObject({
      code: 'reducer-threw',
      seq: 1,
      cause,
    });
  });

  test('old code opens, follows and recovers nothing that new code has written, and changes nothing', async () => {
    const { at, stores, errors, onError } = deployed();
    const run = await openRun(at(two));
    await run.append({ amount: 1, by: 'ann' });
    const before = await stores.events.head('a');
    for (const attempt of [
      () => openRun({ ...at(one), ifOwned: 'steal', onError }),
      () => followRun({ ...at(one), onError }),
      () => recover(at(one)),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'newer-version', seq: 1 });
    }
    expect(await stores.events.head('a')).toEqual(before);
    expect(await stores.snapshots.loadLatest('a')).toBeUndefined();
    expect(run.status).toBe('open');
    await run.close();
    await expect(openRun(at(one))).rejects.toMatchObject({ code: 'newer-version' });
    expect(await stores.snapshots.loadLatest('a')).toMatchObject({ version: 2 });
    expect(errors).toEqual([]);
    // It let go of the run.
    await (await openRun({ ...at(two), ifOwned: 'fail' })).close();
  });

  test('a snapshot alone keeps old code out', async () => {
    const { at, stores } = await withOldRun();
    const { logId } = await stores.events.head('a');
    await stores.snapshots.save({ runId: 'a', atSeq: 2, logId, version: 2, state: { sum: 15, count: 2 } });
    await expect(openRun(at(one))).rejects.toMatchObject({ code: 'newer-version' });
  });

  test('a follower of old code hears that a new release has taken over, and keeps its state', async () => {
    const { at, errors, onError } = await withOldRun();
    const follower = await followRun({ ...at(one), onError });
    const run = await openRun(at(two));
    await run.append({ amount: 1, by: 'ann' });
    await expect(follower.refresh()).rejects.toMatchObject({ code: 'newer-version', seq: 3 });
    expect(follower.state).toEqual({ total: 15 });
    expect(errors.every((code) => code === 'newer-version')).toBe(true);
    await Promise.all([run.close(), follower.close()]);
  });
});

describe('validated', () => {
  const schema = {
    '~standard': {
      validate: (value: unknown) => {
        const { amount, by = 'default' } = Object(value);
        return typeof amount === 'number'
          ? { value: { amount, by } }
          : { issues: [{ message: 'no amount' }] };
      },
    },
  };

  test('gives what a schema accepts, with its defaults, and throws at anything else', () => {
    const upcast: (event: unknown) => NewEvent = validated<NewEvent>(schema);
    expect(upcast({ amount: 1 })).toEqual({ amount: 1, by: 'default' });
    expect(() => upcast({ amount: '1' })).toThrow('no amount');
  });

  test('a stored event that the schema refuses is never in a state', async () => {
    const stores = inMemory();
    await stores.events.append('a', [{ amount: 'a lot' }]);
    const recovering = recover({
      runId: 'a',
      ...two,
      upcast: validated<NewEvent>(schema),
      stores: stores as never,
    });
    const error = await recovering.catch((reason: unknown) => reason);
    expect(isKernelError(error, 'reducer-threw') && error.seq).toBe(1);
  });

  test('a schema that answers later is refused', () => {
    const later = { '~standard': { validate: async () => ({ value: 1 }) } };
    expect(() => validated(later)({})).toThrow('asynchronous');
  });
});
