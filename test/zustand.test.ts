import 'fake-indexeddb/auto';
import {
  IndexedDbEventStore,
  IndexedDbSnapshotStore,
  InMemoryEventStore,
  InMemorySnapshotStore,
  type KernelError,
  listRuns,
  openStores,
} from 'rewake';
import { runStorage } from 'rewake/zustand';
import { describe, expect, test, vi } from 'vitest';
import { type PersistOptions, persist } from 'zustand/middleware';
import { createStore } from 'zustand/vanilla';

interface Settings {
  readonly size: number;
  readonly seen: ReadonlyMap<string, Date>;
  readonly draft: string;
  readonly grow: () => void;
}

let databases = 0;
const newDatabase = () => `zustand-${++databases}`;

/** A tab: with connections of its own. */
function tab<P = Settings>(databaseName: string, options: Partial<PersistOptions<Settings, P>> = {}) {
  const reports: KernelError[] = [];
  const stores = {
    snapshots: new IndexedDbSnapshotStore({ databaseName }),
    events: new IndexedDbEventStore({ databaseName }),
    databaseName,
  };
  const storage = runStorage<P>({ stores, onError: (error) => void reports.push(error) });
  const store = createStore<Settings>()(
    persist<Settings, [], [], P>(
      (set) => ({
        size: 1,
        seen: new Map(),
        draft: '',
        grow: () => set(({ size }) => ({ size: size + 1 })),
      }),
      { name: 'settings', storage, ...options },
    ),
  );
  const hydrated = async () => {
    if (!store.persist.hasHydrated())
      await new Promise<unknown>((resolve) => store.persist.onFinishHydration(resolve));
  };
  const sees = (size: number) => vi.waitFor(() => expect(store.getState().size).toBe(size), { interval: 5 });
  return { store, storage, stores, reports, hydrated, sees, written: () => store.setState({}) };
}

const refused = (written: unknown) => expect(written).rejects.toMatchObject({ code: 'conflict' });

const lost = { name: 'EventStoreError', operation: 'append', code: 'connection-lost' };

