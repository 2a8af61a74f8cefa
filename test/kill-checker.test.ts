import { describe, expect, test } from 'vitest';
import {
  type Batch,
  digestOf,
  type FoundEvent,
  type FoundRun,
  type Note,
  textOf,
} from '../e2e/kill/protocol.ts';
import { Witness } from '../e2e/kill/witness.ts';

// The checker of the kill tests is known to see each kind of violation, and to see none where there is none.

const runId = 'left';
const LETTERS = 5;

const batch = (first: number, size = 1): Batch => ({ runId, first, size, letters: LETTERS });
const attempted = (...batches: Batch[]): Note => ({ type: 'attempted', batches });
const appended = (first: number, head: number): Note => ({ type: 'appended', runId, batch: first, head });
const refused = (first: number, code: string): Note => ({ type: 'refused', runId, batch: first, code });
const saved = (atSeq: number): Note => ({ type: 'saved', runId, atSeq });
const deleting: Note = { type: 'deleting', runId };
const deleted: Note = { type: 'deleted', runId };

/** The events of a batch in the log, from the seq `start` on. */
const inLog = ({ first, size, letters }: Batch, start: number): FoundEvent[] =>
  Array.from({ length: size }, (_, index) => {
    const number = first + index;
    return { seq: start + index, number, batch: first, size, digest: digestOf(textOf(number, letters)) };
  });

const fold = (log: readonly FoundEvent[], seq: number) => ({
  numbers: log.slice(0, seq).map(({ number }) => number),
  digest: log[seq - 1]?.digest ?? digestOf(''),
});

interface Found {
  readonly snapshotSeq?: number;
  readonly snapshot?: FoundRun['snapshot'];
  readonly recovery?: Partial<FoundRun['recovery']>;
}

/** The report of a sound library; `found` says what is not sound. */
function report(log: FoundEvent[], { snapshotSeq = 0, snapshot, recovery }: Found = {}) {
  const sound = snapshotSeq > 0 ? { atSeq: snapshotSeq, state: fold(log, snapshotSeq) } : undefined;
  const stored = snapshot ?? sound;
  const seq = log.length;
  const replayed = seq - snapshotSeq;
  const recovered = { state: fold(log, seq), seq, snapshotSeq, baseSeq: 0, replayed, ...recovery };
  const run = { runId, log, ...(stored && { snapshot: stored }), recovery: recovered };
  return { type: 'report', page: 'a page', round: 1, runs: [run] } as const satisfies Note;
}

/** The same of a log that was compacted up to `baseSeq`, as the page reports it. */
function compactedReport(
  log: FoundEvent[],
  baseSeq: number,
  { base, ...found }: Found & Pick<FoundRun, 'base'> = {},
) {
  const { snapshotSeq = 0 } = found;
  const from = snapshotSeq < baseSeq ? { snapshotSeq: 0, baseSeq } : { snapshotSeq, baseSeq: 0 };
  const recovery = { ...from, replayed: log.length - Math.max(baseSeq, snapshotSeq), ...found.recovery };
  const whole = report(log, { ...found, recovery });
  const [run] = whole.runs;
  const sound = { atSeq: baseSeq, state: fold(log, baseSeq) };
  return { ...whole, runs: [{ ...run, log: log.slice(baseSeq), base: base ?? sound }] } satisfies Note;
}

/** All violations in a series of notes. */
function check(...notes: Note[]): string[] {
  const witness = new Witness(false);
  for (const note of notes) witness.hear(note);
  return witness.violations;
}

/** Two batches, acknowledged: 11, and 12 to 14. */
const two = [attempted(batch(11), batch(12, 3)), appended(11, 1), appended(12, 4)];
const twoInLog = [...inLog(batch(11), 1), ...inLog(batch(12, 3), 2)];

const compacted = (atSeq: number): Note => ({ type: 'compacted', runId, atSeq });

