import {
  deleteRun,
  type EventStore,
  followRun,
  KernelError,
  openRun,
  ownerOf,
  type RunDefinition,
  recover,
} from 'rewake';
import { exportRun, type ImportOptions, importRun, sizeOfRun } from 'rewake/export';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { assertEqual } from '../src/conformance/assert.ts';
import { richValue } from '../src/conformance/case.ts';
import { crc32 } from '../src/export/format.ts';
import { bytesOf, outcomeOf, streamOf, textOf } from './export-scene.ts';
import { FaultyFactory } from './faulty-factory.ts';
import { type AnyStores, changed, inIndexedDb, inMemory } from './stores-scene.ts';

const runId = 'a';
const sum: RunDefinition<number, number> = { initialState: 0, reduce: (sum, add) => sum + add };
const upTo = (head: number) => Array.from({ length: head }, (_, index) => index + 1);

/** The run "a": two events of version 1, one of version 2, one of version 1, and a snapshot at 2. */
async function fill(stores: AnyStores): Promise<void> {
  const { logId } = await stores.events.append(runId, [1, { two: 'ü' }]);
  await stores.events.append(runId, [new Map([[3, -0]])], { version: 2 });
  await stores.events.append(runId, ['four']);
  await stores.snapshots.save({ runId, atSeq: 2, logId, version: 2, state: { sum: 3n } });
}

const logOf = async (stores: AnyStores, runId = 'a') => (await stores.events.scan(runId, 1)).events;

const refusal = (code: string, says = '') =>
  expect.objectContaining({
    name: expect.stringMatching(/Error$/),
    code,
    message: expect.stringContaining(says),
  });

