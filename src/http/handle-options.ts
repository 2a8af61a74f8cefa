import type { EventStore } from '../contracts/event-store.ts';
import type { SnapshotStore } from '../contracts/snapshot-store.ts';
import type { RunId } from '../contracts/words.ts';
import { integer, method, object, optional, type Rule } from '../errors/rules.ts';

/** What {@link handle} answers requests from: what {@link openStores} gives, or any two backends. */
export interface HandledStores {
  /** Where the runs' snapshots are. */
  readonly snapshots: SnapshotStore<unknown>;
  /** Where the runs' logs are. */
  readonly events: EventStore<unknown>;
}

/** What a request wants done: a method of one of the stores, or to be told of commits (`events.watch`). */
export type HttpOperation =
  | 'events.append'
  | 'events.base'
  | 'events.begin'
  | 'events.compact'
  | 'events.delete'
  | 'events.head'
  | 'events.runIds'
  | 'events.scan'
  | 'events.watch'
  | 'snapshots.delete'
  | 'snapshots.loadLatest'
  | 'snapshots.runIds'
  | 'snapshots.save';

/** What a request asks for, for {@link HandleOptions.authorize}. */
export interface HttpAccess {
  /** The run; `undefined` if it is all of them (`events.runIds`, `snapshots.runIds`). */
  readonly runId: RunId | undefined;
  /** What is to be done with it. */
  readonly operation: HttpOperation;
}

/** How {@link handle} answers; `authorize` is required. */
export interface HandleOptions {
  /**
   * Whether this request may do this: nobody is let in without it. Anything but `true` answers 403, and what it throws
   * 503. It is asked before the body is read. The run is named by the URL alone, and `runId` is its name as the stores get
   * it. Requests with the method GET only read.
   */
  readonly authorize: (request: Request, access: HttpAccess) => boolean | Promise<boolean>;
  /** The largest body that is read, in bytes; 8 MiB by default. */
  readonly maxBytes?: number | undefined;
  /** The most events that one append may have; 100,000 by default. */
  readonly maxEvents?: number | undefined;
  /** How long the body of a request may take to arrive, in milliseconds; 30,000 by default. */
  readonly bodyTimeout?: number | undefined;
  /** How often the head of a run that somebody follows is read, in milliseconds; 1,000 by default. */
  readonly pollEvery?: number | undefined;
  /** Receives what the clients are not told: failures of the stores and of `authorize`. By default, `console.warn`. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

export const optionRules: Rule = object({
  authorize: method,
  maxBytes: optional(integer(1)),
  maxEvents: optional(integer(1)),
  bodyTimeout: optional(integer(1)),
  pollEvery: optional(integer(1)),
  onError: optional(method),
} satisfies Record<keyof HandleOptions, Rule>);

export const storeRules: Rule = object({
  snapshots: object({ loadLatest: method, save: method, delete: method, runIds: method }),
  events: object({
    append: method,
    scan: method,
    head: method,
    compact: method,
    base: method,
    begin: method,
    delete: method,
  }),
});

export function report(error: unknown, { onError = (error) => console.warn(error) }: HandleOptions): void {
  try {
    onError(error);
  } catch (thrown) {
    (globalThis.reportError ?? console.error)(thrown);
  }
}
