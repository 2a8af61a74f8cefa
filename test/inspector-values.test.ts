import { describe, expect, test } from 'vitest';
import { diff, isSame } from '../src/inspector/diff.ts';
import { bytesText } from '../src/inspector/files.ts';
import { hexDump, partsOf, textOf } from '../src/inspector/value.ts';

// What the inspector shows of values, as text.

const circle: { name: string; self?: unknown } = { name: 'c' };
circle.self = circle;

describe('a value on one line', () => {
  test.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'true'],
    [-0, '-0'],
    [Number.NaN, 'NaN'],
    [12n, '12n'],
    ['a "b"\n', '"a \\"b\\"\\n"'],
    [[], '[]'],
    [[1, [2], 'x'], '[1, [2], "x"]'],
    [{}, '{}'],
    [{ a: 1, 'odd key': { b: null } }, '{ a: 1, odd key: { b: null } }'],
    [Object.assign([1], { extra: 2 }), '[1, extra: 2]'],
    [
      new Map<unknown, unknown>([
        ['a', 1],
        [{ k: 2 }, new Set([3])],
      ]),
      'Map(2) { "a" → 1, { k: 2 } → Set(1) { 3 } }',
    ],
    [new Set(), 'Set(0) {}'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Date(Number.NaN), 'Invalid Date'],
    [/a+/gi, '/a+/gi'],
    [new TypeError('No.'), 'TypeError: No.'],
    [{ failed: new Error('No.') }, '{ failed: Error: No. }'],
    [new DOMException('No.', 'AbortError'), 'AbortError: No.'],
    [new Uint8Array([1, 255]), 'Uint8Array(2 bytes) 01 ff'],
    [new Uint16Array([1, 2]).subarray(1), 'Uint16Array(2 bytes) 02 00'],
    [new ArrayBuffer(9), 'ArrayBuffer(9 bytes) 00 00 00 00 00 00 00 00 …'],
    [new Blob(['hello'], { type: 'text/plain' }), 'Blob text/plain, 5 bytes'],
    [Object('boxed'), 'String { "boxed" }'],
    [circle, '{ name: "c", self: ↺ }'],
    [[circle, circle], '[{ name: "c", self: ↺ }, { name: "c", self: ↺ }]'],
    ['<b>bold</b>', '"<b>bold</b>"'],
  ])('%# %s', (value, text) => {
    expect(textOf(value)).toBe(text);
  });

  test('ends with … if it is longer than the limit, however much there is', () => {
    let read = 0;
    const long = Array.from({ length: 10_000 }, () => ({
      get part() {
        read++;
        return 'part';
      },
    }));
    expect(textOf(long, 20)).toBe('[{ part: "part" }, {…');
    expect(read).toBeLessThan(10);
    expect(textOf('x'.repeat(100), 5)).toBe('"xxxx…');
  });

  test('of what is nested deeply is no stack overflow', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    expect(textOf(deep)).toBe(`${'['.repeat(64)}…${']'.repeat(64)}`);
  });
});

test('the parts of an error are those that are not enumerable, too', () => {
  const error = Object.assign(new Error('No.', { cause: 'why' }), { code: 7 });
  expect([...partsOf(error)].map(({ label }) => label)).toEqual(['message:', 'stack:', 'cause:', 'code:']);
});

test('bytes are dumped with their places and letters, and not all of them', () => {
  const [line, second, ...rest] = hexDump(
    Uint8Array.from({ length: 2_000 }, (_, at) => 60 + (at % 16)),
  ).split('\n');
  expect(line).toBe('0000  3c 3d 3e 3f 40 41 42 43  <=>?@ABC');
  expect(second?.slice(0, 4)).toBe('0008');
  expect(rest.at(-1)).toBe('… 976 more bytes');
});

test('numbers of bytes are short', () => {
  expect([0, 999, 1_000, 43_210, 5_400_000, 7e12].map(bytesText)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '43 kB',
    '5.4 MB',
    '7000 GB',
  ]);
});

const paths = (before: unknown, after: unknown) =>
  diff(before, after).map(({ kind, path }) => `${kind} ${path}`);

