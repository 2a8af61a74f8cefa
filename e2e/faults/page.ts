import * as rewake from '../../src/index.ts';
import { hold } from './hold.ts';
import { deleteRun, logOf, recovered } from './log.ts';

// What the tests of faults use in a page, through `window.page`.

/** What became of a call: its result, or the code of its typed error. Any other error comes through. */
export type Outcome<T> = { readonly value: T } | { readonly code: string };

async function outcome<T>(call: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await call };
  } catch (error) {
    if (rewake.isKernelError(error)) return { code: error.code };
    throw error;
  }
}

/** A run that keeps its events in its state. */
const list = {
  runId: 'list',
  reduce: (state: readonly unknown[], event: unknown): readonly unknown[] => [...state, event],
  initialState: [] as readonly unknown[],
};

/** Bytes that no browser can make smaller. */
function bytes(length: number): Uint8Array<ArrayBuffer> {
  const random = new Uint8Array(length);
  // The platform gives no more at a time.
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(random.subarray(at, at + 65_536));
  return random;
}

/** Settles as a request of raw IndexedDB does: what another program, or another release, would do. */
function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Fills this site's storage up: there is still room for small things, but none for 2 MB. */
async function fillUp(): Promise<void> {
  const reserve = new rewake.IndexedDbEventStore({ databaseName: 'reserve' });
  await reserve.append('a', [bytes(250_000)]);
  const filler = new rewake.IndexedDbEventStore({ databaseName: 'filler' });
  while ('value' in (await outcome(filler.append('a', [bytes(1_000_000)]))));
  await settled(indexedDB.deleteDatabase('reserve'));
}

const makeRoom = () => settled(indexedDB.deleteDatabase('filler'));

/** What became of the call with each number. */
export interface Called {
  readonly n: number;
  readonly outcome: Outcome<number>;
}

/** Calls `call` with 1, 2, 3, … without an end, some at a time, and notes what becomes of each. */
function stream(call: (n: number) => Promise<number>) {
  const called: Called[] = [];
  let last = 0;
  let stopped = false;
  const lane = async () => {
    while (!stopped) {
      const n = ++last;
      called.push({ n, outcome: await outcome(call(n)) });
      // Leaves the browser time for what is done to it meanwhile.
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  const lanes = Promise.all([lane(), lane(), lane(), lane()]);
  return {
    /** The last number so far. */
    last: () => last,
    async stop(): Promise<readonly Called[]> {
      stopped = true;
      await lanes;
      return called;
    },
  };
}

type ListStores = rewake.Stores<readonly unknown[], unknown>;

export const page = {
  rewake,
  outcome,
  list,
  bytes,
  settled,
  fillUp,
  makeRoom,
  stream,
  hold,
  logOf,
  recovered,
  deleteRun,
  /** For what a test starts in one call and goes on with in another. */
  stores: undefined as rewake.Stores<unknown, unknown> | undefined,
  run: undefined as rewake.Run<readonly unknown[], unknown> | undefined,
  followed: undefined as rewake.FollowedRun<readonly unknown[]> | undefined,
  appends: undefined as ReturnType<typeof stream> | undefined,
  reads: undefined as ReturnType<typeof stream> | undefined,
  /** What {@link page.heldStores} has held: when it waits, and how it goes on. */
  reached: undefined as Promise<void> | undefined,
  release: () => {},
  pending: undefined as Promise<unknown> | undefined,
  reports: [] as string[],

  async openStores() {
    page.stores = await rewake.openStores();
    return page.stores;
  },

  /** The stores of a run, a method of which waits: see {@link hold}. */
  async heldStores<Name extends 'events' | 'snapshots'>(
    name: Name,
    method: keyof ListStores[Name] & string,
    when: 'before' | 'after',
  ) {
    const stores = await rewake.openStores<readonly unknown[], unknown>();
    const { held, reached, release } = hold(stores[name], method, when);
    Object.assign(page, { reached, release });
    return { ...stores, [name]: held };
  },

  async openRun(options: Partial<rewake.RunOptions<readonly unknown[], unknown>> = {}) {
    const onError = ({ code }: rewake.KernelError) => void page.reports.push(code);
    page.run = await rewake.openRun({ ...list, ...options, onError });
    return page.run;
  },

  async followRun() {
    page.followed = await rewake.followRun(list);
  },
};

Object.assign(globalThis, { page });
