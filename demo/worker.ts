import {
  type FollowedRun,
  followRun,
  type IfOwned,
  InMemoryEventStore,
  InMemorySnapshotStore,
  KernelError,
  openRun,
  openStores,
  type Recovery,
  type Run,
  type RunStores,
  type Seq,
  SnapshotStoreError,
} from 'rewake';
import { importPictures } from './import-pictures.ts';
import { type ImportEvent, type ImportState, importRun, nextPicture, RUN_ID } from './import-run.ts';
import type { Backend, Command, RecoveryFigures, Report } from './messages.ts';
import { findOwner } from './owner.ts';
import { TimedSnapshots } from './timed-snapshots.ts';

// Follows the run all the time, and tells the page what is committed, whoever has appended it. While the run
// is not finished it also wants to own it, and where it does, it imports.

type ImportRun = Run<ImportState, ImportEvent>;
type ImportStores = RunStores<ImportState, ImportEvent>;

const PAUSE_MS = 150;
const PAGE = 100;

let slowly = false;
/** Nothing else is done before. */
let opening: Promise<void>;
let stores: ImportStores;
let followed: FollowedRun<ImportState, ImportEvent>;
/** What the page has been told of. */
let told: Seq = 0;
let telling: Promise<void> = Promise.resolve();
/** While this Worker owns the run or waits for it: what ends the waiting. */
let waiting: AbortController | undefined;

self.onmessage = ({ data }: MessageEvent<Command>) => {
  switch (data.type) {
    case 'open':
      slowly = data.slowly;
      opening = open(data.backend);
      attempt(() => opening);
      break;
    case 'start':
      attempt(() => opening.then(() => goOn('fail', data.files)));
      break;
    case 'take-over':
      attempt(() => opening.then(() => goOn('steal')));
      break;
    case 'pace':
      slowly = data.slowly;
  }
};

async function open(backend: Backend): Promise<void> {
  stores = await storesIn(backend);
  const begun = performance.now();
  followed = await followRun({ ...importRun, stores, onError: fail });
  const recovery = figures(followed.recovery, begun);
  followed.subscribe(() => attempt(attend));
  await tell();
  post({ type: 'found', recovery });
  attempt(attend);
}

async function storesIn(backend: Backend): Promise<ImportStores> {
  if (backend === 'memory') {
    return { snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() };
  }
  const stores = await openStores<ImportState, ImportEvent>();
  // The page has promised the visitor that this run survives a crash.
  if (stores.backend === 'memory') throw stores.reason;
  return stores;
}

async function attend(): Promise<void> {
  await tell();
  if (!waiting && nextPicture(followed.state) !== undefined) await goOn('fail');
}

/** Owns the run as soon as that can be, and imports until it is finished: again and again where it is lost. */
async function goOn(first: IfOwned, files?: readonly File[]): Promise<void> {
  waiting?.abort();
  waiting = new AbortController();
  const { signal } = waiting;
  let chosen = files;
  for (let ifOwned = first; !signal.aborted; ifOwned = 'wait') {
    let run: ImportRun | undefined;
    try {
      const snapshots = new TimedSnapshots(stores.snapshots);
      run = await openRun({ ...importRun, stores: { ...stores, snapshots }, ifOwned, signal, onError });
      await finish(run, figures(run.recovery, snapshots.readAt), chosen);
      break;
    } catch (error) {
      // What was lost has begun, and is not begun again where it was deleted.
      if (run) chosen = undefined;
      if (signal.aborted) return;
      if (!(error instanceof KernelError) || error.code !== 'conflict') throw error;
      await followed.refresh();
      await tell();
      post({ type: run ? 'lost' : 'following', owner: await findOwner() });
    }
  }
  if (waiting.signal === signal) waiting = undefined;
  // It may have been started anew by somebody else meanwhile.
  await attend();
}

async function finish(run: ImportRun, recovery: RecoveryFigures, files?: readonly File[]): Promise<void> {
  const begins = files !== undefined && run.seq === 0;
  if (begins || nextPicture(run.state) !== undefined) {
    // Nobody else appends now, and what the page knows is the whole log.
    await followed.refresh();
    await tell();
    post({ type: 'owned', recovery });
    if (begins) await run.append({ type: 'chosen', files });
    await importPictures(run, stores.events, pause);
  }
  await run.close();
  await followed.refresh();
  await tell();
  post({ type: 'released' });
}

async function pause(): Promise<void> {
  if (slowly) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

/** Tells the page what has been committed since, in order. */
function tell(): Promise<void> {
  telling = telling.then(async () => {
    if (followed.seq < told) return post({ type: 'deleted' });
    // What is wrong with a snapshot that cannot be read, a recovery reports.
    const snapshot = await stores.snapshots.loadLatest(RUN_ID).catch(() => undefined);
    do {
      const limit = Math.min(PAGE, followed.seq - told);
      const events = limit > 0 ? (await stores.events.scan(RUN_ID, told + 1, limit)).events : [];
      if (events.length < limit) return;
      told += events.length;
      const snapshotSeq = snapshot && snapshot.atSeq <= told ? snapshot.atSeq : undefined;
      post({ type: 'committed', events, snapshotSeq });
    } while (told < followed.seq);
  });
  return telling;
}

function figures(recovery: Recovery<ImportState>, begun: number): RecoveryFigures {
  const { seq, snapshotSeq, replayed, ignoredSnapshot } = recovery;
  return { seq, snapshotSeq, replayed, ms: performance.now() - begun, ignored: ignoredSnapshot?.reason };
}

/** A snapshot is an optimization: without it the run goes on. What else is reported, `append` rejects with. */
function onError(error: KernelError): void {
  if (error instanceof SnapshotStoreError) post({ type: 'snapshot-failed', message: error.message });
}

function attempt(work: () => Promise<void>): void {
  work().catch(fail);
}

function fail(error: unknown): void {
  const code = error instanceof KernelError ? error.code : 'unknown';
  post({ type: 'failed', code, message: error instanceof Error ? error.message : String(error) });
}

function post(report: Report): void {
  self.postMessage(report);
}