describe.each([
  ['in memory', inMemory],
  ['in IndexedDB', inIndexedDb],
])('%s', (_, open) => {
  let stores: AnyStores;
  let target: AnyStores;

  beforeEach(() => {
    stores = open();
    target = open();
  });

  test('the size of a run is that of its file, whatever else is there', async () => {
    await fill(stores);
    await stores.events.append('b', ['ü'.repeat(1_000_000)]);
    const { size } = await new Response(exportRun({ runId, stores })).blob();
    expect(await sizeOfRun({ runId, stores })).toBe(size);
    // A stream of several chunks, in bytes of UTF-8.
    expect(await sizeOfRun({ runId: 'b', stores })).toBeGreaterThan(2_000_000);
    await expect(sizeOfRun({ runId: '', stores })).rejects.toEqual(refusal('invalid-argument'));
  });

  test('an exported run is lines of JSON, plain if JSON can hold it', async () => {
    await fill(stores);
    const { logId } = await stores.events.head(runId);
    const text = await textOf(exportRun({ runId, stores }));
    expect(text.split('\n')).toEqual([
      `{"format":"rewake-run","formatVersion":1,"runId":"a","logId":"${logId}","seq":4}`,
      '{"seq":1,"event":1}',
      '{"seq":2,"event":{"two":"ü"}}',
      '{"seq":3,"version":2,"event":{"rewake":1,"root":[0],"nodes":[["Map",[3,[1]]],["number","-0"]]}}',
      '{"seq":4,"event":"four"}',
      '{"snapshot":{"atSeq":2,"version":2,"state":{"rewake":1,"root":[0],"nodes":[{"sum":[1]},["bigint","0x3"]]}}}',
      `{"end":{"crc32":${crc32(Buffer.from(text.slice(0, text.lastIndexOf('{"end"'))))}}}`,
      '',
    ]);
  });

  test('it is imported with its versions and its snapshot, under a log of its own', async () => {
    await fill(stores);
    const imported = await importRun({ stream: exportRun({ runId, stores }), stores: target });
    expect(imported).toEqual({ runId, seq: 4, appended: 4 });
    expect(await logOf(target)).toEqual(await logOf(stores));
    const { logId } = await target.events.head(runId);
    expect(logId).not.toBe((await stores.events.head(runId)).logId);
    expect(await target.snapshots.loadLatest(runId)).toEqual({
      runId,
      atSeq: 2,
      logId,
      version: 2,
      state: { sum: 3n },
    });
    expect(await ownerOf({ runId, stores: target })).toBe('nobody');
  });

  test('under another name, beside the first', async () => {
    await fill(stores);
    const imported = await importRun({ stream: exportRun({ runId, stores }), stores, runId: 'b' });
    expect(imported).toEqual({ runId: 'b', seq: 4, appended: 4 });
    expect(await logOf(stores, 'b')).toEqual(await logOf(stores));
    expect(await stores.snapshots.loadLatest('b')).toMatchObject({ runId: 'b', atSeq: 2 });
  });

  test('an imported run wakes up from its snapshot', async () => {
    const run = await openRun({ runId, ...sum, stores: stores as never });
    await run.appendAll([1, 2, 3]);
    await run.close();
    await importRun({ stream: exportRun({ runId, stores }), stores: target });
    const recovery = await recover({ runId, ...sum, stores: target as never });
    expect(recovery).toMatchObject({ state: 6, seq: 3, snapshotSeq: 3, replayed: 0 });
  });

  test('the rich value comes through', async () => {
    const { logId } = await stores.events.append(runId, [richValue()]);
    await stores.snapshots.save({ runId, atSeq: 1, logId, state: richValue() });
    await importRun({ stream: exportRun({ runId, stores }), stores: target });
    assertEqual((await logOf(target))[0]?.event, richValue(), 'event');
    assertEqual((await target.snapshots.loadLatest(runId))?.state, richValue(), 'state');
  });

  test('a run that does not exist is a log of no events, and importing it makes none', async () => {
    const text = await textOf(exportRun({ runId: 'nobody', stores }));
    expect(text).toContain('"logId":null,"seq":0}\n{"end"');
    expect(await importRun({ stream: streamOf(text), stores: target })).toEqual({
      runId: 'nobody',
      seq: 0,
      appended: 0,
    });
    expect(await target.events.runIds()).toEqual([]);
  });

  describe('a compacted run', () => {
    const compact = async ({ events }: AnyStores, atSeq: number, state: unknown = { sum: 6 }) => {
      const { logId } = await events.head(runId);
      await events.compact(runId, { atSeq, logId, version: 2, state });
    };
    const stream = () => exportRun({ runId, stores });
    const importing = () => importRun({ stream: stream(), stores: target });

    beforeEach(async () => {
      await fill(stores);
      await compact(stores, 3);
    });

    test('begins with its base, in the stream and where it is imported', async () => {
      const lines = (await textOf(stream())).split('\n');
      expect(lines.slice(1, 3)).toEqual([
        '{"base":{"atSeq":3,"version":2,"state":{"sum":6}}}',
        '{"seq":4,"event":"four"}',
      ]);
      expect(await importing()).toEqual({ runId, seq: 4, appended: 4 });
      const { logId } = await target.events.head(runId);
      expect(logId).not.toBe((await stores.events.head(runId)).logId);
      expect(await target.events.base(runId)).toEqual({ atSeq: 3, logId, version: 2, state: { sum: 6 } });
      expect(await target.events.scan(runId, 4)).toEqual({
        ...(await stores.events.scan(runId, 4)),
        logId,
      });
      expect(await target.snapshots.loadLatest(runId)).toMatchObject({ atSeq: 2, logId });
      expect((await textOf(exportRun({ runId, stores: target }))).split('\n').slice(1, 4)).toEqual(
        lines.slice(1, 4),
      );
    });

    test('of no events but those in its base', async () => {
      await compact(stores, 4, null);
      expect(await importing()).toEqual({ runId, seq: 4, appended: 4 });
      expect(await target.events.base(runId)).toMatchObject({ atSeq: 4, state: null });
      expect(await importing()).toEqual({ runId, seq: 4, appended: 0 });
    });

    test('is recovered as the run that was exported', async () => {
      const run = await openRun({ runId: 'sum', ...sum, stores: stores as never });
      await run.appendAll([1, 2, 3]);
      await run.compact();
      await run.append(4);
      await run.close();
      await stores.snapshots.delete('sum');
      await importRun({ stream: exportRun({ runId: 'sum', stores }), stores: target });
      const recovery = await recover({ runId: 'sum', ...sum, stores: target as never });
      expect(recovery).toMatchObject({ state: 10, seq: 4, baseSeq: 3, replayed: 1 });
    });

    test('imported again gets what is missing', async () => {
      await importing();
      await stores.events.append(runId, ['five']);
      expect(await importing()).toEqual({ runId, seq: 5, appended: 1 });
      expect((await target.events.scan(runId, 4)).events).toEqual(
        (await stores.events.scan(runId, 4)).events,
      );
    });

    test.each<[string, () => Promise<unknown>, string, number]>([
      ['with another state', () => compact(stores, 3, { sum: 7 }), 'conflict', 3],
      ['compacted further', () => compact(stores, 4), 'compacted', 4],
      ['that was not compacted', () => compact(target, 4), 'compacted', 4],
      ['with another event', () => target.events.append(runId, ['fife']), 'conflict', 5],
    ])('is refused if there is one %s, which stays', async (_, change, code, seq) => {
      await importing();
      await change();
      await stores.events.append(runId, ['five']);
      const before = [await target.events.base(runId), await target.events.head(runId)];
      await expect(importing()).rejects.toEqual(refusal(code, 'Nothing was imported.'));
      await expect(importing()).rejects.toMatchObject({ seq, runId });
      expect([await target.events.base(runId), await target.events.head(runId)]).toEqual(before);
    });

    test('is refused if the whole log is there: its events cannot be compared', async () => {
      await fill(target);
      const log = await logOf(target);
      await expect(importing()).rejects.toMatchObject({ code: 'compacted', seq: 3 });
      expect(await logOf(target)).toEqual(log);
    });

    test('a failure after its base takes that back', async () => {
      const quota = new KernelError('quota', 'full', { operation: 'append' });
      const failing = { ...target, events: changed(target.events, { append: () => Promise.reject(quota) }) };
      await expect(importRun({ stream: stream(), stores: failing })).rejects.toBe(quota);
      expect(await target.events.runIds()).toEqual([]);
      expect(await importing()).toMatchObject({ appended: 4 });
    });

    test.each([true, false])(
      'a base whose connection is lost, committed: %s, is written once',
      async (landed) => {
        const begin = vi
          .fn(target.events.begin.bind(target.events))
          .mockImplementationOnce(async (...args) => {
            if (landed) await target.events.begin(...args);
            throw new KernelError('connection-lost', '', { operation: 'begin' });
          });
        const losing = { ...target, events: changed(target.events, { begin }) };
        expect(await importRun({ stream: stream(), stores: losing })).toEqual({ runId, seq: 4, appended: 4 });
        expect(begin).toHaveBeenCalledTimes(landed ? 1 : 2);
        expect(await target.events.base(runId)).toMatchObject({ atSeq: 3 });
      },
    );

    test.each([
      ['no state', '{"base":{"atSeq":3}}'],
      ['a seq ahead of the log', '{"base":{"atSeq":5,"state":1}}'],
      ['the seq 0', '{"base":{"atSeq":0,"state":1}}'],
      ['a version that is none', '{"base":{"atSeq":3,"version":0,"state":1}}'],
      ['another seq', '{"base":{"atSeq":2,"state":1}}'],
      ['no content', '{"base":null}'],
    ])('whose base has %s is unreadable', async (what, base) => {
      const lines = (await textOf(stream())).split('\n');
      lines.splice(1, 1, base);
      const damaged = importRun({ stream: streamOf(lines.join('\n')), stores: target });
      const line = what === 'another seq' ? 3 : 2;
      await expect(damaged).rejects.toEqual(refusal('unreadable', `line ${line} of the stream`));
      expect(await target.events.runIds()).toEqual([]);
    });
  });

  test('a run that is compacted while it is read: conflict', async () => {
    await fill(stores);
    const { logId } = await stores.events.head(runId);
    const scan: EventStore<unknown>['scan'] = async (...args) => {
      await stores.events.compact(runId, { atSeq: 3, logId, version: 1, state: 6 });
      return stores.events.scan(...args);
    };
    const exported = exportRun({ runId, stores: { ...stores, events: changed(stores.events, { scan }) } });
    await expect(bytesOf(exported)).rejects.toEqual(refusal('conflict', 'Export it again.'));
  });

  test('events that are appended while it is read are not in it', async () => {
    await stores.events.append(runId, upTo(3));
    const reader = exportRun({
      runId,
      stores: {
        ...stores,
        events: changed(stores.events, {
          async scan(...args) {
            await stores.events.append(runId, ['late']);
            return stores.events.scan(...args);
          },
        }),
      },
    }).getReader();
    const { value } = await reader.read();
    expect(new TextDecoder().decode(value)).toMatch(/"seq":3\}\n(\{"seq":\d,"event":\d\}\n){3}\{"end"/);
  });

  test.each([
    ['deleted', false],
    ['deleted and begun anew', true],
  ])('if the run is %s while it is read, the stream errors with conflict', async (_, isBegunAnew) => {
    await stores.events.append(runId, upTo(10_001));
    const stream = exportRun({
      runId,
      stores: {
        ...stores,
        events: changed(stores.events, {
          async scan(...args) {
            if (args[1] > 1) {
              await deleteRun({ runId, stores });
              if (isBegunAnew) await stores.events.append(runId, upTo(10_001));
            }
            return stores.events.scan(...args);
          },
        }),
      },
    });
    await expect(importRun({ stream, stores: target })).rejects.toEqual(
      refusal('conflict', 'Run "a", exportRun'),
    );
    expect(await target.events.runIds()).toEqual([]);
  });

  test('a log that is the beginning of the stream gets the rest, and a whole one nothing', async () => {
    await fill(stores);
    const stream = () => exportRun({ runId, stores });
    await target.events.append(runId, [1, { two: 'ü' }]);
    const { logId } = await target.events.head(runId);
    expect(await importRun({ stream: stream(), stores: target })).toEqual({ runId, seq: 4, appended: 2 });
    expect(await logOf(target)).toEqual(await logOf(stores));
    expect((await target.events.head(runId)).logId).toBe(logId);
    // Its own snapshot may be as good.
    expect(await target.snapshots.loadLatest(runId)).toBeUndefined();
    expect(await importRun({ stream: stream(), stores: target })).toEqual({ runId, seq: 4, appended: 0 });
    expect(await logOf(target)).toEqual(await logOf(stores));
  });

  test.each<[string, unknown[], number, number]>([
    ['another event', [1, { two: 'u' }], 1, 2],
    ['an event of another version', [1], 2, 1],
    ['more events', [1, { two: 'ü' }, 3, 4, 5], 1, 3],
  ])('a run with %s is refused with conflict, and stays', async (_, events, version, seq) => {
    await fill(stores);
    await target.events.append(runId, events, { version });
    const before = await logOf(target);
    const importing = importRun({ stream: exportRun({ runId, stores }), stores: target });
    await expect(importing).rejects.toEqual(refusal('conflict', `its event ${seq} is not`));
    await expect(importing).rejects.toMatchObject({ seq, operation: 'importRun', runId });
    expect(await logOf(target)).toEqual(before);
  });

  test('a run that goes on past the end of the stream is refused', async () => {
    await stores.events.append(runId, upTo(3));
    await target.events.append(runId, upTo(4));
    const importing = importRun({ stream: exportRun({ runId, stores }), stores: target });
    await expect(importing).rejects.toMatchObject({ code: 'conflict', seq: 4 });
  });

  test('a run that somebody owns is refused, and goes on', async () => {
    await stores.events.append(runId, upTo(3));
    const run = await openRun({ runId, ...sum, stores: target as never });
    const importing = importRun({ stream: exportRun({ runId, stores }), stores: target });
    await expect(importing).rejects.toEqual(refusal('conflict', 'Run "a", importRun: somebody owns it'));
    expect(await run.append(1)).toBe(1);
    await run.close();
  });

  test('a snapshot of a log that is gone makes room', async () => {
    await fill(stores);
    await target.snapshots.save({ runId, atSeq: 99, state: 'of a log that is gone' });
    expect(await importRun({ stream: exportRun({ runId, stores }), stores: target })).toEqual({
      runId,
      seq: 4,
      appended: 4,
    });
    expect(await target.snapshots.loadLatest(runId)).toMatchObject({ atSeq: 2 });
  });
});