describe('a log that was compacted', () => {
  test.each([1, 2, 4])('is sound with a base at %i, in the middle of a batch as well', (atSeq) => {
    expect(check(report([]), ...two, compacted(atSeq), compactedReport(twoInLog, atSeq))).toEqual([]);
  });

  test('is recovered from the snapshot if that is newer than the base', () => {
    const found = compactedReport(twoInLog, 1, { snapshotSeq: 3 });
    expect(check(report([]), ...two, saved(3), compacted(1), found, found)).toEqual([]);
  });

  test('goes on, and is compacted further or not', () => {
    const more = [...twoInLog, ...inLog(batch(15), 5)];
    const notes = [report([]), ...two, compactedReport(twoInLog, 2), attempted(batch(15)), appended(15, 5)];
    expect(check(...notes, compacted(5), compactedReport(more, 5))).toEqual([]);
    expect(check(...notes, compactedReport(more, 3))).toEqual([]);
  });

  test('lost its base', () => {
    expect(check(report([]), ...two, compacted(3), report(twoInLog))).toEqual([
      'run left: base lost: at 0, the compaction at 3 was acknowledged',
    ]);
    expect(check(report([]), ...two, compacted(3), compactedReport(twoInLog, 2))).toEqual([
      'run left: base lost: at 2, the compaction at 3 was acknowledged',
    ]);
  });

  test('has events of which nothing is known, or others twice, or not all, in its base', () => {
    const wrong = (...numbers: number[]) =>
      check(
        report([]),
        ...two,
        compactedReport(twoInLog, 3, { base: { atSeq: 3, state: { ...fold(twoInLog, 3), numbers } } }),
      ).join();
    expect(wrong(11, 99, 13)).toContain('unknown: the event 99 at 2');
    expect(wrong(11, 12, 12)).toContain('doubled: the event 12');
    expect(wrong(11, 12)).toContain('half: of batch 12 of 3 there are 2');
    expect(wrong(12, 13)).toContain('lost: batch 11 of 1');
  });

  test('has a base with a wrong state', () => {
    const state = { ...fold(twoInLog, 3), digest: 7 };
    expect(check(report([]), ...two, compactedReport(twoInLog, 3, { base: { atSeq: 3, state } }))).toEqual([
      'run left: base wrong: its state is not the fold of the log up to 3',
    ]);
  });

  test('was recovered from something else than the newest', () => {
    const found = compactedReport(twoInLog, 3, { recovery: { baseSeq: 0 } });
    expect(check(report([]), ...two, found)).toEqual([
      'run left: recovered from the base at 0, and there is one at 3',
      'run left: replayed 1 from 0 to 4',
    ]);
  });
});

const copying = (numbers: readonly number[], baseSeq: number): Note => {
  return { type: 'copying', runId, of: 'right', numbers, baseSeq };
};
const copied = (head: number): Note => ({ type: 'copied', runId, head });

