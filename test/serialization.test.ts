import { types } from 'node:util';
import { serialize as v8Serialize } from 'node:v8';
import { describe, expect, test, vi } from 'vitest';
import { assertEqual } from '../src/conformance/assert.ts';
import { richValue } from '../src/conformance/case.ts';
import { Reason } from '../src/errors/reason.ts';
import { deserialize, serialize } from '../src/serialization/serialize.ts';

const again = (value: unknown): unknown => deserialize(serialize(value, 'value'));

/** What V8 writes of a value: the same if two values are alike in all that a structured clone keeps. */
const bytesOf = (value: unknown) => v8Serialize(structuredClone(value)).toString('latin1');

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(Reason);
    return (error as Reason).code;
  }
  return 'none';
}

test('what JSON can hold is plain JSON', () => {
  const value = { b: [1, 'two', null, { __proto__: null, c: [] }], a: true, text: '\ud800 ü "' };
  expect(serialize(value, 'value')).toBe(JSON.stringify(value));
  for (const scalar of [null, true, 0, 1e300, '', 'x'])
    expect(serialize(scalar, 'value')).toBe(JSON.stringify(scalar));
});

test('the rich value of the conformance suite comes back', () => {
  assertEqual(again(richValue()), richValue(), 'value');
});

test.each<[string, unknown]>([
  ['undefined', undefined],
  ['-0', -0],
  ['NaN', [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  ['a bigint', [0n, -1n, 2n ** 80n, -(2n ** 64n)]],
  ['an invalid Date', [new Date(Number.NaN), new Date(0), new Date(8.64e15)]],
  ['boxed primitives', [Object(true), Object('s'), Object(-0), Object(Number.NaN), Object(5n), Object('')]],
  ['a RegExp', /a[/]+\n/dgimsuy],
  ['a sparse array', Object.assign([1], { 2: undefined, length: 10 })],
  ['a very long sparse array', Object.assign([], { length: 2 ** 32 - 1, 7: 'x' })],
  ['an array with properties', Object.assign([1, 2], { extra: [], '-1': 0 })],
  ['a sparse array with as many properties as indices', Object.assign([1], { length: 2, extra: 1 })],
  ['a large array', Array.from({ length: 50_000 }, (_, index) => -index)],
  ['keys of prototypes', JSON.parse('{"__proto__":{"a":[]},"constructor":{},"toJSON":1,"length":2}')],
  ['the same in an envelope', [JSON.parse('{"__proto__":{"a":1},"constructor":{},"toJSON":1}'), undefined]],
  ['what looks like an envelope', { rewake: 1, root: [0], nodes: [['undefined']] }],
  ['what looks like one of a later release', { rewake: 99 }],
  ['what looks like one, inside', [{ rewake: 1, root: 0, nodes: [] }]],
  ['nested empties', [new Map(), new Set(), new Map([[new Map(), new Set([new Set()])]])]],
  ['a large buffer', Uint8Array.from({ length: 100_001 }, (_, index) => index * 7)],
])('%s comes back', (_, value) => {
  const copy = again(value);
  expect(bytesOf(copy)).toBe(bytesOf(value));
});

test('-0 inside of a plain value is still -0', () => {
  expect(Object.is((again({ a: [-0] }) as { a: number[] }).a[0], -0)).toBe(true);
});

test('views on one buffer still share it', () => {
  const buffer = new ArrayBuffer(16);
  const value = structuredClone({
    bytes: new Uint8Array(buffer, 4, 8),
    view: new DataView(buffer, 8),
    ints: new BigInt64Array(buffer),
    buffer,
  });
  const copy = again(value) as typeof value;
  copy.bytes[4] = 77;
  expect(copy.view.getUint8(0)).toBe(77);
  expect(new Set([copy.bytes.buffer, copy.view.buffer, copy.ints.buffer, copy.buffer]).size).toBe(1);
  expect([copy.bytes.byteOffset, copy.bytes.length, copy.view.byteLength]).toEqual([4, 8, 8]);
});

test('what is there twice is still one object, if all else is plain', () => {
  const shared = {};
  const [first, second] = again([shared, shared]) as unknown[];
  expect(first).toBe(second);
});

test('cycles and what is there twice are still the same object', () => {
  const shared = { n: 1 };
  const value: Record<string, unknown> = {
    first: shared,
    second: shared,
    map: new Map(),
    set: new Set(),
    error: new Error('e'),
  };
  (value.map as Map<unknown, unknown>).set(value, value.map);
  (value.set as Set<unknown>).add(value.set);
  Object.assign(value, { self: value, error: new Error('e', { cause: value }) });
  const copy = again(structuredClone(value)) as typeof value;
  expect(copy.first).toBe(copy.second);
  expect((copy.map as Map<unknown, unknown>).get(copy)).toBe(copy.map);
  expect((copy.set as Set<unknown>).has(copy.set)).toBe(true);
  expect((copy.error as Error).cause).toBe(copy);
  expect(copy.self).toBe(copy);
});

test('errors keep what a structured clone keeps', () => {
  // In Node 24 and later the stack of a clone has a getter.
  const partsOf = (error: object) =>
    Object.fromEntries(
      Object.entries(Object.getOwnPropertyDescriptors(error)).map(([name, { enumerable }]) => [
        name,
        { enumerable, value: Reflect.get(error, name) },
      ]),
    );
  class Mine extends TypeError {
    override name = 'Mine';
    extra = 1;
  }
  for (const error of [
    new RangeError('r', { cause: [1n] }),
    new Mine('m'),
    new Error(),
    new TypeError('t'),
    new AggregateError([1], 'a'),
  ]) {
    const clone = structuredClone(error);
    const copy = again(clone) as Error;
    expect(types.isNativeError(copy)).toBe(true);
    expect(partsOf(copy)).toEqual(partsOf(clone));
    expect(Object.getPrototypeOf(copy)).toBe(Object.getPrototypeOf(clone));
  }
  const copy = again(new DOMException('stopped', 'AbortError')) as DOMException;
  expect(copy).toBeInstanceOf(DOMException);
  expect([copy.name, copy.message, copy.code]).toEqual(['AbortError', 'stopped', 20]);
});

test('a value as deep as one likes comes back', () => {
  const deep = (depth: number) => {
    let value: unknown[] = [];
    for (let level = 0; level < depth; level++) value = [value];
    return value;
  };
  const depthOf = (value: unknown) => {
    let depth = 0;
    for (let at = value; Array.isArray(at) && at.length > 0; at = at[0]) depth++;
    return depth;
  };
  for (const depth of [99, 100, 101, 30_000]) expect(depthOf(again(deep(depth)))).toBe(depth);
});

test.each<[string, unknown, string]>([
  ['a Blob', { files: [1, { 'odd key': new Blob(['x']) }] }, 'state.files[1]["odd key"]'],
  ['a File', new Map([['a', new File(['x'], 'f')]]), 'state[0]'],
  ['a function', { call: () => {} }, 'state.call'],
  ['a symbol', new Set([Symbol('s')]), 'state[0]'],
  ['a SharedArrayBuffer', { view: new Uint8Array(new SharedArrayBuffer(8)) }, 'state.view'],
  ['at the root', new Blob([]), 'state'],
])('%s is not-cloneable, with the place', (_, value, place) => {
  try {
    serialize(value, 'state');
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ code: 'not-cloneable' });
    expect((error as Error).message).toMatch(new RegExp(`^${place.replaceAll(/[[\]."]/g, '\\$&')} cannot`));
  }
});

