import { openStores } from '../backends/open-stores.ts';
import { randomId } from '../backends/random-id.ts';
import type { EventStore, Head, SequencedEvent } from '../contracts/event-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { isKernelError, type KernelError, RunError } from '../errors/kernel-error.ts';
import { Reason, toKernelError, withContext } from '../errors/reason.ts';
import { method, nonEmpty, object, oneOf, optional, type Rule } from '../errors/rules.ts';
import { openNotices } from '../run/notices.ts';
import { own } from '../run/ownership.ts';
import type { RunStores } from '../run/run.ts';
import { serialize } from '../serialization/serialize.ts';
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
      events: object({ head: method, scan: method, append: method, delete: method }),
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
  /** How many of its events were not here before. */
  readonly appended: number;
  /** Set if the snapshot could not be saved. The run is whole without it. */
  readonly snapshotError?: KernelError;
}

/** So many stored events are compared at once. */
const PAGE = 10_000;
/** How often an append is tried if the connection is lost. */
const TRIES = 4;

/**
 * Appends an exported run to an empty log, or what is missing to a log that is the beginning of it. The whole stream is read
 * and checked before anything is written, so the run has to fit in memory, and a stream that is damaged or breaks off
 * changes nothing. Owns the run meanwhile. The run gets a `logId` of its own.
 *
 * Events of one version are appended all or none. If there are several, each stretch of one version is an append of its
 * own, in order: a crash between two leaves the beginning of the run, which readers can see, and importing it again
 * appends the rest. A failure between two takes back what was appended to an empty log.
 *
 * Rejects with a {@link RunError}: `unreadable` if the stream is damaged, with the number of the line, `newer-version`
 * if a later release of rewake wrote it, `compacted` if the run was compacted before it was exported (only events can be
 * imported, and they are gone), and `conflict` if the run exists and its log is not the beginning of the
 * stream's, or if somebody owns it. Rejects as {@link openStores} and the stores do; after `connection-lost`, import again.
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
      return importInto(stores, { ...exported, runId });
    });
  });
}

async function importInto(
  stores: RunStores<unknown, unknown>,
  { runId, events, snapshot }: ExportedRun,
): Promise<ImportedRun> {
  let lost: KernelError | undefined;
  const onLost = (reason: KernelError) => {
    lost = reason;
  };
  const ownership = await own(stores, { runId, mode: 'fail', onLost }).catch((cause: unknown) => {
    if (!isKernelError(cause, 'conflict')) throw cause;
    throw new Reason('conflict', 'somebody owns it. Nothing was imported; close it first.', { cause });
  });
  const assertOwned = () => {
    if (lost) throw lost;
  };
  try {
    const before = await stores.events.head(runId);
    await assertBeginning(stores.events, runId, before, events);
    // Of a log that is gone: it would keep a snapshot of this one from being saved.
    if (before.seq === 0) await stores.snapshots.delete(runId);
    const { seq, logId } = await appendAll(
      stores.events,
      runId,
      before,
      events.slice(before.seq),
      assertOwned,
    );
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
  } finally {
    await ownership.release();
  }
}

/** Fails with `conflict` unless the log that ends with `head` is the beginning of `events`. */
async function assertBeginning(
  store: EventStore<unknown>,
  runId: RunId,
  head: Head,
  events: readonly SequencedEvent<unknown>[],
): Promise<void> {
  for (let from = 1; from <= head.seq; from += PAGE) {
    const page = await store.scan(runId, from, Math.min(PAGE, head.seq - from + 1));
    for (const stored of page.events) {
      const event = events[stored.seq - 1];
      if (event && textOf(event) === textOf(stored)) continue;
      const detail = `it exists, and its event ${stored.seq} is not the stream's. Nothing was imported.`;
      throw new Reason('conflict', detail, { seq: stored.seq });
    }
  }
}

const textOf = ({ seq, event, version }: SequencedEvent<unknown>) =>
  `${version} ${serialize(event, `the event ${seq}`)}`;

/** Appends after `before` the events, each stretch of one version at once. */
async function appendAll(
  store: EventStore<unknown>,
  runId: RunId,
  before: Head,
  events: readonly SequencedEvent<unknown>[],
  assertOwned: () => void,
): Promise<Head> {
  const writer = randomId();
  let head = before;
  try {
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

function tellFollowers(stores: RunStores<unknown, unknown>, runId: RunId, seq: Seq): void {
  const notices = openNotices(stores, runId);
  notices?.postMessage(seq);
  notices?.close();
}