describe('the differences of two states', () => {
  test('are where they are, and nowhere else', () => {
    const before = { a: 1, b: { c: [1, 2, 3], gone: true }, same: { deep: [{}] } };
    const after = { a: 2, b: { c: [1, 9, 3] }, same: { deep: [{}] }, 'new key': null };
    expect(diff(before, after)).toEqual([
      { kind: 'changed', path: '.a', before: 1, after: 2 },
      { kind: 'changed', path: '.b.c[1]', before: 2, after: 9 },
      { kind: 'removed', path: '.b.gone', before: true },
      { kind: 'added', path: '["new key"]', after: null },
    ]);
  });

  test('of lists leave out what both begin and end with', () => {
    expect(diff(['b', 'c'], ['a', 'b', 'c'])).toEqual([{ kind: 'added', path: '[0]', after: 'a' }]);
    expect(diff([{ n: 1 }, { n: 2 }, { n: 3 }], [{ n: 1 }, { n: 3 }])).toEqual([
      { kind: 'removed', path: '[1]', before: { n: 2 } },
    ]);
    expect(paths([1, 1], [1, 1, 1])).toEqual(['added [2]']);
  });

  test('of a list that has moved on are what is gone at its front and new at its end', () => {
    const items = Array.from({ length: 6 }, (_, n) => ({ n }));
    expect(diff({ items: items.slice(0, 4) }, { items: structuredClone(items.slice(1, 6)) })).toEqual([
      { kind: 'removed', path: '.items[0]', before: { n: 0 } },
      { kind: 'added', path: '.items[3]', after: { n: 4 } },
      { kind: 'added', path: '.items[4]', after: { n: 5 } },
    ]);
    expect(paths([1, 2, 3], [4, 5, 3])).toEqual(['changed [0]', 'changed [1]']);
  });

  test('of Maps go by their keys, and of Sets by their members', () => {
    const key = {};
    expect(paths(new Map([[key, 1]]), new Map([[key, 2]]))).toEqual(['changed .get({})']);
    const twins = (one: number, other: number) =>
      new Map([
        [key, one],
        [twin, other],
      ]);
    const twin = {};
    expect(diff(twins(1, 2), twins(1, 3))).toMatchObject([{ before: 2, after: 3 }]);
    expect(diff(twins(1, 2), twins(3, 2))).toMatchObject([{ before: 1, after: 3 }]);
    expect(
      paths(
        new Map([['a', { n: 1 }]]),
        new Map([
          ['a', { n: 2 }],
          ['b', { n: 3 }],
        ]),
      ),
    ).toEqual(['changed .get("a").n', 'added .get("b")']);
    expect(paths(new Set([1, 2]), new Set([2, 3]))).toEqual(['added .has(3)', 'removed .has(1)']);
  });

  test.each<[unknown, unknown]>([
    [Number.NaN, 0],
    [0, -0],
    [undefined, null],
    [[], {}],
    [new Date(1), new Date(2)],
    [new Uint8Array(100), new Uint8Array(100).fill(1, 99)],
    [new Uint8Array(1), new Uint8Array(2)],
    [new Uint8Array(1), new Int8Array(1)],
    [/a/, /a/g],
    [new Error('a'), new Error('b')],
    [new Error('a', { cause: 1 }), new Error('a', { cause: 2 })],
    [1n, 1],
  ])('%# tells %s from %s', (one, other) => {
    expect(isSame(one, other)).toBe(false);
    expect(isSame(one, structuredClone(one))).toBe(true);
  });

  test('end in circles, and tell what is different in them', () => {
    const make = (n: number) => {
      const node: { n: number; self?: unknown; list: unknown[] } = { n, list: [] };
      node.self = node;
      node.list.push(node);
      return node;
    };
    expect(paths(make(1), make(1))).toEqual([]);
    expect(paths(make(1), make(2))[0]).toBe('changed .n');
  });

  test('are no more than asked for', () => {
    const long = Array.from({ length: 5_000 }, (_, n) => n);
    expect(
      diff(
        long,
        long.map((n) => -n - 1),
        7,
      ),
    ).toHaveLength(7);
  });
});