describe('a log that is given to another run', () => {
  const right = (first: number, size = 1): Batch => ({ ...batch(first, size), runId: 'right' });
  /** Of the other run: 11, and 12 to 14. Of this one, 99 stands at the beginning. */
  const theirs: Note[] = [
    attempted(right(11), right(12, 3)),
    ...[appended(11, 1), appended(12, 4)].map((note) => ({ ...note, runId: 'right' })),
  ];
  const [whole, imported] = [copying([11, 12, 13, 14], 4), copying([11, 12, 13, 14], 2)];
  /** What was here before is the beginning of it, with a snapshot. */
  const beginning = [...theirs, copying([11], 1), copied(1), saved(1)];
  const [based, baseAndRest] = [compactedReport(twoInLog, 4), compactedReport(twoInLog, 2)];
  const baseAlone = compactedReport(twoInLog.slice(0, 2), 2);
  const before = compactedReport(twoInLog.slice(0, 1), 1, { snapshotSeq: 1 });

  test('is there if that was acknowledged', () => {
    const own = [attempted(batch(99)), appended(99, 1), saved(1), deleting, deleted];
    const anyhow: readonly (readonly [Note, Note])[] = [
      [whole, based],
      [imported, baseAndRest],
      [copying([11, 12, 13, 14], 0), report(twoInLog)],
    ];
    for (const [note, found] of anyhow)
      for (const earlier of [[], own])
        expect(check(...theirs, ...earlier, note, copied(4), found, found)).toEqual([]);
  });

  test('is there or not if the kill came before; an import may end after its base', () => {
    for (const found of [report([]), based]) expect(check(...theirs, whole, found, found)).toEqual([]);
    for (const found of [report([]), baseAlone, baseAndRest])
      expect(check(...theirs, imported, found, found)).toEqual([]);
  });

  test('takes the place of its beginning, or not', () => {
    const after = compactedReport(twoInLog, 4, { snapshotSeq: 1 });
    for (const found of [before, after]) expect(check(...beginning, whole, found, found)).toEqual([]);
    expect(check(...beginning, whole, copied(4), after)).toEqual([]);
    // It is told by its last event, not by how many there are.
    const longer = [attempted(batch(91, 5)), appended(91, 5), copying([11], 1)];
    expect(check(...theirs, ...longer, report(inLog(batch(91, 5), 1)))).toEqual([]);
  });

  test('goes on with its next event', () => {
    const more = compactedReport([...twoInLog, ...inLog(batch(99), 5)], 4);
    expect(check(...theirs, whole, copied(4), attempted(batch(99)), appended(99, 5), more)).toEqual([]);
    expect(check(...theirs, whole, based, attempted(batch(99)), appended(99, 5), more)).toEqual([]);
    expect(check(...theirs, whole, copied(4), attempted(batch(99)), appended(99, 1))).toEqual([
      'not at head + 1: batch 99 ends at 1, and the head was 4',
    ]);
  });

  test.each<[string, RegExp, readonly Note[]]>([
    ['was acknowledged and is lost', /lost: batch 11/, [...theirs, whole, copied(4), report([])]],
    [
      'was acknowledged and is its base alone',
      /half: of batch 12/,
      [...theirs, imported, copied(4), baseAlone],
    ],
    ['lost its base', /base lost: at 0/, [...theirs, imported, copied(4), report(twoInLog)]],
    ['is half in its base', /unknown: the event 11 at 1/, [...theirs, whole, baseAlone]],
    [
      'is half there, after its base',
      /unknown: the event 11 at 1/,
      [...theirs, imported, compactedReport(twoInLog.slice(0, 3), 2)],
    ],
    ['has not landed, and turns up later', /unknown: the event 11/, [...theirs, whole, report([]), based]],
    [
      'has not landed, and what it was to replace is gone',
      /lost: batch 11/,
      [...beginning, whole, report([])],
    ],
    [
      'has landed, and the snapshot of its beginning is gone',
      /snapshot lost: at 0, acknowledged at 1/,
      [...beginning, whole, based],
    ],
    [
      'has landed beside what it was to replace',
      /unknown: the event 99 at 5/,
      [...theirs, whole, compactedReport([...twoInLog, ...inLog(batch(99), 5)], 4)],
    ],
    [
      'has another state in its base',
      /base wrong/,
      [...theirs, whole, compactedReport(twoInLog, 4, { base: { atSeq: 4, state: fold(twoInLog, 3) } })],
    ],
    [
      'is in another order',
      /reordered: batch 12/,
      [...theirs, whole, copied(4), compactedReport([...inLog(batch(12, 3), 1), ...inLog(batch(11), 4)], 4)],
    ],
    ['is acknowledged in part', /copied up to 3, and there were 4 to copy/, [...theirs, whole, copied(3)]],
    ['is acknowledged and was never begun', /copied up to 4, and there were undefined/, [copied(4)]],
  ])('%s', (_, pattern, notes) => {
    expect(check(...notes).join('\n')).toMatch(pattern);
  });

  test('is counted', () => {
    const witness = new Witness(false);
    for (const note of [
      ...theirs,
      whole,
      copied(4),
      based,
      whole,
      based,
      copying([11, 12, 13, 14, 15], 5),
      based,
    ])
      witness.hear(note);
    expect(witness.tally).toMatchObject({
      copies: 1,
      copiesInFlightLanded: 1,
      copiesInFlightNotLanded: 1,
      found: 0,
    });
  });
});

