import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { additionsTable } from '../bench/additions.ts';
import { chart } from '../bench/chart.ts';
import { type Comparison, comparisonTable, ratioOf } from '../bench/comparison.ts';
import { fence, seqOf, snapshotOf } from '../bench/page/either.ts';
import { contentOf, type Edit, edit, textOf } from '../bench/page/text.ts';
import { releaseOf } from '../bench/release.ts';
import { merged, type Results } from '../bench/results.ts';
import type { Sample, Workload } from '../bench/samples.ts';
import { median, medianRatio, rotated } from '../bench/statistics.ts';
import { targets } from '../bench/targets.ts';
import { readTrace } from '../bench/trace.ts';
import { typist } from '../bench/typist.ts';

/** As slow and as simple as it goes. */
const splice = (content: string, { at, del, ins }: Omit<Edit, 'type'>) =>
  content.slice(0, at) + ins + content.slice(at + del);

describe('the typist', () => {
  const { startContent, endContent, txns } = typist(5_000);

  test('ends with what its edits give', () => {
    let content = startContent;
    for (const { patches } of txns) {
      for (const [at, del, ins] of patches) {
        expect(at + del).toBeLessThanOrEqual(content.length);
        content = splice(content, { at, del, ins });
      }
    }
    expect(content).toBe(endContent);
    expect(txns).toHaveLength(5_000);
  });

  test('types the same for the same seed, and something else for another', () => {
    expect(typist(500).endContent).toBe(typist(500).endContent);
    expect(typist(500, 2).endContent).not.toBe(typist(500).endContent);
  });

  test('deletes about three times in ten', () => {
    const deletions = txns.filter(({ patches }) => patches.some(([, del]) => del > 0));
    expect(deletions.length / txns.length).toBeCloseTo(0.3, 1);
  });
});

test('a text in pieces is edited like a whole one', () => {
  const one = fc.record({ at: fc.nat(), del: fc.nat(3_000), ins: fc.string({ maxLength: 2_000 }) });
  fc.assert(
    fc.property(fc.string({ maxLength: 5_000 }), fc.array(one, { maxLength: 20 }), (start, edits) => {
      let content = start;
      let text = textOf(start);
      for (const { at: anywhere, del: many, ins } of edits) {
        const at = anywhere % (content.length + 1);
        const del = Math.min(many, content.length - at);
        content = splice(content, { at, del, ins });
        text = edit(text, { type: 'edit', at, del, ins });
        expect(contentOf(text)).toBe(content);
      }
    }),
  );
});

describe('a trace file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rewake-trace-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, bytes: string | Buffer) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const trace = typist(100);
  const json = JSON.stringify(trace);

  test('is read, plain or gzipped', () => {
    expect(readTrace(write('plain.json', json))).toEqual(trace);
    expect(readTrace(write('packed.json.gz', gzipSync(json)))).toEqual(trace);
  });

  test('is refused where it is something else', () => {
    expect(() => readTrace(write('other.json', '{"txns":[]}'))).toThrow('no editing trace');
  });
});

describe('statistics', () => {
  test('the median of an odd and an even number of values', () => {
    expect(median([30, 1, 2])).toBe(2);
    expect(median([4, 1, 30, 2])).toBe(3);
    expect(() => median([])).toThrow();
  });

  test('a ratio is taken round by round', () => {
    // The last round was disturbed, on both sides: the ratio of the medians would be 0.1.
    expect(medianRatio([1, 1, 30], [2, 10, 60])).toBe(0.5);
    expect(() => medianRatio([1], [1, 2])).toThrow('same rounds');
  });

  test('everybody comes first once in as many rounds', () => {
    expect([0, 1, 2, 3].map((round) => rotated(['A', 'B', 'C'], round).join(''))).toEqual([
      'ABC',
      'BCA',
      'CAB',
      'ABC',
    ]);
  });

  test('a target is judged where both sides were measured', () => {
    const sample = (subject: string, ms: number): Sample => {
      return { workload: 'editing', what: 'grouped, total', subject, unit: 'ms', rounds: [ms] };
    };
    const judged = (ms: number) => targets([sample('rewake-store', ms), sample('raw-batches', 100)]);
    expect(judged(126)).toMatchObject([{ limit: 1.25, measured: 1.26, reached: false }]);
    expect(judged(125)).toMatchObject([{ reached: true }]);
    expect(targets([sample('rewake-store', 1)])).toEqual([]);
  });
});

