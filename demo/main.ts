import { deleteRun, openStores, type SequencedEvent, type Stores } from 'rewake';
import { download } from './download.ts';
import { type ImportEvent, type ImportState, manifest, nextPicture, RUN_ID } from './import-run.ts';
import { ImportWorker } from './import-worker.ts';
import { offerInspector } from './inspector.ts';
import { failureOf, type RecoveryFigures, type Report, type WorkerFailure } from './messages.ts';
import { findOwner, type Owner } from './owner.ts';
import { askToFinish, registerServiceWorker } from './register-service-worker.ts';
import { packRun, unpackRun } from './run-file.ts';
import type { RunServer } from './run-server.ts';
import { drawSamplePictures, SAMPLE_COUNT } from './sample-pictures.ts';
import * as sentences from './sentences.ts';
import { keepToken } from './token.ts';
import { trustOwnScripts } from './trust-own-scripts.ts';
import { Controls } from './view/controls.ts';
import { Facts } from './view/facts.ts';
import { Progress } from './view/progress.ts';
import { RunView } from './view/run-view.ts';
import { Status } from './view/status.ts';
import { Witness } from './witness.ts';

const OWNER_EVERY_MS = 250;

const status = new Status();
const controls = new Controls({
  choose: start,
  drawSample,
  crash,
  recover,
  takeOver: () => worker.command({ type: 'take-over' }),
  startAgain,
  changePace: (slowly) => worker.command({ type: 'pace', slowly }),
  downloadManifest: () =>
    download('manifest.json', new Blob([manifest(run.state)], { type: 'application/json' })),
  downloadRun,
  openRun,
  send,
  take,
});
const progress = new Progress();
const facts = new Facts();
const run = new RunView(facts, progress);
const worker = new ImportWorker(hear);

let stores: Stores<ImportState, ImportEvent>;
let witness: Witness;
let server: RunServer | undefined;
let owner: Owner = 'nobody';
/** The page stays as it is until there is something to show instead. */
let isStale = false;

trustOwnScripts();
keepToken();
offerInspector();
await look();

/** Is there a run to go on with? Until that is known, the page shows nothing that could move. */
async function look(): Promise<void> {
  try {
    stores = await openStores<ImportState, ImportEvent>();
  } catch (error) {
    const failure = failureOf(error);
    controls.show('unusable');
    status.say(sentences.notOpened(failure));
    status.detail(failure.message);
    return;
  }
  facts.showBackend(stores);
  void facts.showBytes();
  witness = new Witness(!inMemory());
  if (stores.backend === 'memory') {
    status.warn(sentences.memoryNotice(stores.reason.message));
    controls.withoutRunFiles();
  }
  void registerServiceWorker();
  // Nobody tells when a lock is taken or let go.
  setInterval(showOwner, OWNER_EVERY_MS);
  server = await findServer();
  if (server?.wasLinkOpened()) await take();
  else employ();
}

/** Without a token in the address there is none, and nothing is loaded or asked for. */
async function findServer(): Promise<RunServer | undefined> {
  if (inMemory() || location.hash === '') return undefined;
  const { RunServer } = await import('./run-server.ts');
  const found = await RunServer.find();
  if (found) controls.offerSending(found.link);
  return found;
}

function inMemory(): boolean {
  return stores.backend === 'memory';
}

function showEmpty(): void {
  if (!isSecureContext) {
    controls.show('unusable');
    status.say('Open this page over https, or from localhost: elsewhere a browser computes no SHA-256.');
  } else if (server?.waiting) {
    // What was acknowledged here is there.
    witness.clear();
    controls.show('sent');
    status.say(sentences.SENT, sentences.SENT_HINT);
  } else {
    controls.show('empty');
    status.say('Choose what to import.');
  }
}

async function drawSample(): Promise<void> {
  try {
    run.clear(Array.from({ length: SAMPLE_COUNT }, () => ({ name: '' })));
    controls.show('drawing');
    status.say(`Drawing ${SAMPLE_COUNT} pictures to import…`);
    const files = await drawSamplePictures((drawn) => {
      if (controls.phase === 'drawing') progress.showDrawn(drawn, SAMPLE_COUNT);
    });
    // The visitor may have pressed Start again, and another tab may have started.
    if (controls.phase === 'drawing') start(files);
  } catch (error) {
    fail(failureOf(error));
  }
}

function start(files: readonly File[]): void {
  if (files.length === 0) return;
  if (server) status.warn('');
  witness.clear();
  run.clear(files);
  controls.show('running');
  status.say(sentences.importing(files.length), sentences.crashHint(inMemory()));
  worker.command({ type: 'start', files });
}

/** As far as it is now; it goes on meanwhile. */
async function downloadRun(): Promise<void> {
  try {
    download('import.run.jsonl', await packRun(stores));
  } catch (error) {
    status.detail(failureOf(error).message);
  }
}

async function openRun(file: File): Promise<void> {
  try {
    await unpackRun(file, stores);
    recover();
  } catch (error) {
    status.say(sentences.NOT_A_RUN);
    status.detail(failureOf(error).message);
  }
}

/** To the server, and so to whoever opens the link that the page then shows. */
async function send(): Promise<void> {
  // Until the first event is durable, there is no run.
  if (!server || run.head === 0) return;
  dismiss();
  controls.show('moving');
  status.say(sentences.SENDING);
  try {
    await server.send(stores);
    await beginAnew();
  } catch (error) {
    const failure = failureOf(error);
    controls.show('crashed');
    status.say(sentences.notSent(failure), sentences.recoverHint(false));
    status.detail(failure.message);
  }
}

