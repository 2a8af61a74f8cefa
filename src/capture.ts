import { Failure, failureOf } from './failure.ts';

/** A copy that nobody else holds. Fails with `not-cloneable` and the place, starting with `name`. */
export function capture<T>(value: T, name: string): T {
  try {
    return structuredClone(value);
  } catch (error) {
    throw notCloneable(value, name, error);
  }
}

/** What an exception of IndexedDB's `put(value)` means: it clones at once, and what a getter throws comes through. */
export function putFailure(error: unknown, value: unknown, name: string): Failure {
  const foreign = error instanceof DOMException && error.name !== 'DataCloneError' && isCloneable(value);
  return foreign ? failureOf(error) : notCloneable(value, name, error);
}

/** The failure of a copy of `value`, which says where in `value` the reason is: `state.items[3].onClick`. */
function notCloneable(value: unknown, name: string, cause: unknown): Failure {
  const place = findUncloneable(value, name, new Set()) ?? findTransient(value, name, new Set()) ?? name;
  return new Failure('not-cloneable', `${place} cannot be stored. Nothing was changed.`, { cause });
}

/** Of what may be cloned, some may not be stored: which of these, depends on the browser. */
const transients = ['AudioData', 'ImageBitmap', 'SharedArrayBuffer', 'VideoFrame', 'WebAssembly.Module'];

/** Where the first of them is in what can be cloned. */
function findTransient(value: unknown, path: string, seen: Set<unknown>): string | undefined {
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  if (transients.includes(Object.prototype.toString.call(value).slice(8, -1))) return path;
  if (value instanceof Map || value instanceof Set) return findTransient([...value], path, seen);
  for (const [key, child] of Object.entries(value)) {
    const found = findTransient(child, Array.isArray(value) ? `${path}[${key}]` : path + property(key), seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `undefined` where `value` can be cloned, or where what keeps it from that is part of something in `seen`. */
function findUncloneable(value: unknown, path: string, seen: Set<unknown>): string | undefined {
  if (isCloneable(value) || seen.has(value)) return undefined;
  seen.add(value);
  try {
    return findInside(value, path, seen);
  } catch {
    return path; // A revoked Proxy does not even say what it is.
  }
}

/** The same for a value that is new and cannot be cloned. */
function findInside(value: unknown, path: string, seen: Set<unknown>): string | undefined {
  if (value instanceof Map || value instanceof Set) return findUncloneable([...value], path, seen);
  let culprit: string | undefined = path;
  // Own properties of anything else, such as a DOM node or a function, are not why it cannot be cloned.
  const kind = Object.prototype.toString.call(value);
  if (kind !== '[object Object]' && kind !== '[object Array]') return culprit;
  for (const key of Object.keys(Object(value))) {
    const place = Array.isArray(value) ? `${path}[${key}]` : path + property(key);
    let child: unknown;
    try {
      child = Reflect.get(Object(value), key);
    } catch {
      return place;
    }
    if (isCloneable(child)) continue;
    const found = findUncloneable(child, place, seen);
    if (found !== undefined) return found;
    culprit = undefined;
  }
  return culprit;
}

const property = (key: string) =>
  /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
