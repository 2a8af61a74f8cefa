import { openStores } from '../backends/open-stores.ts';
import type { RunId } from '../contracts/words.ts';
import { RunError } from '../errors/kernel-error.ts';
import { withContext } from '../errors/reason.ts';
import { method, nonEmpty, object, optional, type Rule } from '../errors/rules.ts';
import type { Locks } from './locks.ts';
import { nameOf, tellFollowers } from './notices.ts';
import { isHeldHere, own, processLocks } from './ownership.ts';
import type { RunStores } from './run.ts';

// What can be asked and done about runs without opening them.

/** What the ids of rewake's own runs begin with, such as the inboxes of workflows. */
export const OWN_RUNS = 'rewake:';

/** Which run, and in which stores. */
export interface RunPlace {
  /** Names the run. */
  readonly runId: RunId;
  /** Those of `openStores()` by default. */
  readonly stores?: RunStores<unknown, unknown> | undefined;
}

const storesRule = optional(
  object({
    snapshots: object({ delete: method, runIds: method }),
    events: object({ delete: method, runIds: method }),
  }),
);
export const placeRules: Record<keyof RunPlace, Rule> = { runId: nonEmpty, stores: storesRule };

/**
 * Who owns a run: this page or worker, `elsewhere` (another tab, worker or Service Worker), or `nobody`. Without Web
 * Locks (see the README's *Limits*) an owner elsewhere cannot be seen.
 */
export type RunOwner = 'here' | 'elsewhere' | 'nobody';

/**
 * Who owns the run at this moment.
 *
 * Rejects as {@link openStores} does.
 *
 * @example
 * if ((await ownerOf({ runId: 'import-7' })) === 'elsewhere') showTakeOverButton();
 */
export function ownerOf(place: RunPlace): Promise<RunOwner> {
  return withContext(RunError, 'ownerOf', place?.runId, async () => {
    object(placeRules)('options', place);
    const stores = place.stores ?? (await openStores());
    return ownerAmong(await heldLocks(stores), nameOf(stores, place.runId));
  });
}

/** A run that is stored. */
export interface ListedRun {
  /** The run's name. */
  readonly runId: RunId;
  /** Who owned it when it was listed. */
  readonly owner: RunOwner;
}

/**
 * The runs that have a log or a snapshot, in no particular order, and who owns each at this moment. Not those whose
 * names begin with `rewake:`, which are rewake's own.
 *
 * Rejects as {@link openStores} and the stores do.
 *
 * @example
 * for (const { runId, owner } of await listRuns()) if (owner === 'nobody') offerToGoOnWith(runId);
 */
export function listRuns(options: Pick<RunPlace, 'stores'> = {}): Promise<ListedRun[]> {
  return withContext(RunError, 'listRuns', undefined, async () => {
    object({ stores: storesRule })('options', options);
    const stores = options.stores ?? (await openStores());
    const [logs, snapshots, held] = await Promise.all([
      stores.events.runIds(),
      stores.snapshots.runIds(),
      heldLocks(stores),
    ]);
    return [...new Set([...logs, ...snapshots])]
      .filter((runId) => !runId.startsWith(OWN_RUNS))
      .map((runId) => ({ runId, owner: ownerAmong(held, nameOf(stores, runId)) }));
  });
}

/**
 * Deletes a run: its snapshot and its log. Takes the run from its owner, whose run closes with `conflict`; followers
 * begin anew. It is safe to repeat: after a crash midway the run is there, whole, and the next call deletes it.
 *
 * Rejects as {@link openStores} and the stores do.
 *
 * @example
 * await deleteRun({ runId: 'import-7' });
 */
export function deleteRun(place: RunPlace): Promise<void> {
  return withContext(RunError, 'deleteRun', place?.runId, async () => {
    object(placeRules)('options', place);
    const { runId } = place;
    const stores = place.stores ?? (await openStores());
    const ownership = await own(stores, { runId, mode: 'steal', onLost: () => {} });
    try {
      // In this order: without its snapshot, a run is still whole.
      await stores.snapshots.delete(runId);
      await stores.events.delete(runId);
      tellFollowers(stores, runId, 0);
    } finally {
      await ownership.release();
    }
  });
}

/** The names of the locks that anybody holds. */
async function heldLocks({ databaseName }: RunStores<unknown, unknown>): Promise<ReadonlySet<string>> {
  const webLocks: Locks | undefined = databaseName === undefined ? undefined : globalThis.navigator?.locks;
  const { held = [] } = await (webLocks ?? processLocks).query();
  return new Set(held.map(({ name = '' }) => name));
}

function ownerAmong(held: ReadonlySet<string>, name: string): RunOwner {
  if (isHeldHere(name)) return 'here';
  return held.has(name) ? 'elsewhere' : 'nobody';
}
