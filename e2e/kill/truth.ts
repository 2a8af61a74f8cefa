import { type Batch, digestOf, type FoundEvent, type FoundRun, type Note, textOf } from './protocol.ts';

// What is known for certain, from what the page has told. It forgets what a report has settled: a batch that
// is not in the log after the kill has not landed, and must not turn up later.

export interface KnownBatch extends Batch {
  /** The seq of its last event, once it was acknowledged or found. */
  readonly head?: number;
  /** The code that its append was refused with. */
  readonly refused?: string;
}

/** The log of another run, which this one is to get. */
export interface Copying {
  /** Of its events. */
  readonly numbers: readonly number[];
  /** The base that it begins with, after which a kill may come. */
  readonly baseSeq: number;
  /** All that are known of the other run. */
  readonly batches: ReadonlyMap<number, KnownBatch>;
  /** So much of it was found after a kill. */
  readonly landed?: number;
}

export interface RunTruth {
  /** By their first numbers, in the order of the calls. */
  readonly batches: ReadonlyMap<number, KnownBatch>;
  /** Of the latest report. */
  readonly head: number;
  /** What was attempted first since the latest report. */
  readonly next?: number | undefined;
  /** The latest acknowledged snapshot. */
  readonly savedSeq: number;
  /** The latest acknowledged compaction. */
  readonly compactedSeq: number;
  /** A deletion has begun, and was not acknowledged yet. */
  readonly deleting: boolean;
  /** A copy has begun, and was not acknowledged yet. */
  readonly copying?: Copying | undefined;
}

export type Truth = ReadonlyMap<string, RunTruth>;

const nothing: RunTruth = { batches: new Map(), head: 0, savedSeq: 0, compactedSeq: 0, deleting: false };

export const truthOf = (truth: Truth, runId: string): RunTruth => truth.get(runId) ?? nothing;

/**
 * A run whose log is whole again: of the events that were compacted the base has the numbers, and the truth which batch each
 * one was of.
 */
export function unfolded(truth: Truth, found: FoundRun): FoundRun {
  if (!found.base) return found;
  const batches = [...truthOf(truth, found.runId).batches.values()];
  const byNumber = new Map(
    batches.flatMap((batch) =>
      Array.from({ length: batch.size }, (_, index) => [batch.first + index, batch] as const),
    ),
  );
  const folded = found.base.state.numbers.map((number, index): FoundEvent => {
    const { first, size, letters } = byNumber.get(number) ?? { first: -1, size: 0, letters: 0 };
    return {
      ...{ seq: index + 1, number, batch: first, size, folded: true },
      // Texts are long, and only a few of these are asked for.
      get digest() {
        return digestOf(textOf(number, letters));
      },
    };
  });
  return { ...found, log: [...folded, ...found.log] };
}

/**
 * What is known of the runs once it is known whether the copies that were under way have landed: all of one, or its base
 * alone, or nothing. What was found is still to be checked.
 */
export function settled(truth: Truth, found: readonly FoundRun[]): Truth {
  const runs = new Map(truth);
  for (const { runId, base, log } of found) {
    const before = truthOf(truth, runId);
    const { copying } = before;
    if (!copying) continue;
    const numbers = [...(base?.state.numbers ?? []), ...log.map(({ number }) => number)];
    const isThere = (seq: number) => seq > 0 && numbers[seq - 1] === copying.numbers[seq - 1];
    const { length } = copying.numbers;
    const isBase = base?.atSeq === copying.baseSeq && numbers.length === copying.baseSeq;
    if (isThere(length)) runs.set(runId, copied(before, copying, length));
    else if (isBase && isThere(copying.baseSeq)) runs.set(runId, copied(before, copying, copying.baseSeq));
  }
  return runs;
}

/** What is known of a run that has the first `seq` events of a copy. */
function copied({ savedSeq }: RunTruth, copying: Copying, seq: number): RunTruth {
  const { numbers, baseSeq } = copying;
  const seqs = new Map(numbers.slice(0, seq).map((number, index) => [number, index + 1]));
  const batches = new Map<number, KnownBatch>();
  for (const { runId, first, size, letters } of copying.batches.values()) {
    const start = seqs.get(first);
    if (start === undefined) continue;
    // A base may end in the middle of a batch.
    const head = Math.min(start + size - 1, seq);
    batches.set(first, { runId, first, size: head - start + 1, letters, head });
  }
  const landed = { ...copying, landed: seq };
  return { batches, head: seq, savedSeq, compactedSeq: baseSeq, deleting: false, copying: landed };
}

/** The truth after a note. */
export function learn(truth: Truth, note: Note): Truth {
  const runs = new Map(truth);
  const change = (runId: string, changes: Partial<RunTruth>) =>
    runs.set(runId, { ...truthOf(runs, runId), ...changes });
  const know = (runId: string, first: number, knowledge: Partial<KnownBatch>) => {
    const { batches } = truthOf(runs, runId);
    const batch = batches.get(first);
    if (batch) change(runId, { batches: new Map(batches).set(first, { ...batch, ...knowledge }) });
  };
  switch (note.type) {
    case 'attempted':
      for (const batch of note.batches) {
        const { batches, next = batch.first } = truthOf(runs, batch.runId);
        change(batch.runId, { batches: new Map(batches).set(batch.first, batch), next });
      }
      break;
    case 'appended':
      know(note.runId, note.batch, { head: note.head });
      break;
    case 'refused':
      know(note.runId, note.batch, { refused: note.code });
      break;
    case 'saved':
      change(note.runId, { savedSeq: Math.max(note.atSeq, truthOf(runs, note.runId).savedSeq) });
      break;
    case 'compacted':
      change(note.runId, { compactedSeq: Math.max(note.atSeq, truthOf(runs, note.runId).compactedSeq) });
      break;
    case 'deleting':
      change(note.runId, { deleting: true, savedSeq: 0, compactedSeq: 0 });
      break;
    case 'deleted':
      change(note.runId, { ...nothing, next: undefined, copying: undefined });
      break;
    case 'copying': {
      const { numbers, baseSeq } = note;
      change(note.runId, { copying: { numbers, baseSeq, batches: truthOf(runs, note.of).batches } });
      break;
    }
    case 'copied': {
      const before = truthOf(runs, note.runId);
      const { copying } = before;
      if (copying)
        runs.set(note.runId, { ...copied(before, copying, copying.numbers.length), copying: undefined });
      break;
    }
    case 'report':
      for (const { runId, log, snapshot, base } of note.runs) {
        const heads = new Map(log.map(({ batch, seq }) => [batch, seq]));
        const batches = new Map<number, KnownBatch>();
        for (const [first, batch] of truthOf(runs, runId).batches) {
          const head = heads.get(first);
          if (head !== undefined) batches.set(first, { ...batch, head });
        }
        runs.set(runId, {
          batches,
          head: log.length,
          savedSeq: snapshot?.atSeq ?? 0,
          compactedSeq: base?.atSeq ?? 0,
          deleting: false,
        });
      }
  }
  return runs;
}
