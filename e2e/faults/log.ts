import { openStores, recover } from '../../src/index.ts';

// A run's log and its state, in a page, through `recover` alone.

interface Chain {
  readonly event: unknown;
  readonly before: Chain | undefined;
}

/** The events of the run's log, whatever its snapshot says. */
export async function logOf(runId = 'list'): Promise<unknown[]> {
  const { events } = await openStores<Chain | undefined, unknown>();
  const { state } = await recover<Chain | undefined, unknown>({
    runId,
    stores: { events, snapshots: { loadLatest: async () => undefined } },
    // Not an array: a copy for each of many thousand events takes long.
    reduce: (before, event) => ({ event, before }),
    initialState: undefined,
  });
  const log: unknown[] = [];
  for (let link = state; link; link = link.before) log.push(link.event);
  return log.reverse();
}

/** The state of a run that keeps its events in its state. */
export async function recovered(runId = 'list'): Promise<readonly unknown[]> {
  const { events, snapshots } = await openStores<readonly unknown[], unknown>();
  const reduce = (state: readonly unknown[], event: unknown) => [...state, event];
  return (await recover({ runId, stores: { events, snapshots }, reduce, initialState: [] })).state;
}

/** Deletes the run, whoever owns it. */
export async function deleteRun(runId = 'list'): Promise<void> {
  const { events, snapshots } = await openStores();
  await snapshots.delete(runId);
  await events.delete(runId);
}
