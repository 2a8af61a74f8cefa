import type { ErrorCode, KernelError } from '../errors/kernel-error.ts';
import { Reason } from '../errors/reason.ts';

/** What a failure is as an answer (RFC 9457), in the media type `application/problem+json`. */
export interface Problem {
  /** As of HTTP. */
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly operation: string;
  readonly runId?: string | undefined;
  readonly seq?: number | undefined;
  readonly expected?: number | undefined;
  readonly actual?: number | undefined;
}

export const PROBLEM = 'application/problem+json';

/** A request that the handler refuses before it asks a store. */
export class Refusal extends Reason {
  readonly status: number;

  constructor(status: number, code: ErrorCode, detail: string, cause?: unknown) {
    super(code, detail, { cause });
    this.status = status;
  }
}

/** What has a status of its own; the others are the server's fault. */
const statuses: { readonly [code in ErrorCode]?: number } = {
  'invalid-argument': 400,
  conflict: 409,
  'newer-version': 409,
  compacted: 410,
  'not-cloneable': 422,
  unavailable: 503,
  blocked: 503,
  timeout: 503,
  closed: 503,
  'connection-lost': 503,
  quota: 507,
};

export const statusOf = (code: ErrorCode): number => statuses[code] ?? 500;

/** Its `cause` stays here: it may say what is nobody's business. */
export function problemOf(error: KernelError, status: number): Problem {
  const { code, operation, runId, seq, message } = error;
  const { expected, actual }: { expected?: number; actual?: number } = error;
  // The other end puts it together again.
  const before = `${runId === undefined ? operation : `Run ${JSON.stringify(runId)}, ${operation}`}: `;
  const detail = message.startsWith(before) ? message.slice(before.length) : message;
  return { status, title: code, detail, code, operation, runId, seq, expected, actual };
}
