import type { RunId, Seq } from '../contracts/words.ts';
import { type ErrorCode, type ErrorContext, isKernelError, type KernelError } from './kernel-error.ts';

/**
 * Why something failed: thrown inside of the package, before it is known in which operation on which run. What
 * leaves the package is a {@link KernelError}, which {@link withContext} makes of it.
 */
export class Reason extends Error {
  constructor(
    readonly code: ErrorCode,
    readonly detail: string = sentences[code] ?? '',
    readonly context: Omit<ErrorContext, 'operation' | 'runId'> = {},
  ) {
    super(detail);
  }
}

type ErrorClass = new (code: ErrorCode, detail: string, context: ErrorContext) => KernelError;

/**
 * Calls `work` at once and turns whatever it throws into the caller's error class, with the operation and
 * the run in it.
 */
export async function withContext<T>(
  Class: ErrorClass,
  operation: string,
  runId: RunId | undefined,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toKernelError(Class, operation, runId, error);
  }
}

/** The same for what cannot reject, because it returns no promise. */
export function withContextSync<T>(
  Class: ErrorClass,
  operation: string,
  runId: RunId | undefined,
  work: () => T,
): T {
  try {
    return work();
  } catch (error) {
    throw toKernelError(Class, operation, runId, error);
  }
}

/** The caller's error class, with the operation and the run in it; what is a KernelError already stays as it is. */
export function toKernelError(
  Class: ErrorClass,
  operation: string,
  runId: RunId | undefined,
  error: unknown,
): KernelError {
  if (isKernelError(error)) return error;
  const { code, detail, context } = reasonOf(error);
  const named = typeof runId === 'string' ? runId : undefined;
  return new Class(code, detail, { operation, runId: named, ...context });
}

/** What the platform's error means. */
export function reasonOf(cause: unknown, otherwise: ErrorCode = 'unknown'): Reason {
  if (cause instanceof Reason) return cause;
  const { name, message } = cause instanceof Error ? cause : { name: '', message: '' };
  // WebKit has only a message for the death of the process that keeps the databases, and for cleared site data;
  // Chromium for a connection that it closes in the middle of a transaction, or of one of its requests.
  const lost =
    /^(Unknown|InvalidState)Error$/.test(name) &&
    /Indexed Database server|request of the user|^(Connection is closing|Backend aborted)/.test(message);
  return new Reason(lost ? 'connection-lost' : (codes[name] ?? otherwise), undefined, { cause });
}

const codes: { readonly [name: string]: ErrorCode | undefined } = {
  // An abort that nobody here asked for: the browser force-closed the connection, with or without an error.
  AbortError: 'connection-lost',
  NotReadableError: 'unreadable',
  QuotaExceededError: 'quota',
  TransactionInactiveError: 'connection-lost',
  VersionError: 'newer-version',
};

const sentences: { readonly [code in ErrorCode]?: string } = {
  quota: 'the browser has no room left for this site. Nothing was written.',
  unavailable: 'IndexedDB is missing here, may not be used, or is broken.',
  blocked: 'another tab holds the database open. Close it and try again.',
  timeout: 'the database does not answer. The next call tries again.',
  'newer-version': 'a newer release has written this. Nothing was changed; reload to get that release.',
  unreadable: 'what is stored is damaged, or was not written by rewake.',
  'connection-lost':
    'the connection to the database broke before a commit was confirmed. Read before writing again, or reload the page.',
  unknown: 'the browser failed; see the cause.',
};

/** What was thrown, as text. Anything can be thrown, and not everything can be turned into a string. */
export function describe(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}

/** A save at `atSeq` found the later snapshot `stored`. */
export const staleSnapshot = (atSeq: Seq, stored: Seq): Reason =>
  new Reason(
    'conflict',
    `it already has a snapshot at seq ${stored}; this one is at ${atSeq}. Another tab or an old worker is ` +
      'writing the same run. Nothing was changed.',
    { expected: atSeq, actual: stored },
  );

/** A writer that takes `expected` for the head of the log found the head `actual`, or as many events of another log. */
export const staleHead = (expected: Seq, actual: Seq): Reason =>
  new Reason(
    'conflict',
    actual === expected
      ? `its log was deleted and begun anew since it was read. ${nothingAppended}`
      : `its head is ${actual}, not ${expected}. Another tab or an old worker is writing the same run. ${nothingAppended}`,
    { expected, actual },
  );
const nothingAppended = 'Nothing was appended; recover before going on.';

/** A snapshot or a base names a log that is not there. */
export const staleLog = (): Reason =>
  new Reason('conflict', 'the log that this state is of was deleted, or begun anew. Nothing was changed.');

/** Somebody wants the events from `from` on, and those up to `base` are gone. */
export const compacted = (from: Seq, base: Seq): Reason =>
  new Reason(
    'compacted',
    `there is no event ${from} any more: the events up to ${base} were compacted. Read the base, and go on with event ` +
      `${base + 1}.`,
    { seq: base },
  );

/** A base at `atSeq` is not within the log, which begins after its base at `first` and ends at `head`. */
export const staleBase = (atSeq: Seq, first: Seq, head: Seq): Reason =>
  new Reason(
    'conflict',
    atSeq > head
      ? `a base at seq ${atSeq} holds events that the log does not have; its head is ${head}. Nothing was changed.`
      : `it was compacted up to ${first} already; this base is at ${atSeq}. Nothing was changed.`,
    { expected: atSeq, actual: atSeq > head ? head : first },
  );
