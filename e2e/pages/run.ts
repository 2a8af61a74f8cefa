import { deleteDatabase, followRun, openRun, openStores, type Run } from '../../src/index.ts';
import { hold } from '../faults/hold.ts';

// What the tests of live runs do in a page; they call it through `window`.

export interface Sum {
  readonly sum: number;
  readonly count: number;
}

const run = {
  runId: 'sum',
  reduce: ({ sum, count }: Sum, event: number): Sum => ({ sum: sum + event, count: count + 1 }),
  initialState: { sum: 0, count: 0 },
};

export const page = {
  reports: [] as string[],
  owned: undefined as Run<Sum, number> | undefined,
  followed: undefined as Awaited<ReturnType<typeof followRun<Sum, number>>> | undefined,
  openedAt: 0,

  async open(ifOwned: 'wait' | 'fail' | 'steal' = 'wait', signal?: AbortSignal): Promise<void> {
    const onError = ({ code }: { code: string }) => void page.reports.push(code);
    page.owned = await openRun({ ...run, ifOwned, snapshotEvery: 5, onError, ...(signal && { signal }) });
    page.openedAt = Date.now();
  },

  deleteDatabase,

  /** Whoever owns it. */
  async deleteRun(): Promise<void> {
    const { events, snapshots } = await openStores();
    await snapshots.delete(run.runId);
    await events.delete(run.runId);
  },

  async follow(): Promise<void> {
    page.followed = await followRun(run);
  },

  async append(event: number): Promise<number | string> {
    const appended = page.owned?.append(event) ?? Promise.reject(new Error('There is no run.'));
    return appended.catch(({ code }) => code);
  },

  /** Appends while a lock that is asked for now is waited for, until what an append does at once is done. */
  async appendBeforeLock(event: number): Promise<number | string> {
    const { held, release } = hold(navigator.locks, 'request', 'before');
    Object.defineProperty(navigator, 'locks', { value: held, configurable: true });
    const appended = page.append(event);
    const { events } = await openStores();
    for (let reads = 0; reads < 5; reads++) await events.head(run.runId);
    release();
    return appended;
  },
};

Object.assign(window, { page });