describe('what is sound', () => {
  test('everything acknowledged is there', () => {
    expect(check(report([]), ...two, saved(1), report(twoInLog, { snapshotSeq: 1 }))).toEqual([]);
  });

  test('a database is created without a loss, or by a browser that never tells of one', () => {
    expect(check({ type: 'created', loss: 'none', why: '' }, report([]), ...two)).toEqual([]);
    expect(check({ type: 'created' }, report([]), ...two)).toEqual([]);
  });

  test('what was in flight is there or not, as long as it is the end of the calls', () => {
    const inFlight = [...two, attempted(batch(15, 2), batch(17))];
    expect(check(...inFlight, report(twoInLog))).toEqual([]);
    expect(check(...inFlight, report([...twoInLog, ...inLog(batch(15, 2), 5)]))).toEqual([]);
  });

  test('what was told that the connection is lost is there or not', () => {
    const lost = [...two, attempted(batch(15), batch(16)), refused(15, 'connection-lost'), appended(16, 5)];
    expect(check(...lost, report([...twoInLog, ...inLog(batch(16), 5)]))).toEqual([]);
  });

  test('what expected another head is refused', () => {
    expect(check(attempted({ ...batch(11), stale: true }), refused(11, 'conflict'), report([]))).toEqual([]);
  });

  test('a deletion is done, or not, or half, and the run begins anew', () => {
    const anew = [attempted(batch(15)), appended(15, 1), report(inLog(batch(15), 1))];
    const before = [...two, saved(4), deleting];
    expect(check(...before, deleted, ...anew)).toEqual([]);
    expect(check(...before, report([]), ...anew)).toEqual([]);
    expect(check(...before, report(twoInLog))).toEqual([]);
    const left = { snapshot: { atSeq: 4, state: fold(twoInLog, 4) }, recovery: { ignored: 'ahead-of-log' } };
    expect(check(...before, report([], left), deleting, deleted, ...anew)).toEqual([]);
  });
});

const violations: Record<string, readonly [pattern: RegExp, notes: readonly Note[]]> = {
  'an acknowledged batch is lost': [/lost: batch 12 of 3/, [...two, report(inLog(batch(11), 1))]],
  'what was there after one kill is gone after the next': [
    /lost: batch 11/,
    [attempted(batch(11)), report(inLog(batch(11), 1)), report([])],
  ],
  'an event is there twice': [
    /doubled: the event 11 at 1 and at 5/,
    [...two, report([...twoInLog, ...inLog(batch(11), 5)])],
  ],
  'a batch is half there': [/half: of batch 12 of 3 there are 2/, [...two, report(twoInLog.slice(0, 3))]],
  'a batch in flight is half there': [
    /half: of batch 11 of 2 there are 1/,
    [attempted(batch(11, 2)), report(inLog(batch(11, 2), 1).slice(0, 1))],
  ],
  'the events of a batch are in another order': [
    /reordered: batch 11 of 2/,
    [
      attempted(batch(11, 2)),
      report(
        inLog(batch(11, 2), 1)
          .reverse()
          .map((event, index) => ({ ...event, seq: index + 1 })),
      ),
    ],
  ],
  'batches are in another order': [
    /reordered: batch 12 of 1 begins at 1, after/,
    [attempted(batch(11), batch(12)), report([...inLog(batch(12), 1), ...inLog(batch(11), 2)])],
  ],
  'a batch is not where it was acknowledged': [
    /moved: batch 12 of 1 begins at 1, and was acknowledged up to 2/,
    [attempted(batch(11), batch(12)), appended(12, 2), report(inLog(batch(12), 1))],
  ],
  'a batch is there, and one in flight before it is not': [
    /hole: batch 12 of 1 is there, batch 11/,
    [attempted(batch(11), batch(12)), report(inLog(batch(12), 1))],
  ],
  'there is a gap in the seqs': [
    /gap: the event 2 of the log has the seq 3/,
    [attempted(batch(11), batch(12)), report([...inLog(batch(11), 1), ...inLog(batch(12), 3)])],
  ],
  'something is there that was never attempted': [
    /unknown: the event 11 at 1/,
    [report(inLog(batch(11), 1))],
  ],
  'something is there with another content': [
    /unknown: the event 11 at 1/,
    [attempted(batch(11)), report(inLog({ ...batch(11), letters: 4 }, 1))],
  ],
  'what did not survive a kill turns up later': [
    /unknown: the event 11 at 1/,
    [attempted(batch(11)), report([]), report(inLog(batch(11), 1))],
  ],
  'what was deleted comes back': [
    /unknown: the event 11 at 1/,
    [attempted(batch(11)), appended(11, 1), deleting, deleted, report(inLog(batch(11), 1))],
  ],
  'a deletion is half done': [/lost: batch 12/, [...two, deleting, report(inLog(batch(11), 1))]],
  'what expected another head is there': [
    /unfenced: batch 11 of 1 is there at 1/,
    [attempted({ ...batch(11), stale: true }), refused(11, 'conflict'), report(inLog(batch(11), 1))],
  ],
  'what expected another head is acknowledged': [
    /unfenced: batch 11/,
    [attempted({ ...batch(11), stale: true }), appended(11, 1)],
  ],
  'a conflict that nobody has caused': [
    /refused: batch 11 with conflict/,
    [attempted(batch(11)), refused(11, 'conflict')],
  ],
  'an acknowledgement of nothing': [/unknown: batch 11 was acknowledged/, [appended(11, 1)]],
  'appending does not go on at head + 1': [
    /not at head \+ 1: batch 15 ends at 6, and the head was 4/,
    [...two, report(twoInLog), attempted(batch(15)), appended(15, 6)],
  ],
  'an acknowledged snapshot is lost': [
    /snapshot lost: at 0, acknowledged at 4/,
    [...two, saved(4), report(twoInLog)],
  ],
  'an earlier snapshot than the acknowledged one is there': [
    /snapshot lost: at 1, acknowledged at 4/,
    [...two, saved(4), report(twoInLog, { snapshotSeq: 1 })],
  ],
  'a snapshot that was found before is lost': [
    /snapshot lost: at 0, acknowledged at 1/,
    [...two, report(twoInLog, { snapshotSeq: 1 }), report(twoInLog)],
  ],
  "a snapshot's state is of other events": [
    /snapshot wrong/,
    [...two, report(twoInLog, { snapshotSeq: 1, snapshot: { atSeq: 1, state: fold(twoInLog, 2) } })],
  ],
  'a snapshot is ahead of the log': [
    /snapshot ahead: at 9 of 4/,
    [
      ...two,
      report(twoInLog, {
        snapshot: { atSeq: 9, state: fold(twoInLog, 4) },
        recovery: { ignored: 'ahead-of-log' },
      }),
    ],
  ],
  'the recovered state is not the fold': [
    /recovered wrong/,
    [...two, report(twoInLog, { recovery: { state: fold(twoInLog, 3) } })],
  ],
  'the recovered seq is not the head': [
    /recovered up to 3 of 4/,
    [...two, report(twoInLog, { recovery: { seq: 3 } })],
  ],
  'recovery ignores a sound snapshot': [
    /the snapshot was ignored: unreadable/,
    [...two, report(twoInLog, { snapshotSeq: 1, recovery: { ignored: 'unreadable' } })],
  ],
  'recovery starts at another snapshot': [
    /recovered from 0, and the snapshot is at 1/,
    [...two, report(twoInLog, { snapshotSeq: 1, recovery: { snapshotSeq: 0, replayed: 4 } })],
  ],
  'recovery miscounts': [/replayed 2 from 0 to 4/, [...two, report(twoInLog, { recovery: { replayed: 2 } })]],
  'the browser says that it has thrown the database away': [
    /database lost: the browser says total, Unknown corruption/,
    [{ type: 'created', loss: 'total', why: 'Unknown corruption' }],
  ],
  'the page fails': [/failed: why/, [{ type: 'failed', text: 'why' }]],
};