test('the checksum is that of zip and gzip', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  expect(crc32(Buffer.from('6789'), crc32(Buffer.from('12345')))).toBe(0xcbf43926);
});

describe('exportRun', () => {
  test('reads nothing before it is asked, and then one page at a time, of a run of 100,000 events', async () => {
    const { events, snapshots } = inMemory();
    await events.append(runId, upTo(100_000));
    let scanned = 0;
    const scan = vi.fn<EventStore<unknown>['scan']>(async (...args) => {
      const page = await events.scan(...args);
      scanned += page.events.length;
      return page;
    });
    const head = vi.fn(events.head.bind(events));
    const stream = exportRun({ runId, stores: { snapshots, events: changed(events, { scan, head }) } });
    await new Promise(setImmediate);
    expect(head).not.toHaveBeenCalled();

    const reader = stream.getReader();
    let exported = 0;
    let most = 0;
    let chunks = 0;
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      const seqs = new TextDecoder().decode(chunk.value).match(/^\{"seq"/gm)?.length ?? 0;
      // Time to read ahead.
      await new Promise(setImmediate);
      most = Math.max(most, scanned - exported);
      exported += seqs;
      chunks++;
    }
    expect(exported).toBe(100_000);
    expect(scan).toHaveBeenCalledTimes(10);
    // One page, and what of the one before it is in the same chunk.
    expect(most).toBeLessThanOrEqual(15_000);
    expect(chunks).toBeGreaterThan(20);
  });

  test('ends with aborted if its signal is', async () => {
    const stores = inMemory();
    await stores.events.append(runId, upTo(50_000));
    const controller = new AbortController();
    const { signal } = controller;
    const reader = exportRun({ runId, stores, signal }).getReader();
    await reader.read();
    controller.abort('enough');
    await expect(reader.read()).rejects.toMatchObject({
      code: 'aborted',
      cause: 'enough',
      operation: 'exportRun',
      runId,
    });
    await expect(textOf(exportRun({ runId, stores, signal }))).rejects.toMatchObject({ code: 'aborted' });
  });

  test('stops reading when its stream is cancelled', async () => {
    const { events, snapshots } = inMemory();
    await events.append(runId, upTo(50_000));
    const scan = vi.fn(events.scan.bind(events));
    const reader = exportRun({ runId, stores: { snapshots, events: changed(events, { scan }) } }).getReader();
    await reader.read();
    await reader.cancel();
    expect(scan).toHaveBeenCalledTimes(1);
  });

  test('notices that a log without an identity, as 0.1 left them, was deleted', async () => {
    const stores = inMemory();
    vi.spyOn(stores.events, 'head').mockResolvedValue({ seq: 2, logId: null });
    await expect(textOf(exportRun({ runId, stores }))).rejects.toEqual(refusal('conflict'));
  });

  test('names the place in an event that is not data', async () => {
    const stores = inMemory();
    vi.spyOn(stores.events, 'head').mockResolvedValue({ seq: 1, logId: 'l' });
    const event = { files: [new Blob(['x'])] };
    vi.spyOn(stores.events, 'scan').mockResolvedValue({
      logId: 'l',
      events: [{ seq: 1, version: 1, event }],
    });
    await expect(textOf(exportRun({ runId, stores }))).rejects.toEqual(
      refusal('not-cloneable', 'the event 1.files[0]'),
    );
  });

  test.each<[string, (stores: ReturnType<typeof inMemory>) => Promise<unknown>]>([
    [
      'unreadable',
      async ({ snapshots }) =>
        vi
          .spyOn(snapshots, 'loadLatest')
          .mockRejectedValue(new KernelError('unreadable', '', { operation: 'loadLatest' })),
    ],
    [
      'of a newer release',
      async ({ snapshots }) =>
        vi
          .spyOn(snapshots, 'loadLatest')
          .mockRejectedValue(new KernelError('newer-version', '', { operation: 'loadLatest' })),
    ],
    [
      'not data',
      async ({ snapshots }) =>
        vi.spyOn(snapshots, 'loadLatest').mockResolvedValue({ runId, atSeq: 1, state: new Blob([]) }),
    ],
    ['of another log', ({ snapshots }) => snapshots.save({ runId, atSeq: 1, logId: 'other', state: 1 })],
    ['of no log', ({ snapshots }) => snapshots.save({ runId, atSeq: 1, state: 1 })],
  ])('leaves out a snapshot that is %s', async (_, spoil) => {
    const stores = inMemory();
    await stores.events.append(runId, [1]);
    await spoil(stores);
    const text = await textOf(exportRun({ runId, stores }));
    expect(text).not.toContain('snapshot');
    expect(await importRun({ stream: streamOf(text), stores: inMemory() })).toMatchObject({ appended: 1 });
  });

  test('errors with what the stores reject with', async () => {
    const stores = inMemory();
    const error = new KernelError('unavailable', 'gone', { operation: 'loadLatest' });
    vi.spyOn(stores.snapshots, 'loadLatest').mockRejectedValue(error);
    await expect(textOf(exportRun({ runId, stores }))).rejects.toBe(error);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no run id', {}],
    ['an empty run id', { runId: '' }],
    ['stores that are none', { runId, stores: { events: {} } }],
    ['a signal that is none', { runId, signal: true }],
  ])('given %s, errors with invalid-argument and throws nothing', async (_, options) => {
    await expect(textOf(exportRun(options as never))).rejects.toMatchObject({
      code: 'invalid-argument',
      operation: 'exportRun',
    });
  });
});

