import { placeOf } from '../errors/place.ts';
import { Reason, reasonOf } from '../errors/reason.ts';

/** A copy that nobody else holds. Fails with `not-cloneable` and the place, starting with `name`, and what follows. */
export function capture<T>(value: T, name: string, follows?: string): T {
  try {
    return structuredClone(value);
  } catch (error) {
    throw notCloneable(value, name, error, follows);
  }
}

/** What an exception of IndexedDB's `put(value)` means: it clones at once, and what a getter throws comes through. */
export function putReason(error: unknown, value: unknown, name: string): Reason {
  const foreign = error instanceof DOMException && error.name !== 'DataCloneError' && isCloneable(value);
  return foreign || error instanceof Reason ? reasonOf(error) : notCloneable(value, name, error);
}

/** The failure of a copy of `value`, which says where in `value` the reason is: `state.items[3].onClick`. */
function notCloneable(
  value: unknown,
  name: string,
  cause: unknown,
  follows: string = 'Nothing was changed.',
): Reason {
  const place = findUncloneable(value, name, new Set()) ?? name;
  return new Reason('not-cloneable', `${place} cannot be stored. ${follows}`, { cause });
}

/** Of what may be cloned, some may not be stored: which of these, depends on the browser. */
export const transient: RegExp = /^(AudioData|ImageBitmap|SharedArrayBuffer|VideoFrame|WebAssembly\.Module)$/;
/** Own properties of anything else, such as a DOM node or a function, are not why it cannot be stored. */
export const container: RegExp = /^(Array|Map|Object|Set)$/;

/** Where the first thing in `value` is that cannot be stored, unless that is in one of the containers in `seen`. */
function findUncloneable(value: unknown, path: string, seen: Set<unknown>): string | undefined {
  try {
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    if (transient.test(kind)) return path;
    if (!container.test(kind)) return isCloneable(value) ? undefined : path;
    seen.add(value);
    const parts = value instanceof Map || value instanceof Set ? [...value] : Object(value);
    let culprit: string | undefined = path;
    for (const key of Object.keys(parts)) {
      const place = Array.isArray(parts) ? `${path}[${key}]` : path + placeOf(key);
      let part: unknown;
      try {
        part = parts[key];
      } catch {
        return place;
      }
      const found = seen.has(part) ? undefined : findUncloneable(part, place, seen);
      if (found !== undefined) return found;
      if (!isCloneable(part)) culprit = undefined;
    }
    return isCloneable(value) ? undefined : culprit;
  } catch {
    return path; // A revoked Proxy does not even say what it is.
  }
}

/** Whether a structured clone can copy it. */
export function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
