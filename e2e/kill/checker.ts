import { digestOf, type FoundEvent, type FoundRun, type FoundState, type Note, textOf } from './protocol.ts';
import { type RunTruth, type Truth, truthOf } from './truth.ts';

// Holds what the page tells against the truth. It knows neither rewake nor a browser.

/** What in `note` cannot be, given all that was known before it. */
export function violationsOf(truth: Truth, note: Note): string[] {
  switch (note.type) {
    case 'appended':
      return acknowledgementViolations(truthOf(truth, note.runId), note);
    case 'copied':
      return copyViolations(truthOf(truth, note.runId), note);
    case 'refused':
      return refusalViolations(truthOf(truth, note.runId), note);
    case 'created':
      return lossViolations(note);
    case 'failed':
      return [`failed: ${note.text}`];
    case 'report':
      return note.runs.flatMap((found) =>
        runViolations(truthOf(truth, found.runId), found).map((text) => `run ${found.runId}: ${text}`),
      );
    default:
      return [];
  }
}

function acknowledgementViolations(
  { batches, head, next }: RunTruth,
  { batch: first, head: acknowledged }: Note & { type: 'appended' },
): string[] {
  const batch = batches.get(first);
  if (!batch) return [`unknown: batch ${first} was acknowledged and never attempted`];
  if (batch.stale) return [`unfenced: batch ${first} expected another head and was acknowledged`];
  if (first === next && acknowledged !== head + batch.size)
    return [`not at head + 1: batch ${first} ends at ${acknowledged}, and the head was ${head}`];
  return [];
}

function copyViolations({ copying }: RunTruth, { head }: Note & { type: 'copied' }): string[] {
  const length = copying?.numbers.length;
  return head === length ? [] : [`copied up to ${head}, and there were ${length} to copy`];
}

function refusalViolations(
  { batches }: RunTruth,
  { batch: first, code }: Note & { type: 'refused' },
): string[] {
  // Nobody else writes the run, and the browser is asked for nothing that it could refuse.
  const allowed = code === 'connection-lost' || (code === 'conflict' && batches.get(first)?.stale);
  return allowed ? [] : [`refused: batch ${first} with ${code}`];
}

/** Nobody else would miss a database without an event. */
function lossViolations({ loss = 'none', why }: Note & { type: 'created' }): string[] {
  return loss === 'none' ? [] : [`database lost: the browser says ${loss}, ${why}`];
}

function runViolations(truth: RunTruth, found: FoundRun): string[] {
  const gone = truth.deleting && found.log.length === 0;
  return [
    ...(gone ? [] : logViolations(truth, found.log)),
    ...baseViolations(truth, found),
    ...snapshotViolations(truth, found),
    ...recoveryViolations(found),
  ];
}

function logViolations(truth: RunTruth, log: readonly FoundEvent[]): string[] {
  const violations: string[] = [];
  log.forEach(({ seq }, index) => {
    if (seq !== index + 1) violations.push(`gap: the event ${index + 1} of the log has the seq ${seq}`);
  });

  const seqs = new Map<number, number>();
  const found = new Map<number, FoundEvent[]>();
  for (const event of log) {
    const { number, seq, batch } = event;
    const before = seqs.get(number);
    if (before !== undefined) violations.push(`doubled: the event ${number} at ${before} and at ${seq}`);
    else if (!isAttempted(truth, event)) violations.push(`unknown: the event ${number} at ${seq}`);
    seqs.set(number, seq);
    found.set(batch, [...(found.get(batch) ?? []), event]);
  }

  let last = 0;
  let missing: number | undefined;
  for (const { first, size, head, refused, stale } of truth.batches.values()) {
    const events = found.get(first);
    const name = `batch ${first} of ${size}`;
    if (!events) {
      if (head !== undefined) violations.push(`lost: ${name}, acknowledged up to ${head}`);
      else if (refused === undefined) missing ??= first;
      continue;
    }
    const start = events[0]?.seq ?? 0;
    const whole = events.length >= size;
    const inOrder = events.every(({ number, seq }) => number - first === seq - start);
    if (!whole) violations.push(`half: of ${name} there are ${events.length}`);
    else if (!inOrder) violations.push(`reordered: ${name} at ${events.map(({ seq }) => seq)}`);
    else if (head !== undefined && head !== start + size - 1)
      violations.push(`moved: ${name} begins at ${start}, and was acknowledged up to ${head}`);
    if (start < last)
      violations.push(`reordered: ${name} begins at ${start}, after one that was called later`);
    if (stale) violations.push(`unfenced: ${name} is there at ${start}, and expected another head`);
    if (missing !== undefined) violations.push(`hole: ${name} is there, batch ${missing} before it is not`);
    last = start;
  }
  return violations;
}

