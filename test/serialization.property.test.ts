import { serialize as v8Serialize } from 'node:v8';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isCloneable } from '../src/backends/capture.ts';
import { Reason } from '../src/errors/reason.ts';
import { deserialize, serialize } from '../src/serialization/serialize.ts';

const again = (value: unknown): unknown => deserialize(serialize(value, 'value'));

/** What V8 writes of a value: the same if two values are alike in all that a structured clone keeps, cycles too. */
const bytesOf = (value: unknown) => v8Serialize(structuredClone(value)).toString('latin1');

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom('\ud800', '__proto__', 'rewake', 'toJSON', 'length', '0', '\u2028"\\'),
);
const buffer = fc.uint8Array({ maxLength: 24 }).map((bytes) => bytes.slice().buffer);
const views = [
  { View: DataView, size: 1 },
  { View: Int8Array, size: 1 },
  { View: Uint8ClampedArray, size: 1 },
  { View: Int16Array, size: 2 },
  { View: Uint32Array, size: 4 },
  { View: Float32Array, size: 4 },
  { View: Float64Array, size: 8 },
  { View: BigInt64Array, size: 8 },
];
type AnyView = new (buffer: ArrayBuffer, byteOffset: number, length: number) => ArrayBufferView;

const leaf = fc.oneof(
  fc.anything({ maxDepth: 0, withBigInt: true, withDate: true }),
  text,
  fc.double(),
  fc.bigInt(),
  fc.constantFrom<unknown>(-0, Number.NaN, undefined, null),
  fc.date({ noInvalidDate: false }),
  fc.oneof(fc.boolean(), fc.double(), text, fc.bigInt()).map(Object),
  fc.constantFrom(/a/, /[/]\n"/giu, /(?<x>\ud800)/dsy),
  buffer,
  fc.tuple(fc.constantFrom(...views), buffer, fc.nat({ max: 2 })).map(([{ View, size }, buffer, from]) => {
    const length = Math.max(0, Math.floor(buffer.byteLength / size) - from);
    const Any: AnyView = View;
    return new Any(buffer, length === 0 ? 0 : from * size, length);
  }),
  fc
    .tuple(fc.constantFrom(Error, RangeError, TypeError, SyntaxError, URIError), text)
    .map(([Class, message]) => new Class(message)),
);

/** What holds other values, at first without any. */
const container = fc.constantFrom(
  () => [] as unknown[],
  () => ({}) as object,
  () => new Map<unknown, unknown>(),
  () => new Set<unknown>(),
  () => new Error('with a cause'),
);

/** Puts a part into a container. */
function put(into: unknown, part: unknown, key: string): void {
  if (into instanceof Map) into.set(key.length % 2 ? key : part, part);
  else if (into instanceof Set) into.add(part);
  else if (into instanceof Error)
    Object.defineProperty(into, 'cause', { value: part, configurable: true, writable: true });
  else if (Array.isArray(into) && key !== 'length' && !/^\d+$/.test(key)) into.push(part);
  else if (Array.isArray(into)) into.length = Math.min(into.length + 3, 9);
  else
    Object.defineProperty(into, key, { value: part, enumerable: true, configurable: true, writable: true });
}

/** Any graph of containers and leaves, circles and all. */
const graph = fc
  .tuple(
    fc.array(container, { minLength: 1, maxLength: 6 }),
    fc.array(leaf, { maxLength: 6 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(), text), { maxLength: 20 }),
  )
  .map(([containers, leaves, edges]) => {
    const made = containers.map((make) => make());
    const all = [...made, ...leaves];
    for (const [from, to, key] of edges) put(made[from % made.length], all[to % all.length], key);
    return made[0];
  })
  // V8 cannot clone an error that is within its own cause.
  .filter(isCloneable);

const tree = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
  ),
})).value;

test.each([
  ['graphs', graph],
  ['trees', tree],
  ['JSON', fc.jsonValue({ maxDepth: 5 })],
])('%s come back as they were', (_, values) => {
  fc.assert(
    fc.property(values, (generated) => {
      const value = structuredClone(generated);
      expect(bytesOf(again(value)) === bytesOf(value)).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

test('JSON of the application stays as it is', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (json) => {
      // Without those for which JSON has an exponent or -0 that another JSON would spell differently.
      const value: unknown = JSON.parse(json);
      const normal = JSON.stringify(value);
      if (Object.hasOwn(Object(value), 'rewake') || /-0(?![.\d])/.test(json)) return;
      expect(serialize(value, 'value')).toBe(normal);
    }),
    { numRuns: 2_000 },
  );
});

/**
 * A value that can be written again, or `unreadable` or `newer-version`, in time. Not compared through V8: damaged text can
 * name an error as its own cause, which V8 cannot clone.
 */
function endsWell(text: string): void {
  const before = Object.getOwnPropertyNames(Object.prototype).length;
  try {
    again(deserialize(text));
  } catch (error) {
    if (!(error instanceof Reason && /^(unreadable|newer-version)$/.test(error.code))) throw error;
  }
  expect(Object.getOwnPropertyNames(Object.prototype).length).toBe(before);
}

test('random text ends in a value or in unreadable', () => {
  fc.assert(fc.property(fc.oneof(text, fc.json()), endsWell), { numRuns: 2_000 });
});

test('truncated and mutated text ends in a value or in unreadable', () => {
  const damage = fc.record({
    cut: fc.nat(),
    at: fc.nat(),
    with: fc.constantFrom('[', ']', '0', '9', '"', ',', '-', 'e', '{', '\0'),
  });
  fc.assert(
    fc.property(graph, damage, (value, { cut, at, with: character }) => {
      const whole = serialize(structuredClone(value), 'value');
      const place = at % whole.length;
      endsWell(whole.slice(0, cut % whole.length));
      endsWell(whole.slice(0, place) + character + whole.slice(place + 1));
    }),
    { numRuns: 5_000 },
  );
});

test('random nodes end in a value or in unreadable', () => {
  const kinds = [
    'undefined',
    'number',
    'bigint',
    'Array',
    'Sparse',
    'Map',
    'Set',
    'Date',
    'RegExp',
    'Boxed',
    'ArrayBuffer',
  ];
  const part = fc.oneof(
    fc.tuple(fc.integer({ min: -1, max: 5 })),
    fc.integer({ min: -1, max: 20 }),
    fc.constantFrom('NaN', '0x1f', 'AAAA', 'Error', 'constructor', '__proto__', 4_294_967_295, 2 ** 53, null),
    fc.dictionary(fc.constantFrom('a', '0', 'length', 'cause', '__proto__'), fc.tuple(fc.nat({ max: 5 }))),
  );
  const kind = fc.constantFrom(
    ...kinds,
    'Uint8Array',
    'DataView',
    'Float64Array',
    'Error',
    'DOMException',
    'Number',
  );
  const node = fc.oneof(
    fc.tuple(kind, fc.array(part, { maxLength: 4 })).map(([kind, parts]) => [kind, ...parts]),
    fc.dictionary(fc.string(), part),
  );
  fc.assert(
    fc.property(part, fc.array(node, { maxLength: 6 }), (root, nodes) => {
      endsWell(JSON.stringify({ rewake: 1, root, nodes }));
    }),
    { numRuns: 5_000 },
  );
});
