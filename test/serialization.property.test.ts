import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reason } from '../src/errors/reason.ts';
import { deserialize, serialize } from '../src/serialization/serialize.ts';
import { bytesOf, graph, text, tree } from './any-value.ts';

const again = (value: unknown): unknown => deserialize(serialize(value, 'value'));

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