function isAttempted({ batches }: RunTruth, event: FoundEvent): boolean {
  const { number, batch: first, size, folded } = event;
  const batch = batches.get(first);
  if (!batch || batch.size !== size || number < first || number >= first + size) return false;
  return folded || event.digest === digestOf(textOf(number, batch.letters));
}

function baseViolations({ deleting, compactedSeq }: RunTruth, { log, base }: FoundRun): string[] {
  const { atSeq, state } = base ?? { atSeq: 0, state: fold(log, 0) };
  const gone = deleting && log.length === 0;
  const violations: string[] = [];
  if (atSeq < compactedSeq && !gone)
    violations.push(`base lost: at ${atSeq}, the compaction at ${compactedSeq} was acknowledged`);
  if (!isSame(state, fold(log, atSeq)))
    violations.push(`base wrong: its state is not the fold of the log up to ${atSeq}`);
  return violations;
}

function snapshotViolations({ deleting, savedSeq }: RunTruth, { log, snapshot }: FoundRun): string[] {
  const atSeq = snapshot?.atSeq ?? 0;
  const violations: string[] = [];
  if (atSeq < savedSeq) violations.push(`snapshot lost: at ${atSeq}, acknowledged at ${savedSeq}`);
  if (atSeq > log.length) {
    // What a deletion leaves behind that was killed between the log and the snapshot.
    if (!deleting || log.length > 0) violations.push(`snapshot ahead: at ${atSeq} of ${log.length}`);
  } else if (snapshot && !isSame(snapshot.state, fold(log, atSeq))) {
    violations.push(`snapshot wrong: its state is not the fold of the log up to ${atSeq}`);
  }
  return violations;
}

function recoveryViolations({ log, base, snapshot, recovery }: FoundRun): string[] {
  const { state, seq, snapshotSeq, baseSeq, replayed, ignored } = recovery;
  const violations: string[] = [];
  if (seq !== log.length) violations.push(`recovered up to ${seq} of ${log.length}`);
  if (!isSame(state, fold(log, log.length)))
    violations.push('recovered wrong: the state is not the fold of the log');
  const ahead = snapshot !== undefined && snapshot.atSeq > log.length;
  if (ignored !== (ahead ? 'ahead-of-log' : undefined))
    violations.push(`the snapshot was ignored: ${ignored}`);
  const usable = ahead ? 0 : (snapshot?.atSeq ?? 0);
  const based = base && base.atSeq > usable ? base.atSeq : 0;
  if (snapshotSeq !== (based ? 0 : usable))
    violations.push(`recovered from ${snapshotSeq}, and the snapshot is at ${snapshot?.atSeq}`);
  if (baseSeq !== based)
    violations.push(`recovered from the base at ${baseSeq}, and there is one at ${base?.atSeq}`);
  const from = Math.max(snapshotSeq, baseSeq);
  if (replayed !== seq - from) violations.push(`replayed ${replayed} from ${from} to ${seq}`);
  return violations;
}

/** The state right after the event `seq`. */
function fold(log: readonly FoundEvent[], seq: number): FoundState {
  const folded = log.slice(0, seq);
  return { numbers: folded.map(({ number }) => number), digest: folded.at(-1)?.digest ?? digestOf('') };
}

const isSame = (a: FoundState, b: FoundState) =>
  a.digest === b.digest &&
  a.numbers.length === b.numbers.length &&
  a.numbers.every((number, index) => number === b.numbers[index]);
