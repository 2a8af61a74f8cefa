import { InMemorySnapshotStore, KernelError } from 'rewake';
import { expect } from 'vitest';
import { type AnyStores, inMemory } from './stores-scene.ts';

// Three places that hand one run to each other, and what is true of them: a plain list of events for each log.

export type Place = 'phone' | 'desktop' | 'server';
export type Device = Exclude<Place, 'server'>;

export const runId = 'a';

/** An event, as a base and a snapshot hold it in their states. */
interface Entry {
  readonly event: unknown;
  readonly version: number;
}

/** A log from its first event on, compacted or not. */
export interface History {
  readonly logId: string | null;
  readonly all: readonly Entry[];
  readonly base: number;
}

/** What is to go wrong, at which call of a store. */
export interface Fault {
  readonly at: number;
  readonly kind: 'not sent' | 'answer lost' | 'abort' | 'meanwhile';
  /** What somebody else does then. */
  readonly meanwhile: (scene: Scene) => Promise<void>;
}

const isPrefix = (one: readonly Entry[], other: readonly Entry[]) =>
  one.length <= other.length && one.every((entry, index) => isSame(entry, other[index]));
export const isSame = (one: Entry | undefined, other: Entry | undefined): boolean =>
  one?.event === other?.event && one?.version === other?.version;

export class Scene {
  readonly stores: Record<Place, AnyStores>;
  readonly marks: Record<Device, InMemorySnapshotStore<unknown>> = {
    phone: new InMemorySnapshotStore(),
    desktop: new InMemorySnapshotStore(),
  };
  #known: Record<Place, History>;
  /** What the log that is being handed over was before somebody changed it meanwhile. */
  #earlier: History[] = [];

  constructor(open: () => AnyStores = inMemory) {
    this.stores = { phone: open(), desktop: open(), server: open() };
    const empty: History = { logId: null, all: [], base: 0 };
    this.#known = { phone: empty, desktop: empty, server: empty };
  }

  /** What a place really holds. */
  async read(place: Place): Promise<History> {
    const { events } = this.stores[place];
    const [{ seq, logId }, base] = [await events.head(runId), await events.base(runId)];
    const atSeq = base?.atSeq ?? 0;
    const rest = (await events.scan(runId, atSeq + 1)).events;
    const all = [
      ...((base?.state ?? []) as Entry[]),
      ...rest.map(({ event, version }) => ({ event, version })),
    ];
    expect(all).toHaveLength(seq);
    return { logId, all, base: atSeq };
  }