describe('importRun', () => {
  let whole: Uint8Array;

  beforeEach(async () => {
    const stores = inMemory();
    await fill(stores);
    whole = await bytesOf(exportRun({ runId, stores }));
  });

  afterEach(() => {
    vi.unstubAllGlobals();
  });

  const refused = { code: 'unreadable', runs: [] };

  test('refuses a stream that breaks off, wherever it does, and leaves no run', async () => {
    for (let length = 0; length < whole.length; length++)
      expect(await outcomeOf(whole.subarray(0, length)), `${length} bytes`).toEqual(refused);
    expect((await outcomeOf(whole)).code).toBe('none');
  });

  test('refuses a stream with any one bit wrong, and leaves no run', async () => {
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const damaged = whole.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const { code, runs } = await outcomeOf(damaged);
      // One bit makes another version of the format, too.
      expect(code, `bit ${bit}`).toMatch(/^(unreadable|newer-version)$/);
      expect(runs).toEqual([]);
    }
  });

  test.each<[string, number, (lines: string[]) => void]>([
    ['line that is no JSON', 3, (lines) => lines.splice(2, 1, 'x')],
    ['line that is missing', 3, (lines) => lines.splice(2, 1)],
    ['line that is there twice', 4, (lines) => lines.splice(2, 0, lines[2] ?? '')],
    ['line without an event', 3, (lines) => lines.splice(2, 1, '{"seq":2}')],
    ['version that is none', 3, (lines) => lines.splice(2, 1, '{"seq":2,"version":0,"event":1}')],
    ['value that is damaged', 3, (lines) => lines.splice(2, 1, '{"seq":2,"event":{"rewake":1}}')],
    ['snapshot ahead of the log', 6, (lines) => lines.splice(5, 1, '{"snapshot":{"atSeq":5,"state":1}}')],
    ['snapshot without a state', 6, (lines) => lines.splice(5, 1, '{"snapshot":{"atSeq":1}}')],
    ['end that is missing', 7, (lines) => lines.splice(6, 1)],
    ['letter after the end', 8, (lines) => lines.splice(7, 1, 'x')],
    ['line after the end', 8, (lines) => lines.splice(7, 0, '{}')],
    ['event that is another', 7, (lines) => lines.splice(1, 1, '{"seq":1,"event":2}')],
    ['head of something else', 1, (lines) => lines.splice(0, 1, '{"format":"other","formatVersion":1}')],
    [
      'head without a run id',
      1,
      (lines) => lines.splice(0, 1, '{"format":"rewake-run","formatVersion":1,"runId":"","seq":0}'),
    ],
    [
      'head without a seq',
      1,
      (lines) => lines.splice(0, 1, '{"format":"rewake-run","formatVersion":1,"runId":"a"}'),
    ],
  ])('names the line of a %s', async (_, line, damage) => {
    const lines = new TextDecoder().decode(whole).split('\n');
    damage(lines);
    const importing = importRun({ stream: streamOf(lines.join('\n')), stores: inMemory() });
    await expect(importing).rejects.toEqual(refusal('unreadable', `line ${line} of the stream`));
  });

  test.each([
    ['the format', '{"format":"rewake-run","formatVersion":2}\n', 1],
    [
      'a value',
      '{"format":"rewake-run","formatVersion":1,"runId":"a","seq":1}\n{"seq":1,"event":{"rewake":2}}\n',
      2,
    ],
  ])('rejects with newer-version if a later release wrote %s', async (_, text, line) => {
    const importing = importRun({ stream: streamOf(text), stores: inMemory() });
    await expect(importing).rejects.toEqual(refusal('newer-version', `line ${line}`));
  });

  test.each([1, 7, 100_000])('takes chunks of %i bytes', async (size) => {
    const stores = inMemory();
    await importRun({ stream: streamOf(whole, size), stores });
    expect((await logOf(stores))[1]?.event).toEqual({ two: 'ü' });
  });

  test('lets go of a stream that it refuses', async () => {
    const cancel = vi.fn();
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('x\n')),
      cancel,
    });
    await expect(importRun({ stream, stores: inMemory() })).rejects.toMatchObject({ code: 'unreadable' });
    expect(cancel).toHaveBeenCalledOnce();
  });

  test('is unreadable with the cause if the stream fails', async () => {
    const cause = new TypeError('network error');
    const stream = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(cause) });
    await expect(importRun({ stream, stores: inMemory() })).rejects.toMatchObject({
      code: 'unreadable',
      cause,
    });
  });

  test('is unreadable if the stream is not of bytes', async () => {
    const stream = new ReadableStream({ start: (controller) => controller.enqueue('text\n') });
    await expect(importRun({ stream, stores: inMemory() })).rejects.toMatchObject({ code: 'unreadable' });
  });

  describe('if an append fails between two versions', () => {
    const quota = new KernelError('quota', 'full', { operation: 'append' });
    /** Stores in memory that fail at the second append. */
    function failing() {
      const stores = inMemory();
      const append = vi.fn(stores.events.append.bind(stores.events));
      append.mockImplementationOnce(stores.events.append.bind(stores.events)).mockRejectedValueOnce(quota);
      return { stores, failing: { ...stores, events: changed(stores.events, { append }) } };
    }

    test('an empty log is empty again', async () => {
      const { stores, failing: target } = failing();
      await expect(importRun({ stream: streamOf(whole), stores: target })).rejects.toBe(quota);
      expect(await stores.events.runIds()).toEqual([]);
      expect(await importRun({ stream: streamOf(whole), stores })).toMatchObject({ appended: 4 });
    });

    test('a log that was there is longer, and importing again appends the rest', async () => {
      const { stores, failing: target } = failing();
      await stores.events.append(runId, [1]);
      await expect(importRun({ stream: streamOf(whole), stores: target })).rejects.toBe(quota);
      expect(await stores.events.head(runId)).toMatchObject({ seq: 2 });
      expect(await importRun({ stream: streamOf(whole), stores })).toMatchObject({ seq: 4, appended: 2 });
    });

    test('what a crash leaves is completed by importing again', async () => {
      const { stores, failing: target } = failing();
      const crashed = { ...target, events: changed(target.events, { delete: () => Promise.reject(quota) }) };
      await expect(importRun({ stream: streamOf(whole), stores: crashed })).rejects.toBe(quota);
      expect(await stores.events.head(runId)).toMatchObject({ seq: 2 });
      expect(await importRun({ stream: streamOf(whole), stores })).toMatchObject({ seq: 4, appended: 2 });
      expect((await logOf(stores)).map(({ version }) => version)).toEqual([1, 1, 2, 1]);
    });

    test('what somebody else has appended stays', async () => {
      const stores = inMemory();
      const append = vi
        .fn(stores.events.append.bind(stores.events))
        .mockImplementationOnce(async (...args) => {
          const head = await stores.events.append(...args);
          await stores.events.append(runId, ['of somebody else']);
          return head;
        });
      const importing = importRun({
        stream: streamOf(whole),
        stores: { ...stores, events: changed(stores.events, { append }) },
      });
      await expect(importing).rejects.toMatchObject({ code: 'conflict', expected: 2, actual: 3 });
      expect((await logOf(stores)).at(-1)?.event).toBe('of somebody else');
    });

    test('a run that is stolen meanwhile is its thief’s', async () => {
      const stores = inMemory();
      const target: AnyStores = { ...stores, events: changed(stores.events, {}) };
      let thief: { close(): Promise<void>; readonly seq: number } | undefined;
      const append: EventStore<unknown>['append'] = async (...args) => {
        const head = await stores.events.append(...args);
        thief ??= await openRun({
          runId,
          initialState: 0,
          reduce: (n: number) => n,
          version: 2,
          ifOwned: 'steal',
          stores: target as never,
        });
        return head;
      };
      Object.assign(target.events, { append });
      await expect(importRun({ stream: streamOf(whole), stores: target })).rejects.toEqual(
        refusal('conflict', 'taken it over'),
      );
      expect(await stores.events.head(runId)).toMatchObject({ seq: 2 });
      expect(thief?.seq).toBe(2);
      await thief?.close();
    });
  });

  test('events of one version are one append', async () => {
    const from = inMemory();
    await from.events.append(runId, upTo(25_000), { version: 3 });
    const stores = inMemory();
    const append = vi.spyOn(stores.events, 'append');
    await importRun({ stream: exportRun({ runId, stores: from }), stores });
    expect(append).toHaveBeenCalledOnce();
  });

  test('an append whose connection is lost after its commit is not repeated in the log', async () => {
    const stores = inMemory();
    const append = vi.fn(stores.events.append.bind(stores.events)).mockImplementationOnce(async (...args) => {
      await stores.events.append(...args);
      throw new KernelError('connection-lost', '', { operation: 'append' });
    });
    const target = { ...stores, events: changed(stores.events, { append }) };
    expect(await importRun({ stream: streamOf(whole), stores: target })).toMatchObject({
      seq: 4,
      appended: 4,
    });
    expect(await logOf(stores)).toHaveLength(4);
  });

  test('a snapshot that cannot be saved is told, and the run is there', async () => {
    const stores = inMemory();
    const snapshotError = new KernelError('quota', 'full', { operation: 'save' });
    vi.spyOn(stores.snapshots, 'save').mockRejectedValue(snapshotError);
    expect(await importRun({ stream: streamOf(whole), stores })).toEqual({
      runId,
      seq: 4,
      appended: 4,
      snapshotError,
    });
    expect(await ownerOf({ runId, stores })).toBe('nobody');
  });

  test('followers read on', async () => {
    const from = inMemory();
    await from.events.append(runId, upTo(3));
    const stores = inMemory();
    const follower = await followRun({ runId, ...sum, stores: stores as never });
    const changed = new Promise<void>((resolve) => follower.subscribe(resolve));
    await importRun({ stream: exportRun({ runId, stores: from }), stores });
    await changed;
    expect(follower.state).toBe(6);
    await follower.close();
  });

  test('both go to openStores() by default', async () => {
    vi.stubGlobal('indexedDB', new FaultyFactory());
    await importRun({ stream: streamOf(whole) });
    const eventsOf = (text: string) => text.split('\n').slice(1, -2);
    expect(eventsOf(await textOf(exportRun({ runId })))).toEqual(eventsOf(new TextDecoder().decode(whole)));
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no stream', {}],
    ['a stream that is none', { stream: 'text' }],
    [
      'a stream that is read',
      {
        stream: (() => {
          const stream = streamOf('x');
          stream.getReader();
          return stream;
        })(),
      },
    ],
    ['an empty run id', { stream: streamOf('x'), runId: '' }],
    ['stores that are none', { stream: streamOf('x'), stores: { events: {} } }],
  ])('given %s, rejects with invalid-argument', async (_, options) => {
    await expect(importRun(options as ImportOptions)).rejects.toMatchObject({
      code: 'invalid-argument',
      operation: 'importRun',
    });
  });
});
