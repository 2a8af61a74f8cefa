import { describe } from '../errors/reason.ts';
import { captureToStore } from './capture-to-store.ts';

/**
 * What was thrown, as plain data for the journal: an error's name, message, stack, cause and its other fields that can
 * be stored, such as `code`; or, if it was no error, the value itself.
 */
export type Failure =
  | {
      readonly name: string;
      readonly message: string;
      readonly stack?: string;
      readonly cause?: Failure;
      readonly fields?: { readonly [name: string]: unknown };
    }
  | { readonly thrown: unknown };

/**
 * Throw it from a step and no other attempt is made, whatever `retries` says. It is known by its `name`, so that it also
 * counts from another copy of the package.
 *
 * @example
 * if (response.status === 404) throw new NonRetryableError('There is no such file.');
 */
export class NonRetryableError extends Error {
  override readonly name = 'NonRetryableError';
}

/** Of a longer chain of causes, the rest is left out. */
const DEPTH = 8;

/** Anything can be thrown; whatever it is, this does not throw. */
export function toFailure(thrown: unknown, depth: number = DEPTH): Failure {
  try {
    if (!(thrown instanceof Error)) return { thrown: captureToStore(thrown, 'thrown') };
    const { name, message, stack, cause, ...others } = thrown;
    const fields = Object.fromEntries(Object.entries(others).flatMap(storable));
    return {
      name: String(name),
      message: String(message),
      ...(typeof stack === 'string' && { stack }),
      ...(cause !== undefined && depth > 0 && { cause: toFailure(cause, depth - 1) }),
      ...(Object.keys(fields).length > 0 && { fields }),
    };
  } catch {
    return { name: 'Error', message: describe(thrown) };
  }
}

/** A copy of the field, or nothing if it cannot be stored. */
function storable([name, value]: [string, unknown]): [string, unknown][] {
  try {
    return [[name, captureToStore(value, name)]];
  } catch {
    return [];
  }
}

/** What was thrown, as far as it could be stored. */
export function revive(failure: Failure): unknown {
  if ('thrown' in failure) return structuredClone(failure.thrown);
  const { name, message, stack, cause, fields } = failure;
  const error = new Error(message, cause && { cause: revive(cause) });
  return Object.assign(error, { name }, stack !== undefined && { stack }, structuredClone(fields));
}
