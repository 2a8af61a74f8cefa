import { randomId } from '../backends/random-id.ts';
import type { EventStore } from '../contracts/event-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';

/** Stores as far as it matters who shares them: the tabs that open `databaseName`, or whoever has the object. */
export interface Shared {
  readonly databaseName?: string;
  readonly events: object;
}

const names = new WeakMap<object, string>();

/** The one name of a run, under which its lock is held and its notices are sent. */
export function nameOf({ databaseName, events }: Shared, runId: RunId): string {
  const name = databaseName ?? names.get(events) ?? `memory ${randomId()}`;
  if (databaseName === undefined) names.set(events, name);
  // As JSON, no two of them are alike, not even those with lone surrogates, which platforms replace.
  return `rewake ${JSON.stringify([name, runId])}`;
}

/** The name of the lock that every live run of a database shares. */
export const databaseLockName = (databaseName: string): string => `rewake ${JSON.stringify([databaseName])}`;

/** Where the owner of a run tells its followers the new head; `undefined` if the platform has no such thing. */
export function openNotices(stores: Shared, runId: RunId): BroadcastChannel | undefined {
  if (typeof BroadcastChannel === 'undefined') return undefined;
  let channel: BroadcastChannel;
  try {
    channel = new BroadcastChannel(nameOf(stores, runId));
  } catch {
    // Firefox, if the user lets no site keep data.
    return undefined;
  }
  // In Node an open channel would keep the process running.
  if ('unref' in channel && typeof channel.unref === 'function') channel.unref();
  return channel;
}

/**
 * Calls `onNotice` whenever the run may have a new head, as the store or, if that hears of nothing, the owner's page tells. Returns what
 * ends it; `undefined` if nobody can tell.
 */
export function listenForNotices(
  stores: Shared & { readonly events: Pick<EventStore<never>, 'watch'> },
  runId: RunId,
  onNotice: () => void,
  onError: (error: unknown) => void,
): (() => void) | undefined {
  if (stores.events.watch) return stores.events.watch(runId, { onChange: onNotice, onError });
  const notices = openNotices(stores, runId);
  if (!notices) return undefined;
  notices.onmessage = onNotice;
  return () => notices.close();
}

/** Tells the followers of a run that nobody owns its new head. */
export function tellFollowers(stores: Shared, runId: RunId, seq: Seq): void {
  const notices = openNotices(stores, runId);
  notices?.postMessage(seq);
  notices?.close();
}
