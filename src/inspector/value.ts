import { placeOf } from '../errors/place.ts';

/** A part of a value: what leads to it, as a program would write that, and what is there. */
export interface Part {
  readonly place: string;
  readonly label: string;
  readonly value: unknown;
}

/** `Array`, `Map`, `Uint8Array`, …: what a value is, whichever window it is from. */
export const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The bytes of a buffer or a view. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}

/** Whether a value is made of others. */
export const hasParts = (value: unknown): value is object =>
  isObject(value) && /^(Object|Array|Map|Set|Error)$/.test(tagOf(value));

/** The parts of what {@link hasParts}, one after the other: there may be a million. */
export function* partsOf(value: object): Generator<Part> {
  if (value instanceof Map) {
    for (const [key, part] of value) {
      const label = textOf(key, 60);
      yield { place: `.get(${label})`, label: `${label} →`, value: part };
    }
    return;
  }
  if (value instanceof Set) {
    for (const part of value) yield { place: `.has(${textOf(part, 60)})`, label: '', value: part };
    return;
  }
  if (value instanceof Error) {
    // Those are not enumerable.
    for (const key of ['message', 'stack', 'cause'] as const)
      if (Object.hasOwn(value, key)) yield { place: placeOf(key), label: `${key}:`, value: value[key] };
  }
  let index = 0;
  // One by one: the names of a million of them would take long to list.
  for (; Array.isArray(value) && index < value.length && Object.hasOwn(value, index); index++)
    yield { place: placeOf(index), label: `${index}:`, value: value[index] };
  // What is left: after a hole, and what else an array has; indices come first, in order.
  for (const [key, part] of Object.entries(value).slice(index))
    yield {
      place: placeOf(Array.isArray(value) && /^\d+$/.test(key) ? Number(key) : key),
      label: `${key}:`,
      value: part,
    };
}

/** How many parts it has. */
export function sizeOf(value: object): number {
  if (value instanceof Map || value instanceof Set) return value.size;
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

/** What is nested deeper is left out. */
const DEEPEST = 64;

/** A value on one line, as a program would write it. It ends with `…` if it is longer than `limit`. */
export function textOf(value: unknown, limit: number = Number.POSITIVE_INFINITY): string {
  let text = '';
  const around: unknown[] = [];
  const write = (value: unknown): void => {
    if (!hasParts(value)) text += leafText(value, limit);
    else if (around.includes(value)) text += '↺';
    else if (around.length === DEEPEST) text += '…';
    else if (value instanceof Error) text += `${value.name}: ${value.message}`;
    else {
      around.push(value);
      writeParts(value);
      around.pop();
    }
  };
  const writeParts = (value: object): void => {
    const isList = Array.isArray(value);
    const isNamed = value instanceof Map || value instanceof Set;
    text += isList ? '[' : `${isNamed ? `${tagOf(value)}(${sizeOf(value)}) ` : ''}{`;
    let isFirst = true;
    for (const { label, value: part } of partsOf(value)) {
      if (text.length > limit) return;
      text += isFirst ? (isList ? '' : ' ') : ', ';
      isFirst = false;
      if (label && !(isList && /^\d+:$/.test(label))) text += `${label} `;
      write(part);
    }
    text += isList ? ']' : isFirst ? '}' : ' }';
  };
  write(value);
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

/** The text of what has no parts. */
function leafText(value: unknown, limit: number): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > limit ? value.slice(0, limit + 1) : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (!isObject(value)) return String(value);
  const bytes = bytesOf(value);
  if (bytes)
    return `${tagOf(value)}(${bytes.length} bytes) ${hex(bytes.subarray(0, 8))}${bytes.length > 8 ? ' …' : ''}`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (value instanceof Blob) {
    const name = 'name' in value ? ` ${JSON.stringify(value.name)}` : '';
    return `${tagOf(value)}${name} ${value.type || 'of no type'}, ${value.size} bytes`;
  }
  if (value instanceof DOMException) return `${value.name}: ${value.message}`;
  const boxed: unknown = value.valueOf();
  return isObject(boxed) ? tagOf(value) : `${tagOf(value)} { ${leafText(boxed, limit)} }`;
}

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** So many bytes are dumped. */
const DUMPED = 1_024;

/** Bytes as a hexadecimal editor shows them, eight on a line. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, DUMPED); at += 8) {
    const row = bytes.subarray(at, at + 8);
    const letters = Array.from(row, (byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.'));
    lines.push(`${at.toString(16).padStart(4, '0')}  ${hex(row).padEnd(23)}  ${letters.join('')}`);
  }
  if (bytes.length > DUMPED) lines.push(`… ${bytes.length - DUMPED} more bytes`);
  return lines.join('\n');
}

/** For the colour of a value. */
export function kindOf(value: unknown): string {
  if (typeof value !== 'object') return typeof value;
  if (value === null) return 'undefined';
  if (value instanceof Error || value instanceof DOMException) return 'error';
  return hasParts(value) ? 'object' : 'special';
}
