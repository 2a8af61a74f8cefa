import type { Codec } from '../contracts/codec.ts';
import type { AppendOptions, Base, Head } from '../contracts/event-store.ts';
import type { SaveOptions, Snapshot } from '../contracts/snapshot-store.ts';
import { array, flag, integer, method, nonEmpty, object, optional, type Rule, rule } from './rules.ts';

// What the contracts demand of arguments, for every backend.

const identity = rule(
  'null or a non-empty string',
  (value) => value === null || (typeof value === 'string' && value !== ''),
);
const version = optional(integer(1));

const snapshot = object({
  runId: nonEmpty,
  atSeq: integer(0),
  logId: optional(identity),
  version,
} satisfies Record<Exclude<keyof Snapshot<unknown>, 'state'>, Rule>);

const saveOptions = object({ immutable: optional(flag) } satisfies Record<keyof SaveOptions, Rule>);

const appendOptions = object({
  expectedHead: optional(integer(0)),
  logId: optional(identity),
  writer: optional(nonEmpty),
  version,
  immutable: optional(flag),
} satisfies Record<keyof AppendOptions, Rule>);

/** The identity of a log alone fences nothing off. */
const fenceOfLogId = object({
  expectedHead: rule('given together with logId', (value) => value !== undefined),
});

export const codecRule: Rule = object({
  id: nonEmpty,
  encode: method,
  decode: method,
} satisfies Record<Exclude<keyof Codec, 'ids'>, Rule>);

export const checkRunId = (runId: unknown): void => nonEmpty('runId', runId);

export function checkSave(value: unknown, options: unknown): void {
  snapshot('snapshot', value);
  optional(saveOptions)('options', options);
}

export function checkAppend(runId: unknown, events: unknown, options: unknown): void {
  checkRunId(runId);
  array('events', events);
  if (options === undefined) return;
  appendOptions('options', options);
  if (Object(options).logId !== undefined) fenceOfLogId('options', options);
}

const base = object({
  atSeq: integer(1),
  logId: identity,
  version: integer(1),
} satisfies Record<Exclude<keyof Base, 'state'>, Rule>);

export function checkCompact(runId: unknown, value: unknown): void {
  checkRunId(runId);
  base('base', value);
}

const place = object({ seq: integer(0), logId: identity } satisfies Record<keyof Head, Rule>);

export function checkBegin(runId: unknown, value: unknown, head: unknown): void {
  checkRunId(runId);
  place('head', head);
  object({ atSeq: integer(Object(head).seq + 1), version: integer(1) })('base', value);
}

const from = integer(1);
const limit = optional(integer(1));

export function checkScan(runId: unknown, first: unknown, most: unknown): void {
  checkRunId(runId);
  from('from', first);
  limit('limit', most);
}
