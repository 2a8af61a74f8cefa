import { openStores } from '../backends/open-stores.ts';
import { randomId } from '../backends/random-id.ts';
import type { EventStore, Head } from '../contracts/event-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { isKernelError, type KernelError, RunError } from '../errors/kernel-error.ts';
import { Reason, toKernelError, withContext } from '../errors/reason.ts';
import { method, nonEmpty, object, oneOf, optional, type Rule } from '../errors/rules.ts';
import { tellFollowers } from '../run/notices.ts';
import type { RunStores } from '../run/run.ts';
import { whileOwned } from '../run/while-owned.ts';
import { textOfBase, textOfEvent } from '../serialization/text-of.ts';
import { type ExportedRun, readRun } from './read-run.ts';

/** What to import, and where to. */
export interface ImportOptions {
  /** What `exportRun` gave: the `stream()` of a File, the `body` of a Response. */
  readonly stream: ReadableStream<Uint8Array>;
  /** Those of `openStores()` by default, which are in memory if there is no IndexedDB. */
  readonly stores?: RunStores<unknown, unknown> | undefined;
  /** The name of the run here; by default, the one it was exported under. */
  readonly runId?: RunId | undefined;
}

const importRules: Record<keyof ImportOptions, Rule> = {
  stream: object({ getReader: method, locked: oneOf(false) }),
  stores: optional(
    object({
      snapshots: object({ save: method, delete: method }),
      events: object({
        head: method,
        scan: method,
        base: method,
        append: method,
        begin: method,
        delete: method,
      }),
    }),
  ),
  runId: optional(nonEmpty),
};

/** What {@link importRun} has done. */
export interface ImportedRun {
  /** The run's name here. */
  readonly runId: RunId;
  /** The head of its log. */
  readonly seq: Seq;
  /** How many of its events were not here before, those in its base included. */
  readonly appended: number;
  /** Set if the snapshot could not be saved. The run is whole without it. */
  readonly snapshotError?: KernelError;
}

/** So many stored events are compared at once. */
const PAGE = 10_000;
/** How often an append is tried if the connection is lost. */
const TRIES = 4;

/**
 * Appends an exported run to an empty log, or what is missing to a log that is the beginning of it. If the run was
 * compacted, the log begins with its base. The whole stream is read
 * and checked before anything is written, so the run has to fit in memory, and a stream that is damaged or breaks off
 * changes nothing. Owns the run meanwhile. The run gets a `logId` of its own.
 *
 * Events of one version are appended all or none. If there are several, each stretch of one version is an append of its
 * own, in order, and so is the base before them: a crash between two leaves the beginning of the run, which readers can see, and importing it again
 * appends the rest. A failure between two takes back what was appended to an empty log.
 *
 * Rejects with a {@link RunError}: `unreadable` if the stream is damaged, with the number of the line, `newer-version`
 * if a later release of rewake wrote it, `conflict` if the run exists and its log is not the beginning of the
 * stream's, or if somebody owns it, and `compacted` if the run exists and whether its log is that beginning cannot be told:
 * one of the two was compacted up to an event (`seq`) that the other has not in its base. Rejects as {@link openStores} and the stores do; after `connection-lost`, import again.
 *
 * @example
 * const { runId } = await importRun({ stream: file.stream() });
 * const run = await openRun({ runId, ...importDefinition });
 */
export function importRun(options: ImportOptions): Promise<ImportedRun> {
  return withContext(RunError, 'importRun', options?.runId, async () => {
    object(importRules)('options', options);
    const exported = await readRun(options.stream);
    const { runId = exported.runId } = options;
    return withContext(RunError, 'importRun', runId, async () => {
      const stores = options.stores ?? (await openStores());
      return whileOwned(stores, runId, (assertOwned) =>
        importInto(stores, { ...exported, runId }, assertOwned),
      );
    });
  });
}

