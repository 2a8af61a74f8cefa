import type { RunId, Seq } from '../contracts/snapshot-store.ts';
import { type ErrorCode, type ErrorContext, KernelError } from './kernel-error.ts';

/** What went wrong, thrown where it is not known yet in which operation on which run. */
export class Failure extends Error {
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
export async function attempt<T>(
  Class: ErrorClass,
  operation: string,
  runId: RunId | undefined,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw errorOf(Class, operation, runId, error);
  }
}

/** The same for what cannot reject, because it returns no promise. */
export function attemptNow<T>(
  Class: ErrorClass,
  operation: string,
  runId: RunId | undefined,
  work: () => T,
): T {
  try {
    return work();
  } catch (error) {
    throw errorOf(Class, operation, runId, error);
  }
}

/** The caller's error class, with the operation and the run in it; what is a KernelError already stays as it is. */
export function errorOf(
  Class: ErrorClass,
  operation: string,
  runId: RunId | undefined,
  error: unknown,
): KernelError {
  if (error instanceof KernelError) return error;
  const { code, detail, context } = failureOf(error);
  const named = typeof runId === 'string' ? runId : undefined;
  return new Class(code, detail, { operation, runId: named, ...context });
}

/** What the platform's error means. */
export function failureOf(cause: unknown, otherwise: ErrorCode = 'unknown'): Failure {
  if (cause instanceof Failure) return cause;
  const { name, message } = cause instanceof Error ? cause : { name: '', message: '' };
  // WebKit has only a message for the death of the process that keeps the databases, and for cleared site data;
  // Chromium for a connection that it closes in the middle of a transaction, or of one of its requests.
  const lost =
    /^(Unknown|InvalidState)Error$/.test(name) &&
    /Indexed Database server|request of the user|^(Connection is closing|Backend aborted)/.test(message);
  return new Failure(lost ? 'connection-lost' : (codes[name] ?? otherwise), undefined, { cause });
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
  unreadable: 'what is stored is damaged, or is not of rewake.',
  'connection-lost':
    'the connection to the database broke before a commit was confirmed. Read before writing again, or reload the page.',
  unknown: 'the browser failed; see the cause.',
};

/** A save at `atSeq` found the later snapshot `stored`. */
export const staleSnapshot = (atSeq: Seq, stored: Seq): Failure =>
  new Failure(
    'conflict',
    `it already has a snapshot at seq ${stored}; this one is at ${atSeq}. Another tab or an old worker is ` +
      'writing the same run. Nothing was changed.',
    { expected: atSeq, actual: stored },
  );

/** An append expected the head `expected` and found `head`. */
export const staleHead = (expected: Seq, head: Seq): Failure =>
  new Failure(
    'conflict',
    `its head is ${head}, not ${expected}. Another tab or an old worker is writing the same run. Nothing was ` +
      'appended; recover before going on.',
    { expected, actual: head },
  );
