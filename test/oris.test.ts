import type { Snapshot } from 'rewake';
import { snapshotFromOris, snapshotToOris } from 'rewake/export';
import { expect, test } from 'vitest';

// The shapes of `Snapshot<S>` in oris-kernel's kernel/snapshot.rs, as serde_json writes them: the fields `run_id`
// (a string), `at_seq` (a u64) and `state`.

test('what oris-kernel writes is a snapshot', () => {
  const text = '{"run_id":"run-1","at_seq":10,"state":{"messages":["a","b"],"step":null}}';
  expect(snapshotFromOris(text)).toEqual({
    runId: 'run-1',
    atSeq: 10,
    state: { messages: ['a', 'b'], step: null },
  });
  expect(snapshotToOris(snapshotFromOris(text))).toBe(text);
});

test('serde_json::to_string_pretty, and fields that serde would ignore, are read', () => {
  const text = '{\n  "run_id": "run-1",\n  "at_seq": 0,\n  "state": null,\n  "created_at": 1\n}';
  expect(snapshotFromOris(text)).toEqual({ runId: 'run-1', atSeq: 0, state: null });
});

test('what oris-kernel has no place for is left out, and a state that JSON cannot hold comes back', () => {
  const snapshot = { runId: 'a', atSeq: 2, logId: 'l', version: 3, state: { sum: 3n } };
  const text = snapshotToOris(snapshot);
  expect(Object.keys(JSON.parse(text))).toEqual(['run_id', 'at_seq', 'state']);
  expect(snapshotFromOris(text)).toEqual({ runId: 'a', atSeq: 2, state: { sum: 3n } });
});

test.each([
  '',
  'null',
  '[]',
  '{"at_seq":1,"state":1}',
  '{"run_id":"","at_seq":1,"state":1}',
  '{"run_id":1,"at_seq":1,"state":1}',
  '{"run_id":"a","at_seq":-1,"state":1}',
  '{"run_id":"a","at_seq":18446744073709551615,"state":1}',
  '{"run_id":"a","at_seq":1}',
  '{"run_id":"a","at_seq":1,"state":{"rewake":1}}',
])('%s is unreadable', (text) => {
  expect(() => snapshotFromOris(text)).toThrow(
    expect.objectContaining({ name: 'KernelError', code: 'unreadable' }),
  );
});

test('what cannot be told is not-cloneable, and what is no snapshot invalid-argument', () => {
  const bad = { runId: 'a', atSeq: 1, state: { file: new Blob([]) } };
  expect(() => snapshotToOris(bad)).toThrow(
    expect.objectContaining({ code: 'not-cloneable', message: expect.stringContaining('state.file') }),
  );
  expect(() => snapshotToOris(undefined as unknown as Snapshot<unknown>)).toThrow(
    expect.objectContaining({ code: 'invalid-argument' }),
  );
});
