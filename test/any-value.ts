import { serialize as v8Serialize } from 'node:v8';
import fc from 'fast-check';
import { isCloneable } from '../src/backends/capture.ts';

// Values of every kind that can be structured-cloned and serialized, for property tests.

/** What V8 writes of a value: the same if two values are alike in all that a structured clone keeps, cycles too. */
export const bytesOf = (value: unknown): string => v8Serialize(structuredClone(value)).toString('latin1');

export const text: fc.Arbitrary<string> = fc.oneof(
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
export const graph: fc.Arbitrary<unknown> = fc
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

export const tree: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
  ),
})).value;
