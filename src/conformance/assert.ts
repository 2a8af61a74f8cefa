import type { ErrorCode, KernelError } from '../errors/kernel-error.ts';

/** What a case throws if a backend breaks the contract. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Deep equality of everything the structured clone algorithm can copy. */
export function assertEqual(actual: unknown, expected: unknown, what: string): void {
  const place = difference(actual, expected, what, new Map());
  if (place) throw new Error(`${place.path}: expected ${show(place.expected)}, got ${show(place.actual)}`);
}

/** Rejects with an error of the contract's kind, and never throws synchronously. */
export async function assertRejects(
  call: () => Promise<unknown>,
  expected: { name: string; code: ErrorCode; says?: string },
): Promise<KernelError> {
  let promise: Promise<unknown>;
  try {
    promise = call();
  } catch (error) {
    throw new Error(`it threw synchronously: ${error}`);
  }
  const error = await promise.then(
    (value) => {
      throw new Error(`expected a rejection with ${expected.code}, got ${show(value)}`);
    },
    (reason: unknown) => reason,
  );
  // By name and not by class: the suite may come from another copy of the package than the backend.
  const found = Object(error) as KernelError;
  assertEqual(found.name, expected.name, `the name of «${error}»`);
  assertEqual(found.code, expected.code, `the code of «${error}»`);
  if (expected.says)
    assert(found.message.includes(expected.says), `«${found.message}» names ${expected.says}`);
  return found;
}

interface Difference {
  readonly path: string;
  readonly actual: unknown;
  readonly expected: unknown;
}

function difference(
  actual: unknown,
  expected: unknown,
  path: string,
  seen: Map<unknown, unknown>,
): Difference | undefined {
  const here = { path, actual, expected };
  if (Object.is(actual, expected)) return undefined;
  if (typeof actual !== 'object' || typeof expected !== 'object' || !actual || !expected) return here;
  // A cycle has to lead back to the same place in both.
  if (seen.has(expected)) return seen.get(expected) === actual ? undefined : here;
  seen.set(expected, actual);
  if (kindOf(actual) !== kindOf(expected)) return here;
  const actualParts = parts(actual);
  const expectedParts = parts(expected);
  if (actualParts.length !== expectedParts.length) return here;
  for (const [index, [key, value]] of expectedParts.entries()) {
    const part = actualParts[index];
    if (!part) return here;
    const found =
      difference(part[0], key, `${path}, key ${index}`, seen) ??
      difference(part[1], value, `${path}[${typeof key === 'object' ? index : String(key)}]`, seen);
    if (found) return found;
  }
  return undefined;
}

const kindOf = (value: object) => Object.prototype.toString.call(value);

/** What an object consists of, as keys and values in a fixed order. */
function parts(value: object): [unknown, unknown][] {
  if (value instanceof Map) return [...value];
  if (value instanceof Set) return Array.from(value, (item, index) => [index, item]);
  if (value instanceof Date) return [['time', value.getTime()]];
  if (value instanceof RegExp) return [['source', String(value)]];
  if (value instanceof ArrayBuffer) return [['bytes', String(new Uint8Array(value))]];
  if (value instanceof Error) {
    return [
      ['name', value.name],
      ['message', value.message],
    ];
  }
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value;
    return [['bytes', String(new Uint8Array(buffer, byteOffset, byteLength))]];
  }
  const entries = Object.entries(value);
  return Array.isArray(value)
    ? [['length', value.length], ...entries]
    : entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

function show(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