describe('what is a violation', () => {
  for (const [name, [pattern, notes]] of Object.entries(violations)) {
    test(name, () => expect(check(...notes).join('\n')).toMatch(pattern));
  }
});

describe('the witness of several pages', () => {
  const reportOf = (page: string): Note => ({ ...report([]), page });

  test('each of them may report between two kills, in any order and more than once', () => {
    const witness = new Witness(false);
    for (const page of ['a', 'b', 'a']) witness.hear(reportOf(page));
    witness.killed();
    for (const page of ['c', 'd']) witness.hear(reportOf(page));
    expect(witness.violations).toEqual([]);
  });

  test('none of them may report after a kill, unless it may live', () => {
    for (const mayLive of [false, true]) {
      const witness = new Witness(mayLive);
      for (const page of ['a', 'b']) witness.hear(reportOf(page));
      witness.killed();
      for (const page of ['c', 'a']) witness.hear(reportOf(page));
      expect(witness.violations).toEqual(mayLive ? [] : ['the page was to die, and did not']);
    }
  });

  test('it keeps what was told from the first report before the last kill on', () => {
    const witness = new Witness(false);
    const [early, late] = [attempted(batch(1)), attempted(batch(2))];
    for (const note of [reportOf('a'), early, reportOf('b')]) witness.hear(note);
    witness.killed();
    expect(witness.notes).toEqual([reportOf('a'), early, reportOf('b')]);
    witness.hear(late);
    witness.killed();
    expect(witness.notes).toHaveLength(4);
    witness.hear(reportOf('c'));
    witness.killed();
    expect(witness.notes).toEqual([reportOf('c')]);
  });
});
