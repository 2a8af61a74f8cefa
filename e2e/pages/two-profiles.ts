import { handOver } from '../../src/hand-over/index.ts';
import { HttpEventStore, HttpSnapshotStore } from '../../src/http/index.ts';
import { isKernelError, openRun, openStores, type Recovery } from '../../src/index.ts';

// What the test with two profiles does in a page; it calls it through `window`.

type Log = readonly string[];

const definition = { initialState: [], reduce: (all: Log, event: string): Log => [...all, event] };
const runId = 'notes';
const options = { url: '/rewake', headers: { Authorization: 'Bearer ann' } };
const server = {
  snapshots: new HttpSnapshotStore<Log>(options),
  events: new HttpEventStore<string>(options),
};

export const page = {
  /** Opens the run and appends `who 1`, `who 2`, …: some one by one, the others at once. */
  async goOn(who: string, count: number): Promise<{ recovery: Recovery<Log>; close: () => Promise<void> }> {
    const run = await openRun<Log, string>({ runId, ...definition, snapshotEvery: 10 });
    const events = Array.from({ length: count }, (_, index) => `${who} ${index + 1}`);
    const apart = Math.ceil(count / 2);
    for (const event of events.slice(0, apart)) await run.append(event);
    if (apart < count) await run.appendAll(events.slice(apart));
    return { recovery: run.recovery, close: () => run.close() };
  },

  /** What was handed over, or the code of the error and its seq. */
  async handOver(direction: 'send' | 'fetch'): Promise<object> {
    const here = await openStores<Log, string>();
    const [from, to] = direction === 'send' ? [here, server] : [server, here];
    try {
      return await handOver({ runId, from, to, marks: here.snapshots });
    } catch (error) {
      if (isKernelError(error, 'conflict')) return { code: error.code, seq: error.seq };
      throw error;
    }
  },

  async events(): Promise<Log> {
    const { events } = await (await openStores<Log, string>()).events.scan(runId, 1);
    return events.map(({ event }) => event);
  },
};

Object.assign(window, { page });
