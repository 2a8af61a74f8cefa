import { KernelError, openStores, type SequencedEvent, type Stores } from 'rewake';
import {
  type ImportEvent,
  type ImportState,
  initialState,
  manifest,
  nextPicture,
  type PictureEvent,
  RUN_ID,
  reduce,
} from './import-run.ts';
import type { Command, RecoveredRun, Report, WorkerFailure } from './messages.ts';
import { drawSamplePictures, SAMPLE_COUNT } from './sample-pictures.ts';
import * as sentences from './sentences.ts';
import { Controls } from './view/controls.ts';
import { Facts } from './view/facts.ts';
import { LogStrip } from './view/log-strip.ts';
import { PictureGrid } from './view/picture-grid.ts';
import { Progress } from './view/progress.ts';
import { Status } from './view/status.ts';
import { Witness } from './witness.ts';

const status = new Status();
const controls = new Controls({
  choose: start,
  drawSample,
  crash,
  recover: recoverHere,
  startAgain,
  changePace,
  downloadManifest,
});
const progress = new Progress();
const strip = new LogStrip();
const facts = new Facts();
const grid = new PictureGrid();

let stores: Stores<ImportState, ImportEvent>;
let witness: Witness;
let worker: Worker | undefined;
/** What the Worker has reported to be committed. */
let state = initialState;
let head = 0;
let snapshotSeq = 0;
/** The event log that a recovery is showing, until it is complete. */
let recoveredLog: SequencedEvent<PictureEvent>[] = [];

await look();

/** Is there a run to go on with? Until that is known, the page shows nothing that could move. */
async function look(): Promise<void> {
  try {
    stores = await openStores<ImportState, ImportEvent>();
  } catch (error) {
    const failure = failureFrom(error);
    controls.show('unusable');
    status.say(sentences.notOpened(failure));
    status.detail(failure.message);
    return;
  }
  facts.showBackend(stores);
  void facts.showBytes();
  witness = new Witness(!inMemory());
  if (inMemory()) status.warn(sentences.memoryNotice(stores.reason?.message ?? ''));
  try {
    head = await stores.events.head(RUN_ID);
    if (head > 0) recover();
    else if (witness.acknowledged() > 0) showNothingLeft();
    else showEmpty();
  } catch (error) {
    fail(failureFrom(error));
  }
}

function inMemory(): boolean {
  return stores.backend === 'memory';
}

function showEmpty(): void {
  if (isSecureContext) {
    controls.show('empty');
    status.say('Choose what to import.');
  } else {
    controls.show('unusable');
    status.say('Open this page over https, or from localhost: elsewhere a browser computes no SHA-256.');
  }
}

async function drawSample(): Promise<void> {
  try {
    grid.reserve(Array.from({ length: SAMPLE_COUNT }, () => ({ name: '' })));
    strip.reserve(SAMPLE_COUNT + 1);
    controls.show('drawing');
    status.say(`Drawing ${SAMPLE_COUNT} pictures to import…`);
    const files = await drawSamplePictures((drawn) => progress.showDrawn(drawn, SAMPLE_COUNT));
    // The visitor may have pressed Start again.
    if (controls.phase === 'drawing') start(files);
  } catch (error) {
    fail(failureFrom(error));
  }
}

function start(files: readonly File[]): void {
  if (files.length === 0) return;
  witness.clear();
  show(initialState, []);
  grid.reserve(files);
  strip.reserve(files.length + 1);
  progress.show(0, files.length);
  controls.show('running');
  status.say(sentences.importing(files.length), sentences.crashHint(inMemory()));
  employ({ type: 'start', files, slowly: controls.slowly, backend: stores.backend });
}

function recoverHere(): void {
  controls.show('recovering');
  status.say('Recovering…');
  recover();
}

function recover(): void {
  recoveredLog = [];
  employ({ type: 'recover', slowly: controls.slowly, backend: stores.backend });
}

/** No farewell: whatever the Worker was doing stops where it is. */
function crash(): void {
  dismiss();
  const next = nextPicture(state) ?? 0;
  controls.show('crashed');
  status.say(sentences.crashed(next + 1, state.files.length), sentences.recoverHint(inMemory()));
}

async function startAgain(): Promise<void> {
  dismiss();
  try {
    // The snapshot first: a log without it still recovers.
    witness.clear();
    await stores.snapshots.delete(RUN_ID);
    await stores.events.delete(RUN_ID);
    show(initialState, []);
    showEmpty();
    void facts.showBytes();
  } catch (error) {
    fail(failureFrom(error));
  }
}

