// One way to use rewake, whichever release it is: what `--against` compares may differ in its API.

/** What `head` and `append` tell: 0.1 the seq alone. */
export type Head = number | { readonly seq: number; readonly logId?: string };

export interface EventLog {
  head(runId: string): Promise<Head>;
  append(runId: string, events: readonly unknown[], options?: object): Promise<Head>;
}

export interface SnapshotKeeper {
  save(snapshot: object, options?: object): Promise<unknown>;
}

export interface EitherRun {
  append(event: unknown): Promise<unknown>;
  snapshot(): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface EitherStores {
  readonly backend: string;
  readonly events: EventLog;
  readonly snapshots: SnapshotKeeper;
}

/** Of each release, what is used here. */
export interface Library {
  openStores(options: object): Promise<EitherStores>;
  openRun(options: object): Promise<EitherRun>;
  recover(options: object): Promise<{ readonly state: unknown; readonly seq: number }>;
}

export const seqOf = (head: Head): number => (typeof head === 'number' ? head : head.seq);

/** The log that a head is of, where the release tells. */
const logOf = (head: Head) =>
  typeof head === 'number' || head.logId === undefined ? {} : { logId: head.logId };

/** That nothing is changed later: 0.1 is told so when it opens its stores, and does not mind. */
export const immutable = { immutable: true };

/** What an append says so that it comes after this head and nothing else. */
export const fence = (head: Head): object => ({ expectedHead: seqOf(head), ...logOf(head), ...immutable });

export const snapshotOf = (runId: string, head: Head, atSeq: number, state: unknown): object => ({
  runId,
  atSeq,
  state,
  ...logOf(head),
});

/** What `openRun` and `recover` are told of a run: `id` and the stores one by one are of 0.1. */
export const runOf = (runId: string, stores: EitherStores, definition: object): object => ({
  id: runId,
  runId,
  stores,
  events: stores.events,
  snapshots: stores.snapshots,
  ...definition,
});