/** From the server: what another browser has sent, or this one. */
async function take(): Promise<void> {
  if (!server) return;
  if (!isLooking()) {
    controls.show('moving');
    status.say(sentences.TAKING);
  }
  try {
    const head = await server.take(stores);
    // The server has acknowledged so much to who has sent it.
    witness.note(head);
    status.warn(head > 0 ? '' : sentences.NOTHING_TO_TAKE);
  } catch (error) {
    status.warn(sentences.notTaken(failureOf(error)));
  }
  employ();
}

function recover(): void {
  controls.show('recovering');
  status.say('Recovering…');
  employ();
}

/** Whatever the Worker was doing stops where it is. */
function crash(): void {
  dismiss();
  const next = nextPicture(run.state) ?? 0;
  controls.show('crashed');
  status.say(sentences.crashed(next + 1, run.state.files.length), sentences.recoverHint(inMemory()));
}

async function startAgain(): Promise<void> {
  dismiss();
  try {
    // Whoever owns it loses it, and the Workers of other tabs find it deleted.
    if (controls.phase === 'sent') await server?.delete();
    else if (!inMemory()) await deleteRun({ runId: RUN_ID, stores });
    await beginAnew();
  } catch (error) {
    fail(failureOf(error));
  }
}

async function beginAnew(): Promise<void> {
  witness.clear();
  if (server) {
    status.warn('');
    // It may be gone from here because it is there now.
    await server.look();
  }
  run.clear();
  showEmpty();
  void facts.showBytes();
  employ();
}

function employ(): void {
  setOwner('nobody');
  isStale = true;
  worker.employ({ type: 'open', backend: stores.backend, slowly: controls.slowly });
}

function dismiss(): void {
  worker.dismiss();
  setOwner('nobody');
}

function hear(report: Report): void {
  switch (report.type) {
    case 'committed':
      showEvents(report.events);
      break;
    case 'snapshot':
      run.showSnapshot(report.atSeq);
      break;
    case 'found':
      showFound(report.recovery);
      break;
    case 'owned':
      setOwner('this tab');
      if (!inMemory()) void askToFinish();
      showOwned(report.recovery);
      break;
    case 'following':
      follow(report.owner, sentences.following(report.owner));
      break;
    case 'closed':
      if (report.lost) follow(report.owner, sentences.LOST);
      else setOwner('nobody');
      break;
    case 'deleted':
      void beginAnew();
      break;
    case 'snapshot-failed':
      status.detail(`${sentences.SNAPSHOT_FAILED} ${report.message}`);
      break;
    case 'failed':
      fail(report);
  }
}

function showEvents(events: readonly SequencedEvent<ImportEvent>[]): void {
  if (isStale) run.clear(run.state.files);
  isStale = false;
  try {
    run.show(events);
  } catch (error) {
    // The page puts each event through the reducer, also those that a snapshot spares the Worker.
    fail({ code: 'unreadable', message: failureOf(error).message });
    return;
  }
  witness.note(run.head);
  if (isFinished() && !isLooking()) showFinished();
}

/** Before it is known what there is. */
function isLooking(): boolean {
  return controls.phase === undefined || controls.phase === 'recovering' || controls.phase === 'moving';
}

function isFinished(): boolean {
  return run.head > 0 && nextPicture(run.state) === undefined;
}

/** What there is at a visit or after a crash. */
function showFound(recovery: RecoveryFigures): void {
  if (!isLooking()) return;
  if (isFinished()) {
    sayWokeUp(recovery);
    showFinished();
  } else if (recovery.seq === 0) {
    if (witness.acknowledged() === 0 || server?.waiting) showEmpty();
    else showNothingLeft();
  }
}

function showNothingLeft(): void {
  run.clear();
  controls.show('gone');
  status.say(sentences.nothingLeft(witness.acknowledged(), inMemory()));
}

function showOwned(recovery: RecoveryFigures): void {
  controls.show('running');
  if (recovery.seq > 0) sayWokeUp(recovery);
}

function sayWokeUp(recovery: RecoveryFigures): void {
  const next = nextPicture(run.state);
  status.sayWokeUp(
    sentences.wokeUp({
      ...recovery,
      next: next === undefined ? undefined : next + 1,
      total: run.state.files.length,
      lost: run.lost(witness.acknowledged()),
      twice: run.twice(),
    }),
    sentences.crashHint(inMemory()),
  );
}

function follow(by: Owner, sentence: string): void {
  setOwner(by);
  if (isFinished()) return;
  controls.show('following');
  status.say(sentence, sentences.FOLLOWING_HINT);
}

function showFinished(): void {
  controls.show('finished');
  status.sayFinished(sentences.finished(run.state));
  void facts.showBytes();
}

async function showOwner(): Promise<void> {
  if (owner === 'this tab' || inMemory()) return;
  const before = owner;
  const now = await findOwner(stores);
  // What the Worker has reported meanwhile is newer.
  if (owner !== before || now === before) return;
  setOwner(now);
  if (controls.phase === 'following' && now !== 'nobody') follow(now, sentences.following(now));
}

function setOwner(now: Owner): void {
  owner = now;
  facts.showOwner(now);
}

function fail(failure: WorkerFailure): void {
  dismiss();
  controls.show(run.head > 0 ? 'failed' : 'gone');
  status.say(sentences.failureSentence(failure, run.head));
  status.detail(failure.message);
}
