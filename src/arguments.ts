import { Failure } from './failure.ts';

// What the contracts demand of arguments, once for every backend. All of it fails with `invalid-argument`.

export function checkRunId(runId: unknown): void {
  check(typeof runId === 'string' && runId !== '', 'a runId is a non-empty string', runId);
}

export function checkSnapshot(snapshot: unknown): void {
  check(typeof snapshot === 'object' && snapshot !== null, 'a snapshot is an object', snapshot);
  const { runId, atSeq } = Object(snapshot);
  checkRunId(runId);
  checkInteger('atSeq', atSeq, 0);
}

export function checkAppend(runId: unknown, events: unknown, options: unknown): void {
  checkRunId(runId);
  check(Array.isArray(events), 'events are an array', events);
  const { expectedHead, writer } = Object(options);
  if (expectedHead !== undefined) checkInteger('expectedHead', expectedHead, 0);
  if (writer !== undefined)
    check(typeof writer === 'string' && writer !== '', 'a writer is a non-empty string', writer);
}

export function checkScan(runId: unknown, from: unknown, limit: unknown): void {
  checkRunId(runId);
  checkInteger('from', from, 1);
  if (limit !== undefined) checkInteger('limit', limit, 1);
}

export function checkInteger(name: string, value: unknown, least: number): void {
  check(
    Number.isSafeInteger(value) && Number(value) >= least,
    `${name} is a safe integer of at least ${least}`,
    value,
  );
}

export function check(right: boolean, rule: string, value: unknown): void {
  if (right) return;
  const shown =
    typeof value === 'number' ? value : typeof value === 'string' ? '""' : `of type ${typeof value}`;
  throw new Failure('invalid-argument', `${rule}; this is ${shown}. Nothing was touched.`);
}
