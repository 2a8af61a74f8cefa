import { Reason } from '../errors/reason.ts';
import { fromJson } from './from-json.ts';
import { toJson } from './to-json.ts';

// No library does this: of seven that were tried in November 2026 (seroval, devalue, msgpackr, cbor-x, superjson,
// @ungap/structured-clone, v8.serialize), each got some structured-clone values wrong, had a format that changes, or
// evaluated code.

/** A value that a structured clone has given, as text: see {@link toJson}, also for how it fails. */
export const serialize = (value: unknown, name: string): string => JSON.stringify(toJson(value, name));

/** The value that `serialize` made the text of, whoever wrote it; fails as {@link fromJson} does. */
export const deserialize = (text: string): unknown => fromJson(parseJson(text));

/** What JSON says; fails with `unreadable` if it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Reason('unreadable', undefined, { cause });
  }
}