describe('a part that was measured again', () => {
  const sample = (workload: Workload, subject: string, ms: number): Sample => {
    return { workload, what: 'grouped, total', subject, unit: 'ms', rounds: [ms] };
  };
  const results = (...samples: Sample[]): Results => ({
    machine: { date: '2026-01-01', browser: 'chromium 1', system: 'any', cpu: 'any', memory: '1 GB' },
    options: { trace: 'a typist', rounds: 1 },
    versions: { rewake: '0.1.0' },
    targets: [],
    samples,
  });
  const kept = results(
    sample('growth', 'rewake-store', 5),
    sample('editing', 'rewake-store', 300),
    sample('editing', 'gone', 1),
    sample('editing', 'raw-batches', 100),
  );
  const part = results(sample('editing', 'rewake-store', 110), sample('editing', 'raw-batches', 100));

  test('replaces that workload, and is judged', () => {
    const { samples, targets } = merged(kept, part) ?? results();
    expect(samples).toEqual([sample('growth', 'rewake-store', 5), ...part.samples]);
    expect(targets).toMatchObject([{ measured: 1.1, reached: true }]);
  });

  test('is not mixed with what was measured elsewhere, on another day or another way', () => {
    const { machine, options } = part;
    expect(merged(kept, { ...part, machine: { ...machine, date: '2026-01-02' } })).toBeUndefined();
    expect(merged(kept, { ...part, options: { ...options, rounds: 2 } })).toBeUndefined();
    expect(merged(kept, { ...part, versions: { rewake: '0.2.0' } })).toBeUndefined();
  });
});

describe('against another commit', () => {
  const pair = { what: 'append 1 event', current: [2, 3, 4, 50], against: [2, 2, 2, 40] };

  test('the ratio is that of each round, with its spread', () => {
    expect(ratioOf(pair)).toEqual({ median: 1.375, lower: 1.125, upper: 1.75, least: 1, most: 2 });
    expect(ratioOf({ ...pair, current: [3], against: [2] })).toMatchObject({ lower: 1.5, upper: 1.5 });
  });

  test('the table has a row for each thing that was done', () => {
    const machine: Comparison['machine'] = {
      date: '2026-01-01',
      browser: 'chromium 1',
      system: 'any',
      cpu: 'any',
      memory: '1 GB',
    };
    const sides = { current: 'rewake 0.2.0, abcdef0', against: 'rewake 0.1.0, df16c6b' };
    const table = comparisonTable({ machine, ...sides, rounds: 4, pairs: [pair] });
    expect(table).toContain('rewake 0.2.0, abcdef0, against rewake 0.1.0, df16c6b. 4 rounds');
    expect(table).toContain('| append 1 event | 2.0 ms | 3.5 ms | **1.38** | 1.13–1.75 | 1.00–2.00 |');
  });

  test('a head is what each release tells, and goes into the next append and snapshot', () => {
    expect([seqOf(5), fence(5)]).toEqual([5, { expectedHead: 5, immutable: true }]);
    expect([seqOf({ seq: 0 }), fence({ seq: 0 })]).toEqual([0, { expectedHead: 0, immutable: true }]);
    const head = { seq: 5, logId: 'x' };
    expect([seqOf(head), fence(head)]).toEqual([5, { expectedHead: 5, logId: 'x', immutable: true }]);
    expect(snapshotOf('a', 5, 4, 'state')).toEqual({ runId: 'a', atSeq: 4, state: 'state' });
    expect(snapshotOf('a', head, 4, 'state')).toMatchObject({ atSeq: 4, logId: 'x' });
  });

  test('what is no commit is refused', () => {
    expect(() => releaseOf('no such commit')).toThrow();
  });
});

test('what was added to a session is compared with the session alone, round by round', () => {
  const sample = (subject: string, what: string, ...rounds: number[]): Sample => {
    return { workload: 'editing', what, subject, unit: 'ms', rounds };
  };
  const table = additionsTable([
    // A round begins with another one each time.
    sample('run with compress()', 'total', 3, 30, 300),
    sample('run', 'total', 2, 10, 200),
    sample('run', 'longest block', 0, 10, 10),
    sample('run with compress()', 'longest block', 5, 10, 10),
    sample('store', 'total', 1, 1, 1),
    sample('store with encrypt(key)', 'total', 1, 2, 3),
    sample('store with compress()', 'total', 4, 4, 4),
  ]);
  expect(table).toContain('| run | alone | with compress() |\n');
  expect(table).toContain('| total | 10 ms | **1.50** (1.50–3.00), 30 ms |\n');
  // It blocked nothing in a round, so there is no ratio.
  expect(table).toContain('| longest block | 10 ms | 10 ms |\n');
  expect(table).toContain('| store | alone | with compress() | with encrypt(key) |\n');
  expect(table).toContain(
    '| total | 1.0 ms | **4.00** (4.00–4.00), 4.0 ms | **2.00** (1.00–3.00), 2.0 ms |\n',
  );
});

test('the chart is what the latest results give', () => {
  const read = (file: string) => readFileSync(new URL(`../bench/results/${file}`, import.meta.url), 'utf8');
  expect(read('chart.svg')).toBe(chart(JSON.parse(read('latest.json'))));
});