function changePace(slowly: boolean): void {
  worker?.postMessage({ type: 'pace', slowly } satisfies Command);
}

function downloadManifest(): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([manifest(state)], { type: 'application/json' }));
  link.download = 'manifest.json';
  link.click();
  // The browser reads it after this turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function employ(command: Command): void {
  dismiss();
  // Before the Worker reads the log: whatever was acknowledged by now has to be in it.
  const acknowledged = witness.acknowledged();
  worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<Report>) => hear(data, acknowledged);
  worker.onerror = (event) => {
    event.preventDefault();
    fail({ code: 'unknown', message: event.message || 'The Worker did not start.' });
  };
  worker.onmessageerror = () => fail({ code: 'unknown', message: 'A message of the Worker was unreadable.' });
  worker.postMessage(command);
}

function dismiss(): void {
  if (!worker) return;
  worker.onmessage = null;
  worker.terminate();
  worker = undefined;
}

function hear(report: Report, acknowledged: number): void {
  switch (report.type) {
    case 'committed':
      showCommitted(report.seq, report.event);
      break;
    case 'snapshot-saved':
      showSnapshot(report.seq);
      break;
    case 'snapshot-failed':
      status.detail(`${sentences.SNAPSHOT_FAILED} ${report.message}`);
      break;
    case 'log':
      recoveredLog.push(...report.events);
      break;
    case 'recovered':
      if (report.seq > 0) showRecovered(report, acknowledged);
      else showNothingLeft();
      break;
    case 'finished':
      showFinished();
      break;
    case 'failed':
      fail(report);
  }
}

function showCommitted(seq: number, event: ImportEvent): void {
  witness.note(seq);
  state = reduce(state, event);
  head = seq;
  strip.show(seq, event);
  if (event.type !== 'chosen') grid.show(event);
  facts.show(head, snapshotSeq);
  progress.show(state.results.length, state.files.length);
  if (seq === 1) void facts.showBytes();
}

function showSnapshot(seq: number): void {
  snapshotSeq = seq;
  strip.markSnapshot(seq);
  facts.show(head, snapshotSeq);
  void facts.showBytes();
}

function showRecovered(run: RecoveredRun, acknowledged: number): void {
  show(run.state, recoveredLog, run.seq, run.snapshotSeq);
  const next = nextPicture(run.state);
  const seqs = new Set([1, ...recoveredLog.map(({ seq }) => seq)]);
  const pictures = recoveredLog.map(({ event }) => event.picture);
  status.sayWokeUp(
    sentences.wokeUp({
      ...run,
      next: next === undefined ? undefined : next + 1,
      total: run.state.files.length,
      lost: Array.from({ length: acknowledged }, (_, index) => index + 1).filter((seq) => !seqs.has(seq))
        .length,
      twice: new Set(pictures.filter((picture, index) => pictures.indexOf(picture) !== index)).size,
    }),
    sentences.crashHint(inMemory()),
  );
  witness.note(run.seq);
  controls.show('running');
}

function showNothingLeft(): void {
  const lost = witness.acknowledged();
  show(initialState, []);
  controls.show('gone');
  status.say(sentences.nothingLeft(lost, inMemory()));
}

function showFinished(): void {
  dismiss();
  controls.show('finished');
  status.sayFinished(sentences.finished(state));
  void facts.showBytes();
}

/** The whole page anew, from what was recovered or from nothing. */
function show(run: ImportState, log: readonly SequencedEvent<PictureEvent>[], seq = 0, snapshot = 0): void {
  state = run;
  head = seq;
  snapshotSeq = snapshot;
  grid.reserve(run.files);
  strip.reserve(run.files.length + 1);
  if (seq > 0) strip.show(1, { type: 'chosen' });
  for (const entry of log) {
    strip.show(entry.seq, entry.event);
    grid.show(entry.event);
  }
  if (snapshot > 0) strip.markSnapshot(snapshot);
  facts.show(head, snapshotSeq);
  progress.show(run.results.length, run.files.length);
}

function fail(failure: WorkerFailure): void {
  dismiss();
  controls.show(head > 0 || failure.code === 'conflict' ? 'failed' : 'gone');
  status.say(sentences.failureSentence(failure, head));
  status.detail(failure.message);
}

function failureFrom(error: unknown): WorkerFailure {
  const code = error instanceof KernelError ? error.code : 'unknown';
  return { code, message: error instanceof Error ? error.message : String(error) };
}
