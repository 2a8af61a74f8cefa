import type { ErrorCode } from '../errors/kernel-error.ts';
import { Reason } from '../errors/reason.ts';
import { parseJson } from '../serialization/serialize.ts';
import { PROBLEM } from './problem.ts';

// What an answer means to the client that is no success.

/** A request that may be sent again, if it is safe to repeat. */
export class Retriable extends Reason {}

/** Answers that ask to come again. */
const later: readonly number[] = [408, 425, 429, 502, 503, 504];

/**
 * What became of a request is unknown. A read has changed nothing anyway. `why` says what happened.
 */
export const lost = (isWrite: boolean, why: string, cause?: unknown): Reason =>
  isWrite
    ? new Retriable(
        'connection-lost',
        `${why}, so that it is unknown whether it did what it was asked. Read before writing again.`,
        { cause },
      )
    : new Retriable('unavailable', `${why}.`, { cause });

/** What an answer means that is no success. */
export function failureOf(isWrite: boolean, status: number, type: string, text: string): Reason {
  try {
    return type.startsWith(PROBLEM) ? refused(status, parseJson(text)) : strange(isWrite, status);
  } catch {
    return strange(isWrite, status);
  }
}

/** What {@link handle} has answered. */
function refused(status: number, problem: unknown): Reason {
  const { code, detail, seq, expected, actual } = Object(problem);
  const known: ErrorCode = isCode(code) ? code : 'unknown';
  const Class = later.includes(status) ? Retriable : Reason;
  return new Class(known, String(detail), {
    ...(isSeq(seq) && { seq }),
    ...(isSeq(expected) && { expected }),
    ...(isSeq(actual) && { actual }),
  });
}

const isSeq = (json: unknown): json is number => Number.isSafeInteger(json);
const isCode = (json: unknown): json is ErrorCode => typeof json === 'string' && Object.hasOwn(codes, json);

/** What something else has answered: a proxy, a gateway, the page of a hotel's network, another version of the server. */
export function strange(isWrite: boolean, status: number): Reason {
  const answered = `the server's answer, with the status ${status}, is not one of rewake`;
  if ([413, 414, 431].includes(status))
    return new Reason('invalid-argument', `${answered}: it is too large. Nothing was touched.`);
  if (status === 200 || status >= 500) return lost(isWrite, answered);
  const Class = later.includes(status) ? Retriable : Reason;
  return new Class('unavailable', `${answered}. Nothing was touched.`);
}

export const aborted = ({ reason }: AbortSignal): Reason =>
  new Reason('aborted', 'it was given up.', { cause: reason });

const codes: Record<ErrorCode, true> = {
  'invalid-argument': true,
  'not-cloneable': true,
  conflict: true,
  quota: true,
  unavailable: true,
  blocked: true,
  timeout: true,
  'newer-version': true,
  unreadable: true,
  'connection-lost': true,
  'data-lost': true,
  closed: true,
  aborted: true,
  compacted: true,
  'older-version': true,
  'reducer-threw': true,
  failed: true,
  cancelled: true,
  'non-deterministic': true,
  unknown: true,
};