describe('runStorage', () => {
  test('hydrates what was set, with all that can be structured-cloned, and without its functions', async () => {
    const database = newDatabase();
    const first = tab(database);
    await first.hydrated();
    expect(first.store.getState().size).toBe(1);
    first.store.getState().grow();
    const seen = new Map([['tour', new Date(5)]]);
    await first.store.setState({ seen });
    const next = tab(database);
    expect(next.store.persist.hasHydrated()).toBe(false);
    await next.hydrated();
    expect(next.store.getState()).toMatchObject({ size: 2, seen });
    next.store.getState().grow();
    expect(next.store.getState().size).toBe(3);
    await next.written();
    expect(await listRuns({ stores: next.stores })).toEqual([]);
    expect([...first.reports, ...next.reports]).toEqual([]);
  });

  test('partialize', async () => {
    const database = newDatabase();
    const partialize = ({ size }: Settings) => ({ size });
    const first = tab(database, { partialize });
    await first.hydrated();
    await first.store.setState({ size: 5, draft: 'not stored' });
    expect(await first.storage.getItem('settings')).toEqual({ state: { size: 5 }, version: 0 });
    const next = tab(database, { partialize });
    await next.hydrated();
    expect(next.store.getState()).toMatchObject({ size: 5, draft: '' });
  });

  test('version and migrate', async () => {
    const database = newDatabase();
    const old = tab(database);
    await old.hydrated();
    await old.store.setState({ size: 7 });

    const console = vi.spyOn(globalThis.console, 'error').mockReturnValue();
    const without = tab(database, { version: 1 });
    await without.hydrated();
    expect(without.store.getState().size).toBe(1);
    expect(console).toHaveBeenCalledWith(expect.stringContaining("couldn't be migrated"));
    console.mockRestore();

    const migrate = vi.fn((state: unknown, _version: number) => ({
      ...Object(state),
      size: 10 * Object(state).size,
    }));
    const next = tab(database, { version: 1, migrate });
    await next.hydrated();
    expect(migrate.mock.calls[0]?.[1]).toBe(0);
    expect(next.store.getState().size).toBe(70);
    await next.written();
    const again = tab(database, { version: 1, migrate });
    await again.hydrated();
    expect(again.store.getState().size).toBe(70);
    expect(migrate).toHaveBeenCalledTimes(1);
  });

  test('a tab of an older version cannot write over what a newer one has stored', async () => {
    const database = newDatabase();
    const old = tab(database, { version: 1 });
    await old.hydrated();
    const next = tab(database, { version: 2 });
    await next.hydrated();
    await next.store.setState({ size: 2 });

    const console = vi.spyOn(globalThis.console, 'error').mockReturnValue();
    await old.store.persist.rehydrate();
    console.mockRestore();
    await expect(old.store.setState({ size: 3 })).rejects.toMatchObject({ code: 'newer-version' });
    expect(old.reports).toMatchObject([{ code: 'newer-version' }]);
    expect(await next.storage.getItem('settings')).toMatchObject({ state: { size: 2 }, version: 2 });
  });

  test('a stale tab cannot write over what another one has written; it rehydrates, and can', async () => {
    const database = newDatabase();
    const [stale, other] = [tab(database), tab(database)];
    await stale.hydrated();
    await other.hydrated();
    for (const size of [10, 20]) {
      await other.store.setState({ size });
      await expect(stale.store.setState({ size: size + 1, draft: 'mine' })).rejects.toMatchObject({
        code: 'conflict',
      });
      expect((await other.storage.getItem('settings'))?.state.size).toBe(size);
      await stale.store.persist.rehydrate();
      expect(stale.store.getState().size).toBe(size);
      await stale.store.setState({ draft: `after ${size}` });
      expect((await other.storage.getItem('settings'))?.state).toMatchObject({
        size,
        draft: `after ${size}`,
      });
    }
    expect(stale.reports).toMatchObject([{ code: 'conflict' }, { code: 'conflict' }]);
  });

  test('rehydrates when another tab has written or removed it, and when its own write was refused', async () => {
    const database = newDatabase();
    const [one, other] = [tab(database), tab(database)];
    await one.hydrated();
    await other.hydrated();
    const rehydrated = vi.fn(() => void one.store.persist.rehydrate());
    const stop = one.storage.subscribe('settings', rehydrated);
    await vi.waitFor(async () => {
      await other.written(); // until it listens
      expect(rehydrated).toHaveBeenCalled();
    });
    await other.store.setState({ size: 8 });
    await one.sees(8);
    // Of its own writes it hears nothing, and of the other's once.
    const calls = rehydrated.mock.calls.length;
    await one.store.setState({ size: 9 });
    await other.store.persist.rehydrate();
    await other.store.setState({ size: 10 });
    await one.sees(10);
    expect(rehydrated).toHaveBeenCalledTimes(calls + 1);

    stop();
    await other.store.setState({ size: 12 });
    const before = rehydrated.mock.calls.length;
    await refused(one.store.setState({ size: 13 }));
    expect(rehydrated.mock.calls.length).toBe(before);
  });

  test('a write that was refused rehydrates, also if no notice comes', async () => {
    vi.stubGlobal('BroadcastChannel', undefined);
    const database = newDatabase();
    const [one, other] = [tab(database), tab(database)];
    await one.hydrated();
    await other.hydrated();
    one.storage.subscribe('settings', () => void one.store.persist.rehydrate());
    await other.store.setState({ size: 10 });
    await refused(one.store.setState({ size: 11 }));
    await one.sees(10);
    vi.unstubAllGlobals();
  });

  test('what is set before it is hydrated does not replace what is stored', async () => {
    const database = newDatabase();
    const first = tab(database);
    await first.hydrated();
    await first.store.setState({ size: 5 });
    const next = tab(database, { skipHydration: true });
    await expect(next.store.setState({ draft: 'early' })).rejects.toMatchObject({ code: 'conflict' });
    await next.store.persist.rehydrate();
    await next.store.setState({ draft: 'late' });
    expect((await first.storage.getItem('settings'))?.state).toMatchObject({ size: 5, draft: 'late' });
  });

  test('clearStorage removes it, and the store goes on', async () => {
    const database = newDatabase();
    const one = tab(database);
    await one.hydrated();
    await one.store.setState({ size: 5 });
    one.store.persist.clearStorage();
    await vi.waitFor(async () => expect(await one.storage.getItem('settings')).toBe(null));
    await one.store.setState({ size: 6 });
    expect((await one.storage.getItem('settings'))?.state.size).toBe(6);
    await one.storage.removeItem('settings');
    await one.store.setState({ size: 7 });
    expect((await one.storage.getItem('settings'))?.state.size).toBe(7);
  });

  test('many writes are few, the last one counts, and the log stays short', async () => {
    const database = newDatabase();
    const one = tab(database);
    await one.hydrated();
    const append = vi.spyOn(one.stores.events, 'append');
    const writes = Array.from({ length: 100 }, (_, size) => one.store.setState({ size }));
    await Promise.all(writes);
    expect(append.mock.calls.length).toBeLessThanOrEqual(2);
    for (let size = 0; size < 50; size++) await one.store.setState({ size });
    const { events } = await openStores({ databaseName: database });
    const id = 'rewake:item:settings';
    await vi.waitFor(async () => expect((await events.base(id))?.atSeq).toBeGreaterThanOrEqual(48));
    const next = tab(database);
    await next.hydrated();
    expect(next.store.getState().size).toBe(49);
  });

  test('after a base alone, it is read as any other', async () => {
    const stores = { snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() };
    const storage = runStorage<{ n: number }>({ stores });
    for (let n = 1; n <= 16; n++) await storage.setItem('a', { state: { n } });
    await vi.waitFor(async () =>
      expect(await stores.events.base('rewake:item:a')).toMatchObject({ atSeq: 16 }),
    );
    expect(await storage.getItem('a')).toEqual({ state: { n: 16 }, version: undefined });
    const other = runStorage<{ n: number }>({ stores });
    expect(await other.getItem('a')).toEqual({ state: { n: 16 }, version: undefined });
    await other.setItem('a', { state: { n: 17 } });
    expect(await storage.getItem('a')).toMatchObject({ state: { n: 17 } });
  });

  test('a connection that is lost each time is told', async () => {
    const events = new InMemoryEventStore();
    const error = Object.assign(new Error(), lost);
    const append = vi.spyOn(events, 'append').mockRejectedValue(error);
    const stores = { snapshots: new InMemorySnapshotStore(), events };
    const reports: KernelError[] = [];
    const storage = runStorage<number>({ stores, onError: (error) => void reports.push(error) });
    await expect(storage.setItem('a', { state: 1 })).rejects.toBe(error);
    expect(append).toHaveBeenCalledTimes(4);
    expect(reports).toEqual([error]);
  });

  test('a lost connection is tried again, and nothing is written twice', async () => {
    const events = new InMemoryEventStore();
    const stores = { snapshots: new InMemorySnapshotStore(), events };
    const append = events.append.bind(events);
    let calls = 0;
    vi.spyOn(events, 'append').mockImplementation(async (...args) => {
      const head = await append(...args);
      if (calls++ < 2) throw Object.assign(new Error(), lost);
      return head;
    });
    const storage = runStorage<number>({ stores });
    await storage.setItem('a', { state: 1 });
    await storage.setItem('a', { state: 2 });
    expect(calls).toBe(4);
    expect(await events.head('rewake:item:a')).toMatchObject({ seq: 2 });
  });

  test('what cannot be stored is reported by its place', async () => {
    const one = tab(newDatabase());
    await one.hydrated();
    const nested = { seen: new Map([['f', (() => {}) as unknown as Date]]) };
    await expect(one.store.setState(nested)).rejects.toMatchObject({ code: 'not-cloneable' });
    expect(one.reports).toMatchObject([{ code: 'not-cloneable' }]);
    await one.store.setState({ seen: new Map(), size: 4 });
    expect((await one.storage.getItem('settings'))?.state.size).toBe(4);
  });
});
