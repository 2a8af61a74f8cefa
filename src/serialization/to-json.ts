import { placeOf } from '../errors/place.ts';
import { Reason } from '../errors/reason.ts';
import { ENVELOPE, errors, isEnvelope, isScalar, type Json, views } from './json.ts';

/** What is nested deeper goes into the envelope, which is flat: `JSON.stringify` would overflow the stack. */
const DEEPEST = 100;

/**
 * A value that a structured clone has given, as JSON: as it is if JSON can hold it, in the envelope otherwise.
 *
 * The envelope is `{ "rewake": 1, "root": slot, "nodes": [node, …] }`. A slot is null, a boolean, a number or a string,
 * or `[index]`, a node. A node is an object of slots, or `[kind, …]`, as below. What is there twice, or within
 * itself, is one node. What another must have to be made, such as the buffer of a view, comes before it.
 *
 * Fails with `not-cloneable` and the place, starting with `name`, at a Blob, a File, a CryptoKey and whatever else has no
 * place in the format. A resizable ArrayBuffer comes back as one of fixed length.
 */
export function toJson(value: unknown, name: string): Json {
  const plain = toPlain(value, 0, new Set());
  return plain === undefined || isEnvelope(plain) ? toEnvelope(value, name) : plain;
}

/** A copy; `undefined` if JSON cannot hold it as it is. */
function toPlain(value: unknown, depth: number, seen: Set<unknown>): Json | undefined {
  if (isScalar(value)) return value;
  if (depth === DEEPEST || seen.has(value)) return undefined;
  seen.add(value);
  if (Array.isArray(value)) {
    if (!isDense(value)) return undefined;
    const parts: Json[] = [];
    for (const part of value) {
      const plain = toPlain(part, depth + 1, seen);
      if (plain === undefined) return undefined;
      parts.push(plain);
    }
    return parts;
  }
  if (!isPlainObject(value)) return undefined;
  const entries: [string, Json][] = [];
  for (const [key, part] of Object.entries(value)) {
    const plain = toPlain(part, depth + 1, seen);
    if (plain === undefined) return undefined;
    entries.push([key, plain]);
  }
  // Unlike an assignment, this makes a property of `__proto__`, too.
  return Object.fromEntries(entries);
}

const isPlainObject = (value: unknown): value is object =>
  typeof value === 'object' && Object.prototype.toString.call(value) === '[object Object]';

/** Whether an array has all of its indices and no other property. Object.keys lists indices first, in order. */
function isDense(array: readonly unknown[]): boolean {
  const keys = Object.keys(array);
  return keys.length === array.length && (keys.length === 0 || keys.at(-1) === String(array.length - 1));
}

/** A value that becomes a node, and where it was found: in which node, and as which part of that. */
interface Found {
  readonly value: unknown;
  readonly parent: number;
  readonly key: string | number;
}

function toEnvelope(value: unknown, name: string): Json {
  const found: Found[] = [];
  // -0 is found under 0, which is never a node.
  const indices = new Map<unknown, number>();
  const slotOf = (value: unknown, parent: number, key: string | number): Json => {
    if (isScalar(value)) return value;
    const known = indices.get(value);
    if (known !== undefined) return [known];
    slotOf(neededBy(value), parent, key);
    indices.set(value, found.length);
    return [found.push({ value, parent, key }) - 1];
  };
  const root = slotOf(value, -1, '');
  const nodes: Json[] = [];
  // Not recursive: `found` grows meanwhile.
  for (const [index, { value }] of found.entries()) {
    const node = nodeOf(value, (part, key) => slotOf(part, index, key));
    if (node === undefined) {
      const detail = `${name}${pathTo(found, index)} cannot be turned into JSON. Nothing was written.`;
      throw new Reason('not-cloneable', detail);
    }
    nodes.push(node);
  }
  return { rewake: ENVELOPE, root, nodes };
}

function pathTo(found: readonly Found[], index: number): string {
  let path = '';
  for (let at = found[index]; at && at.parent >= 0; at = found[at.parent]) path = placeOf(at.key) + path;
  return path;
}

/** What has to be there before `value` can be made; null if nothing has. */
function neededBy(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return value.buffer;
  return isBoxed(value) ? value.valueOf() : null;
}

const isBoxed = (value: unknown): value is boolean | number | string | bigint =>
  value instanceof Boolean || value instanceof Number || value instanceof String || value instanceof BigInt;

type SlotOf = (part: unknown, key: string | number) => Json;

/** A value that is no scalar, as a node; `undefined` if there is none for it. */
function nodeOf(value: unknown, slot: SlotOf): Json | undefined {
  if (value === undefined) return ['undefined'];
  if (typeof value === 'number') return ['number', Object.is(value, -0) ? '-0' : String(value)];
  // In hexadecimal: unlike decimal, it takes no longer than it is long.
  if (typeof value === 'bigint') return ['bigint', `${value < 0n ? '-' : ''}0x${abs(value).toString(16)}`];
  if (Array.isArray(value))
    return isDense(value) ? ['Array', ...value.map(slot)] : ['Sparse', value.length, fields(value, slot)];
  if (isPlainObject(value)) return fields(value, slot);
  if (value instanceof Map)
    return ['Map', ...Array.from(value, (pair, index) => pair.map((part) => slot(part, index)))];
  if (value instanceof Set) return ['Set', ...Array.from(value, slot)];
  if (value instanceof Date) return ['Date', Number.isNaN(value.getTime()) ? null : value.getTime()];
  if (value instanceof RegExp) return ['RegExp', value.source, value.flags];
  if (isBoxed(value)) return ['Boxed', slot(value.valueOf(), '')];
  if (value instanceof ArrayBuffer) return ['ArrayBuffer', toBase64(new Uint8Array(value))];
  if (ArrayBuffer.isView(value)) {
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    const { buffer, byteOffset, byteLength } = value;
    return views.has(kind)
      ? [kind, slot(buffer, ''), byteOffset, Object(value).length ?? byteLength]
      : undefined;
  }
  if (value instanceof DOMException) return ['DOMException', value.message, value.name];
  if (value instanceof Error)
    return ['Error', errors.has(value.name) ? value.name : 'Error', errorFields(value, slot)];
  return undefined;
}

const fields = (value: object, slot: SlotOf): Json =>
  Object.fromEntries(Object.entries(value).map(([key, part]) => [key, slot(part, key)]));

/** Those of an error that a structured clone keeps. */
function errorFields(error: Error, slot: SlotOf): Json {
  const { stack } = error;
  return {
    ...(Object.hasOwn(error, 'message') && { message: error.message }),
    ...(typeof stack === 'string' && { stack }),
    ...(Object.hasOwn(error, 'cause') && { cause: slot(error.cause, 'cause') }),
  };
}

const abs = (value: bigint) => (value < 0n ? -value : value);

/** So many bytes are the arguments of one call; more would overflow the stack. */
const BYTES_AT_ONCE = 0x8000;

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let from = 0; from < bytes.length; from += BYTES_AT_ONCE)
    binary += String.fromCharCode(...bytes.subarray(from, from + BYTES_AT_ONCE));
  return btoa(binary);
}
