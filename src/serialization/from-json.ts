import { Reason } from '../errors/reason.ts';
import { ENVELOPE, errors, isEnvelope, isScalar, views } from './json.ts';

/**
 * The value of what `toJson` gave and `JSON.parse` read, whoever wrote it. The caller owns it.
 *
 * Fails with `newer-version` if a later release wrote it, and with `unreadable` at anything that `toJson` does not give.
 * It runs no stored code, looks up no property by a stored name, and needs no more steps and memory than the JSON is long.
 */
export function fromJson(json: unknown): unknown {
  if (!isEnvelope(json)) return json;
  const { rewake, root, nodes } = Object(json);
  if (Number.isSafeInteger(rewake) && rewake > ENVELOPE) throw new Reason('newer-version');
  try {
    check(rewake === ENVELOPE && Array.isArray(nodes));
    return fromEnvelope(root, nodes);
  } catch (cause) {
    // Some are the platform's own: bad flags of a RegExp, a view beyond its buffer, bad base64.
    throw cause instanceof Reason ? cause : new Reason('unreadable', undefined, { cause });
  }
}

function check(isRight: boolean): asserts isRight {
  if (!isRight) throw new Reason('unreadable');
}

type Slot = (json: unknown) => unknown;

function fromEnvelope(root: unknown, nodes: readonly unknown[]): unknown {
  const values: unknown[] = [];
  const slot: Slot = (json) => {
    if (!Array.isArray(json)) {
      check(isScalar(json));
      return json;
    }
    const [index] = json;
    check(json.length === 1 && isLength(index) && index < values.length);
    return values[index];
  };
  // First each value without its parts, then the parts: so they may lead in circles, and nothing is recursive.
  for (const node of nodes) values.push(make(node, slot));
  for (const [index, node] of nodes.entries()) fill(values[index], node, slot);
  return slot(root);
}

const isLength = (json: unknown): json is number => Number.isSafeInteger(json) && Number(json) >= 0;

function text(json: unknown): string {
  check(typeof json === 'string');
  return json;
}

/** The value of a node, which has only those parts that no later assignment could give it. */
function make(node: unknown, slot: Slot): unknown {
  if (!Array.isArray(node)) {
    check(Object(node) === node);
    return {};
  }
  const [kind, first, second, third]: readonly unknown[] = node;
  const View = views.get(kind);
  if (View) {
    const buffer = slot(first);
    check(buffer instanceof ArrayBuffer && isLength(second) && isLength(third));
    return new View(buffer, second, third);
  }
  switch (kind) {
    case 'undefined':
      return undefined;
    case 'number':
      check(/^(-0|NaN|-?Infinity)$/.test(text(first)));
      return Number(first);
    case 'bigint': {
      const [, sign, digits] = /^(-?)(0x[0-9a-f]+)$/.exec(text(first)) ?? [];
      check(digits !== undefined);
      return sign ? -BigInt(digits) : BigInt(digits);
    }
    case 'Array':
      return [];
    case 'Sparse':
      check(isLength(first));
      return Object.assign([], { length: first });
    case 'Map':
      return new Map();
    case 'Set':
      return new Set();
    case 'Date':
      check(first === null || typeof first === 'number');
      return new Date(first ?? Number.NaN);
    case 'RegExp':
      return new RegExp(text(first), text(second));
    case 'Boxed': {
      const value = slot(first);
      check(/^(boolean|number|string|bigint)$/.test(typeof value));
      return Object(value);
    }
    case 'ArrayBuffer':
      return Uint8Array.from(atob(text(first)), (byte) => byte.charCodeAt(0)).buffer;
    case 'DOMException':
      return new DOMException(text(first), text(second));
    case 'Error':
      return makeError(first, Object(second));
  }
  throw new Reason('unreadable');
}

function makeError(name: unknown, fields: object): Error {
  const Class = errors.get(name);
  check(Class !== undefined);
  const error = new Class();
  for (const key of ['message', 'stack'] as const)
    if (Object.hasOwn(fields, key)) define(error, key, text(Object(fields)[key]), false);
  return error;
}

/** Unlike an assignment, it calls no setter, and makes a property of `__proto__`, too. */
function define(object: object, key: string, value: unknown, enumerable = true): void {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
}

/** Gives the value of a node its parts. */
function fill(value: unknown, node: unknown, slot: Slot): void {
  if (!Array.isArray(node)) {
    defineAll(Object(value), node, slot);
    return;
  }
  const [kind, ...parts]: readonly unknown[] = node;
  if (kind === 'Array' && Array.isArray(value)) for (const part of parts) value.push(slot(part));
  if (kind === 'Sparse' && Array.isArray(value)) {
    defineAll(value, parts[1], slot);
    check(value.length === parts[0]);
  }
  if (value instanceof Set) for (const part of parts) value.add(slot(part));
  if (value instanceof Map) {
    for (const pair of parts) {
      check(Array.isArray(pair) && pair.length === 2);
      value.set(slot(pair[0]), slot(pair[1]));
    }
  }
  const fields = Object(parts[1]);
  if (kind === 'Error' && Object.hasOwn(fields, 'cause'))
    define(Object(value), 'cause', slot(fields.cause), false);
}

function defineAll(value: object, fields: unknown, slot: Slot): void {
  for (const [key, part] of Object.entries(Object(fields))) define(value, key, slot(part));
}
