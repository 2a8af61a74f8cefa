import { destroy, followRun, openRun, type Run } from '../../src/index.ts';

// What the tests of live runs do in a page; they call it through `window`.

export interface Sum {
  readonly sum: number;
  readonly count: number;
}

const run = {
  id: 'sum',
  reduce: ({ sum, count }: Sum, event: number): Sum => ({ sum: sum + event, count: count + 1 }),
  initialState: { sum: 0, count: 0 },
};

export const page = {
  reports: [] as string[],
  owned: undefined as Run<Sum, number> | undefined,
  followed: undefined as Awaited<ReturnType<typeof followRun<Sum, number>>> | undefined,
  openedAt: 0,

  async open(owner: 'wait' | 'fail' | 'steal' = 'wait'): Promise<void> {
    const onReport = ({ code }: { code: string }) => void page.reports.push(code);
    page.owned = await openRun({ ...run, owner, snapshotEvery: 5, onReport });
    page.openedAt = Date.now();
  },

  destroy,

  async follow(): Promise<void> {
    page.followed = await followRun(run);
  },

  async append(event: number): Promise<number | string> {
    const appended = page.owned?.append(event) ?? Promise.reject(new Error('There is no run.'));
    return appended.catch(({ code }) => code);
  },
};

Object.assign(window, { page });
