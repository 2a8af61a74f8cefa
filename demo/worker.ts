import {
  InMemoryEventStore,
  InMemorySnapshotStore,
  KernelError,
  openStores,
  recover,
  type Seq,
  type Stores,
} from 'rewake';
import { examinePicture } from './examine-picture.ts';
import {
  type ImportEvent,
  type ImportState,
  initialState,
  nextPicture,
  type PictureEvent,
  RUN_ID,
  reduce,
  SNAPSHOT_EVERY,
} from './import-run.ts';
import type { Backend, Command, Report } from './messages.ts';

type ImportStores = Pick<Stores<ImportState, ImportEvent>, 'snapshots' | 'events'>;
type Position = { readonly state: ImportState; readonly seq: Seq };

const PAUSE_MS = 150;
let slowly = false;

self.onmessage = ({ data }: MessageEvent<Command>) => {
  slowly = data.slowly;
  if (data.type !== 'pace') void run(data);
};

async function run(command: Exclude<Command, { type: 'pace' }>): Promise<void> {
  try {
    const stores = await open(command.backend);
    const position = command.type === 'start' ? await start(stores, command.files) : await recoverRun(stores);
    // Nothing is left of a run that was in the memory of a Worker that is gone.
    if (position.seq > 0) await importPictures(stores, position);
  } catch (error) {
    const code = error instanceof KernelError ? error.code : 'unknown';
    post({ type: 'failed', code, message: error instanceof Error ? error.message : String(error) });
  }
}

async function open(backend: Backend): Promise<ImportStores> {
  if (backend === 'memory') {
    return { snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() };
  }
  const stores = await openStores<ImportState, ImportEvent>();
  // The page has promised the visitor that this run survives a crash.
  if (stores.backend !== backend) throw stores.reason;
  return stores;
}

async function start({ events }: ImportStores, files: readonly File[]): Promise<Position> {
  const event: ImportEvent = { type: 'chosen', files };
  const seq = await events.append(RUN_ID, [event], { expectedHead: 0 });
  post({ type: 'committed', seq, event });
  return { state: reduce(initialState, event), seq };
}

async function recoverRun({ snapshots, events }: ImportStores): Promise<Position> {
  const begun = performance.now();
  const recovery = await recover({ runId: RUN_ID, snapshots, events, reduce, initialState });
  const ms = performance.now() - begun;

  const { state, seq, snapshotSeq, replayed, ignoredSnapshot } = recovery;
  await showLog(events, seq);
  const figures = { state, seq, snapshotSeq, replayed, ms };
  post({ type: 'recovered', ...figures, ...(ignoredSnapshot && { ignored: ignoredSnapshot.reason }) });
  return { state, seq };
}

/** The page shows thumbnails and counts what is there twice: both only the event log can tell. */
async function showLog(events: ImportStores['events'], head: Seq): Promise<void> {
  const isPicture = (entry: { seq: Seq; event: ImportEvent }): entry is { seq: Seq; event: PictureEvent } =>
    entry.event.type !== 'chosen';
  for (let seq = 1; seq < head; ) {
    const page = await events.scan(RUN_ID, seq + 1, Math.min(100, head - seq));
    if (page.length === 0) return;
    post({ type: 'log', events: page.filter(isPicture) });
    seq += page.length;
  }
}

async function importPictures(stores: ImportStores, { state, seq }: Position): Promise<void> {
  const [first] = await stores.events.scan(RUN_ID, 1, 1);
  if (first?.event.type !== 'chosen')
    throw new Error('The first event of this run is not a choice of files.');
  const { files } = first.event;

  for (let picture = nextPicture(state); picture !== undefined; picture = nextPicture(state)) {
    if (slowly) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const event = await examinePicture(files[picture], picture);
    // Where another tab has gone on with this run, its head is another one, and nothing is appended.
    seq = await stores.events.append(RUN_ID, [event], { expectedHead: seq });
    state = reduce(state, event);
    post({ type: 'committed', seq, event });
    if (seq % SNAPSHOT_EVERY === 0) await saveSnapshot(stores, { state, seq });
  }
  post({ type: 'finished' });
}

/** A snapshot is an optimization: without it the run goes on, and recovers from the event log. */
async function saveSnapshot({ snapshots }: ImportStores, { state, seq }: Position): Promise<void> {
  try {
    await snapshots.save({ runId: RUN_ID, atSeq: seq, state });
    post({ type: 'snapshot-saved', seq });
  } catch (error) {
    post({ type: 'snapshot-failed', message: error instanceof Error ? error.message : String(error) });
  }
}

function post(report: Report): void {
  self.postMessage(report);
}
