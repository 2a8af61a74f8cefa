import {
  type FollowedRun,
  followRun,
  type IfOwned,
  InMemoryEventStore,
  InMemorySnapshotStore,
  isKernelError,
  type KernelError,
  openRun,
  openStores,
  type Recovery,
  type Run,
  type RunStores,
  recover,
  type Seq,
  type SequencedEvent,
  SnapshotStoreError,
} from 'rewake';
import { importPictures } from './import-pictures.ts';
import { type ImportEvent, type ImportState, importRun, nextPicture, RUN_ID } from './import-run.ts';
import { type Backend, type Command, failureOf, type RecoveryFigures, type Report } from './messages.ts';
import { findOwner } from './owner.ts';

// Follows the run all the time, and tells the page what is committed, whoever has appended it. While the run
// is not finished it also wants to own it, and when it does, it imports.

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
/** One thing after the other. */
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
  // First what is there, then whatever is committed.
  const { seq } = followed;
  tell(() => tellLog(seq));
  followed.onEvent((event) => tell(() => tellEvents([event])));
  followed.subscribe(() => attempt(attend));
  await tell(tellSnapshot);
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
  await tell(tellSnapshot);
  if (!waiting && nextPicture(followed.state) !== undefined) await goOn('fail');
}

/** Owns the run as soon as that can be, and imports until it is finished: again and again if it is lost. */
async function goOn(first: IfOwned, chosen?: readonly File[]): Promise<void> {
  waiting?.abort();
  waiting = new AbortController();
  const { signal } = waiting;
  let files = chosen;
  let isFinished = false;
  for (let ifOwned = first; !isFinished && !signal.aborted; ifOwned = 'wait') {
    try {
      const { run, recovery } = await own(ifOwned, signal);
      isFinished = await finish(run, recovery, files);
      // What was lost has begun, and is not begun again if it was deleted.
      files = undefined;
    } catch (error) {
      if (signal.aborted) return;
      if (!isKernelError(error, 'conflict')) throw error;
      await readAndTell();
      post({ type: 'following', owner: await findOwner(stores) });
    }
  }
  if (waiting.signal === signal) waiting = undefined;
  // It may have been started anew by somebody else meanwhile.
  await attend();
}

async function own(ifOwned: IfOwned, signal: AbortSignal) {
  let begun = performance.now();
  let hasWaited = false;
  const onWait = () => {
    hasWaited = true;
  };
  const run: ImportRun = await openRun({ ...importRun, stores, ifOwned, signal, onWait, onError });
  if (hasWaited) {
    // How long a recovery takes, without the waiting: it is done once more.
    begun = performance.now();
    await recover({ ...importRun, stores });
  }
  return { run, recovery: figures(run.recovery, begun) };
}

/** Whether the import is finished: `false` if somebody else has taken the run over. */
async function finish(run: ImportRun, recovery: RecoveryFigures, files?: readonly File[]): Promise<boolean> {
  const begins = files !== undefined && run.seq === 0;
  if (begins || nextPicture(run.state) !== undefined) {
    // Nobody else appends now, and what the page knows is the whole log.
    await readAndTell();
    post({ type: 'owned', recovery });
  }
  const working = work(run, begins ? files : undefined);
  // At once if it is lost, and not only when the picture in hand is examined.
  const end = await Promise.race([run.closed, working.then(() => run.closed)]);
  if (end && !isKernelError(end, 'conflict')) throw end;
  await readAndTell();
  post({ type: 'closed', lost: end !== undefined, owner: await findOwner(stores) });
  return !end;
}

async function work(run: ImportRun, files?: readonly File[]): Promise<void> {
  if (files) await run.append({ type: 'chosen', files });
  await importPictures(run, stores.events, pause);
  await run.close();
}

async function pause(): Promise<void> {
  if (slowly) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

async function readAndTell(): Promise<void> {
  await followed.refresh();
  await tell(tellSnapshot);
}

function tell(work: () => void | Promise<void>): Promise<void> {
  telling = telling.then(work);
  return telling;
}

async function tellLog(head: Seq): Promise<void> {
  while (told < head) {
    const { events } = await stores.events.scan(RUN_ID, told + 1, Math.min(PAGE, head - told));
    // It was deleted meanwhile.
    if (events.length === 0) return;
    tellEvents(events);
  }
}

function tellEvents(events: readonly SequencedEvent<ImportEvent>[]): void {
  const isNext = events[0]?.seq === told + 1;
  told += events.length;
  post(isNext ? { type: 'committed', events } : { type: 'deleted' });
}

async function tellSnapshot(): Promise<void> {
  if (followed.seq < told) return post({ type: 'deleted' });
  // What is wrong with a snapshot that cannot be read, a recovery reports.
  const snapshot = await stores.snapshots.loadLatest(RUN_ID).catch(() => undefined);
  if (snapshot && snapshot.atSeq <= told) post({ type: 'snapshot', atSeq: snapshot.atSeq });
}

function figures(recovery: Recovery<ImportState>, begun: number): RecoveryFigures {
  const { seq, snapshotSeq, replayed, ignoredSnapshot } = recovery;
  return { seq, snapshotSeq, replayed, ms: performance.now() - begun, ignored: ignoredSnapshot?.reason };
}

/** A snapshot is an optimization: without it the run goes on. What else is reported, `run.closed` tells. */
function onError(error: KernelError): void {
  if (error instanceof SnapshotStoreError) post({ type: 'snapshot-failed', message: error.message });
}

function attempt(work: () => Promise<void>): void {
  work().catch(fail);
}

function fail(error: unknown): void {
  post({ type: 'failed', ...failureOf(error) });
}

function post(report: Report): void {
  self.postMessage(report);
}
