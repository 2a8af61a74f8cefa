/**
 * Freezes a value and everything in it, so that a reducer that changes a state throws. It cannot freeze what is
 * inside of a Map, a Set or a typed array.
 */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
    return value;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
  return value;
}