  /**
   * Nothing has changed but what was told, and what a hand-over between these two may do: the log in `to` was the
   * beginning of the one in `from`, as that is or was when it was read, and still is.
   */
  async check(from?: Place, to?: Place): Promise<void> {
    for (const place of ['phone', 'desktop', 'server'] as const) {
      const [was, is] = [this.#known[place], await this.read(place)];
      if (place === to && from) {
        const grown = is.all.length > was.all.length || is.base !== was.base;
        if (grown) {
          expect(isPrefix(was.all, is.all), 'its beginning stays').toBe(true);
          const sources = [...this.#earlier, this.#known[from]];
          const isBeginning = sources.some(({ all }) => isPrefix(is.all, all));
          expect(isBeginning, 'it is the beginning of the other').toBe(true);
          if (was.all.length > 0) expect(is.logId).toBe(was.logId);
        } else expect(is).toEqual(was);
        this.#known[place] = is;
      } else expect(is, place).toEqual(was);
      await this.#checkSnapshot(place, is);
    }
    for (const device of ['phone', 'desktop'] as const) await this.#checkMark(device);
    this.#earlier = [];
  }

  /** A snapshot that recovery would use is that of its log. */
  async #checkSnapshot(place: Place, { logId, all }: History): Promise<void> {
    const snapshot = await this.stores[place].snapshots.loadLatest(runId);
    if (!snapshot || (snapshot.logId ?? null) !== logId || logId === null) return;
    expect(snapshot.state).toEqual(all.slice(0, snapshot.atSeq));
    expect(snapshot.atSeq).toBeLessThanOrEqual(all.length);
  }

  /** What a mark says is so. */
  async #checkMark(device: Device): Promise<void> {
    const mark = await this.mark(device);
    const [here, there] = [this.#known[device], this.#known.server];
    if (!mark?.logIds.includes(here.logId) || !mark.logIds.includes(there.logId)) return;
    expect(mark.seq).toBeLessThanOrEqual(Math.min(here.all.length, there.all.length));
    expect(here.all.slice(0, mark.seq)).toEqual(there.all.slice(0, mark.seq));
  }

  async mark(device: Device): Promise<{ seq: number; logIds: (string | null)[] } | undefined> {
    const [key] = await this.marks[device].runIds();
    const mark = key === undefined ? undefined : await this.marks[device].loadLatest(key);
    return mark && { seq: mark.atSeq, logIds: Object(mark.state).logIds };
  }

  /** Something that is no hand-over. */
  async change(place: Place, work: (stores: AnyStores, history: History) => Promise<unknown>): Promise<void> {
    await work(this.stores[place], await this.read(place));
    this.#known[place] = await this.read(place);
  }

  append = (place: Place, events: readonly unknown[], version: number): Promise<void> =>
    this.change(place, (stores) => stores.events.append(runId, events, { version }));

  delete = (place: Place): Promise<void> =>
    this.change(place, async ({ events, snapshots }) => {
      await snapshots.delete(runId);
      await events.delete(runId);
    });

  compact = (place: Place, left: number): Promise<void> =>
    this.change(place, async ({ events }, { logId, all, base }) => {
      const atSeq = Math.max(all.length - left, base);
      if (atSeq > 0) await events.compact(runId, { atSeq, logId, version: 1, state: all.slice(0, atSeq) });
    });

  save = (place: Place, left: number): Promise<void> =>
    this.change(place, async ({ snapshots }, { logId, all }) => {
      const atSeq = Math.max(all.length - left, 0);
      // It may be there already, of a log that is gone, and later.
      await snapshots.delete(runId);
      await snapshots.save({ runId, atSeq, logId, state: all.slice(0, atSeq) });
    });

  /** What a hand-over is given, so that the fault happens. */
  faulty(device: Device, from: Place, to: Place, fault: Fault | undefined) {
    const controller = new AbortController();
    let calls = 0;
    let happened = false;
    /** If one of two calls fails, what happens at the other is not waited for by anybody else. */
    let over: Promise<void> | undefined;
    const wrap = <Store extends object>(store: Store): Store =>
      new Proxy(store, {
        get: (_, name) => {
          // What a store has are methods.
          const method = Reflect.get(store, name) as (...args: unknown[]) => Promise<unknown>;
          return async (...args: unknown[]) => {
            const isIt = ++calls === fault?.at;
            if (!isIt) {
              // Nothing moves while it is checked what was handed over up to then.
              await over;
              return method.apply(store, args);
            }
            happened = true;
            if (fault.kind === 'abort') controller.abort('enough');
            if (fault.kind === 'meanwhile') {
              over = (async () => {
                // What was handed over up to now.
                await this.check(from, to);
                this.#earlier = [this.#known[from]];
                await fault.meanwhile(this);
              })();
              await over;
            }
            if (fault.kind === 'not sent') throw lost();
            const answer = await method.apply(store, args);
            if (fault.kind === 'answer lost') throw lost();
            return answer;
          };
        },
      });
    const both = ({ snapshots, events }: AnyStores) => ({ snapshots: wrap(snapshots), events: wrap(events) });
    const options = {
      ...{ runId, signal: controller.signal, marks: wrap(this.marks[device]) },
      ...{ from: both(this.stores[from]), to: both(this.stores[to]) },
    };
    return { options, happened: () => happened, settled: async () => over };
  }

  /** What a hand-over has to come to if nothing else happens meanwhile. */
  async expected(device: Device, from: Place, to: Place): Promise<object> {
    const mark = await this.mark(device);
    const [ours, theirs] = [await this.read(from), await this.read(to)];
    if (mark && !(mark.logIds.includes(ours.logId) && mark.logIds.includes(theirs.logId)))
      return { code: 'conflict', seq: undefined };
    const end = Math.min(ours.all.length, theirs.all.length);
    const known = mark && mark.seq <= end ? mark.seq : 0;
    const last = Math.max(ours.base, theirs.base);
    const sameBase = ours.base === theirs.base && isPrefix(ours.all.slice(0, last), theirs.all);
    if (end > known && last > known && !sameBase) return { code: 'compacted', seq: last };
    const common = ours.all.findIndex((entry, index) => !isSame(entry, theirs.all[index]));
    if (common >= 0 && common < end) return { code: 'conflict', seq: common };
    const seq = ours.all.length;
    const [appended, ahead] = [Math.max(seq - theirs.all.length, 0), Math.max(theirs.all.length - seq, 0)];
    return { runId, seq, appended, ahead };
  }
}

const lost = () => new KernelError('connection-lost', 'the answer is lost', { operation: 'test' });
