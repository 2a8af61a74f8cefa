import { capture, container, transient } from '../backends/capture.ts';
import { placeOf } from '../errors/place.ts';
import { Reason } from '../errors/reason.ts';

/**
 * A copy that nobody else holds, as `capture` gives, of what is to be stored later: it also fails if there is something in
 * it that can be cloned, but not stored. The append would find out too late: the step has run, and would run again.
 */
export function captureToStore<T>(value: T, name: string, follows: string = 'Nothing was changed.'): T {
  const copy = capture(value, name, follows);
  const place = findTransient(copy, name, new Set());
  if (place !== undefined) throw new Reason('not-cloneable', `${place} cannot be stored. ${follows}`);
  return copy;
}

function findTransient(copy: unknown, path: string, seen: Set<unknown>): string | undefined {
  // A view of shared memory is shared memory.
  if (transient.test(kindOf(ArrayBuffer.isView(copy) ? copy.buffer : copy))) return path;
  if (!container.test(kindOf(copy)) || seen.has(copy)) return undefined;
  seen.add(copy);
  const parts = copy instanceof Map || copy instanceof Set ? [...copy] : Object(copy);
  for (const key of Object.keys(parts)) {
    const place = Array.isArray(parts) ? `${path}[${key}]` : path + placeOf(key);
    const found = findTransient(parts[key], place, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

const kindOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);