test('a CryptoKey is not-cloneable', async () => {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, ['encrypt']);
  expect(codeOf(() => serialize({ key }, 'state'))).toBe('not-cloneable');
});

describe('hostile text', () => {
  const envelope = (root: unknown, ...nodes: unknown[]) => JSON.stringify({ rewake: 1, root, nodes });

  test.each<[string, string]>([
    ['nothing', ''],
    ['no JSON', '{"a":'],
    ['no nodes', '{"rewake":1,"root":0}'],
    ['nodes that are none', '{"rewake":1,"root":0,"nodes":{"length":1}}'],
    ['version 0', '{"rewake":0,"root":0,"nodes":[]}'],
    ['a version that is none', '{"rewake":"2","root":0,"nodes":[]}'],
    ['no root', '{"rewake":1,"nodes":[]}'],
    ['an index beyond the nodes', envelope([1], ['Set'])],
    ['a negative index', envelope([-1], ['Set'])],
    ['an index that is none', envelope(['length'], ['Set'])],
    ['an index of an index', envelope([[0]], ['Set'])],
    ['two indices', envelope([0, 0], ['Set'])],
    ['a slot that is an object', envelope({}, ['Set'])],
    ['a node that is null', envelope([0], null)],
    ['a node that is a string', envelope([0], 'Set')],
    ['a kind that nobody knows', envelope([0], ['Blob'])],
    ['a kind of the prototype', envelope([0], ['constructor'])],
    ['a kind that is an array', envelope([0], [['Set']])],
    ['an error of the prototype', envelope([0], ['Error', 'constructor', {}])],
    ['an error that is a function', envelope([0], ['Error', 'Function', {}])],
    ['a message that is no text', envelope([0], ['Error', 'Error', { message: [0] }])],
    ['a view of a length', envelope([0], ['Uint8Array', 4_000_000_000, 0, 1])],
    ['a view of an array', envelope([1], ['Array'], ['Uint8Array', [0], 0, 1])],
    ['a view beyond its buffer', envelope([1], ['ArrayBuffer', 'AAAA'], ['Uint8Array', [0], 0, 9])],
    ['a view that is not aligned', envelope([1], ['ArrayBuffer', 'AAAAAAAA'], ['Int16Array', [0], 1, 1])],
    ['a view before its buffer', envelope([0], ['Uint8Array', [1], 0, 1], ['ArrayBuffer', 'AAAA'])],
    ['a view of itself', envelope([0], ['Uint8Array', [0], 0, 1])],
    ['a view without a length', envelope([1], ['ArrayBuffer', 'AAAA'], ['Uint8Array', [0], 0])],
    ['base64 that is none', envelope([0], ['ArrayBuffer', '*'])],
    ['an array that is too long', envelope([0], ['Sparse', 2 ** 32, {}])],
    ['a sparse array with a length', envelope([0], ['Sparse', 1, { length: 5 }])],
    ['a sparse array with an index beyond', envelope([0], ['Sparse', 1, { 4000000000: 1 }])],
    ['a decimal bigint', envelope([0], ['bigint', '12'])],
    ['a bigint that is none', envelope([0], ['bigint', ''])],
    ['a number that is text', envelope([0], ['number', '12'])],
    ['a RegExp with bad flags', envelope([0], ['RegExp', 'a', 'gg'])],
    ['a RegExp that is open', envelope([0], ['RegExp', '(', ''])],
    ['a RegExp that is deep', envelope([0], ['RegExp', '('.repeat(100_000), ''])],
    ['a boxed object', envelope([1], ['Set'], ['Boxed', [0]])],
    ['a boxed null', envelope([0], ['Boxed', null])],
    ['a Date of a text', envelope([0], ['Date', '2026'])],
    ['a Map of a value', envelope([0], ['Map', 1])],
    ['a Map of three', envelope([0], ['Map', [1, 2, 3]])],
    ['a number that is too large', '{"rewake":1,"root":[0],"nodes":[["Array",1e999]]}'],
    ['a root that is deep', envelope(0).replace('"root":0', `"root":${'['.repeat(1e5)}${']'.repeat(1e5)}`)],
  ])('%s is unreadable', (_, text) => {
    expect(codeOf(() => deserialize(text))).toBe('unreadable');
  });

  test('a later version of the envelope is newer-version', () => {
    expect(codeOf(() => deserialize('{"rewake":2}'))).toBe('newer-version');
  });

  test('keys of prototypes pollute nothing', () => {
    const value = deserialize(
      envelope([0], JSON.parse('{"__proto__":[1]}'), { polluted: true }, [
        'Sparse',
        0,
        JSON.parse('{"__proto__":[1]}'),
      ]),
    );
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(Object(value))).toEqual(['__proto__']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('no setter is called', () => {
    const set = vi.fn();
    Object.defineProperty(Object.prototype, 'trap', { set, configurable: true });
    try {
      deserialize(envelope([0], { trap: [1] }, ['undefined']));
    } finally {
      Reflect.deleteProperty(Object.prototype, 'trap');
    }
    expect(set).not.toHaveBeenCalled();
  });
});