async function importInto(
  stores: RunStores<unknown, unknown>,
  { runId, base, events, snapshot }: ExportedRun,
  assertOwned: () => void,
): Promise<ImportedRun> {
  const before = await stores.events.head(runId);
  await assertBeginning(stores.events, runId, before, { base, events });
  // Of a log that is gone: it would keep a snapshot of this one from being saved.
  if (before.seq === 0) await stores.snapshots.delete(runId);
  const rest = events.filter(({ seq }) => seq > before.seq);
  const { seq, logId } = await appendAll(stores.events, runId, before, { base, events: rest }, assertOwned);
  const imported = { runId, seq, appended: seq - before.seq };
  if (imported.appended === 0) return imported;
  tellFollowers(stores, runId, seq);
  if (!snapshot || (before.seq > 0 && snapshot.atSeq <= before.seq)) return imported;
  try {
    await stores.snapshots.save({ ...snapshot, runId, logId }, { immutable: true });
    return imported;
  } catch (error) {
    return { ...imported, snapshotError: toKernelError(RunError, 'importRun', runId, error) };
  }
}

type Log = Pick<ExportedRun, 'base' | 'events'>;

/** Fails with `conflict` or `compacted` unless the log that ends with `head` is the beginning of `log`. */
async function assertBeginning(
  store: EventStore<unknown>,
  runId: RunId,
  head: Head,
  { base, events }: Log,
): Promise<void> {
  if (head.seq === 0) return;
  const stored = await store.base(runId);
  const [here, there] = [stored?.atSeq ?? 0, base?.atSeq ?? 0];
  if (here !== there) {
    const last = Math.max(here, there);
    const detail = `it exists, and its events up to ${last} cannot be compared with the stream's: they were compacted.`;
    throw new Reason('compacted', `${detail} Nothing was imported.`, { seq: last });
  }
  if (stored && base && textOfBase(stored) !== textOfBase(base)) throw notTheStreams('base', here);
  for (let from = here + 1; from <= head.seq; from += PAGE) {
    const page = await store.scan(runId, from, Math.min(PAGE, head.seq - from + 1));
    for (const stored of page.events) {
      const event = events[stored.seq - here - 1];
      if (!event || textOfEvent(event) !== textOfEvent(stored)) throw notTheStreams('event', stored.seq);
    }
  }
}

const notTheStreams = (what: string, seq: Seq) =>
  new Reason('conflict', `it exists, and its ${what} ${seq} is not the stream's. Nothing was imported.`, {
    seq,
  });

/** Appends after `before` the events, each stretch of one version at once. An empty log begins with the base. */
async function appendAll(
  store: EventStore<unknown>,
  runId: RunId,
  before: Head,
  { base, events }: Log,
  assertOwned: () => void,
): Promise<Head> {
  const writer = randomId();
  let head = before;
  try {
    if (base && before.seq === 0) head = await begin(store, runId, base);
    for (let from = 0; from < events.length; ) {
      assertOwned();
      const { version = 1 } = events[from] ?? {};
      let to = from + 1;
      while (events[to]?.version === version) to++;
      const batch = events.slice(from, to).map(({ event }) => event);
      const { seq: expectedHead, logId } = head;
      const append = () =>
        store.append(runId, batch, { expectedHead, logId, writer, version, immutable: true });
      head = await untilConnected(append);
      from = to;
    }
    return head;
  } catch (error) {
    if (before.seq === 0) await takeBack(store, runId, head, assertOwned).catch(() => {});
    throw error;
  }
}

/** Begins an empty log. If the connection is lost, the base tells whether that has landed. */
async function begin(
  store: EventStore<unknown>,
  runId: RunId,
  base: NonNullable<Log['base']>,
): Promise<Head> {
  return untilConnected(async () => {
    const landed = await store.base(runId);
    if (landed && textOfBase(landed) === textOfBase(base)) return { seq: base.atSeq, logId: landed.logId };
    return store.begin(runId, base);
  });
}

/** A writer's append can be repeated: it cannot land twice. */
async function untilConnected(append: () => Promise<Head>): Promise<Head> {
  for (let tries = 1; ; tries++) {
    try {
      return await append();
    } catch (error) {
      if (tries === TRIES || !isKernelError(error, 'connection-lost')) throw error;
    }
  }
}

/** Deletes the log that this import began, unless somebody else has taken it or appended to it. */
async function takeBack(
  store: EventStore<unknown>,
  runId: RunId,
  head: Head,
  assertOwned: () => void,
): Promise<void> {
  const { seq, logId } = await store.head(runId);
  assertOwned();
  if (seq === head.seq && logId === head.logId) await store.delete(runId);
}
