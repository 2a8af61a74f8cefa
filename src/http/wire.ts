import { escapeText, unescapeText } from '../backends/escape-text.ts';
import type { StoredBase } from '../backends/stored-base.ts';
import type { Base, Head, LogPage, SequencedEvent } from '../contracts/event-store.ts';
import type { Snapshot } from '../contracts/snapshot-store.ts';
import type { LogId, RunId, Seq } from '../contracts/words.ts';
import { Reason } from '../errors/reason.ts';
import { fromJson } from '../serialization/from-json.ts';
import type { Json } from '../serialization/json.ts';
import { toJson } from '../serialization/to-json.ts';

// What goes over the wire, the same for both ends. docs/http.md has the table of requests.
//
// Values are in the serialization of `src/serialization`. A run is named in the query and not in the path, in which `..`
// and `/` mean something to proxies and to URLs themselves, however they are encoded.

/** So many events are in the answer to one request. */
export const PAGE = 10_000;
/** Servers take no longer URLs; Node's limit for all of the headers is 16 kB. */
export const LONGEST_ID = 12_000;

/** Something is not as the other end would have sent it. */
export class Misshapen extends Reason {
  constructor() {
    super('unreadable');
  }
}

export function check(isRight: boolean): asserts isRight {
  if (!isRight) throw new Misshapen();
}

/**
 * Any string as characters that may be anywhere in a URL or a header. Lone surrogates are escaped first, as UTF-8 has no
 * bytes for them. Each string has one such form, and others are refused.
 */
export const encodeText = (text: string): string => encodeURIComponent(escapeText(text));

/** The string that was escaped, and encoded, which the URL's query has undone. */
export function decodeText(escaped: string): string {
  const text = unescapeText(escaped);
  check(escapeText(text) === escaped);
  return text;
}

function decodeEncodedText(encoded: string): string {
  let escaped: string;
  try {
    escaped = decodeURIComponent(encoded);
  } catch {
    throw new Misshapen();
  }
  return decodeText(escaped);
}

export const seqOf = (json: unknown): Seq => {
  check(typeof json === 'number' && Number.isSafeInteger(json) && json >= 0);
  return json;
};

export const logIdOf = (json: unknown): LogId | null => {
  check(json === null || (typeof json === 'string' && json !== ''));
  return json;
};

const optional =
  <T>(read: (json: unknown) => T) =>
  (json: unknown): T | undefined =>
    json === undefined ? undefined : read(json);

/** A head as an entity tag: `"7-…"`; `"7-"` if its log has no identity; `"7"` if that does not matter. */
export function etagOf(seq: Seq, logId: LogId | null | undefined): string {
  if (logId === undefined) return `"${seq}"`;
  return `"${seq}-${logId === null ? '' : encodeText(logId)}"`;
}

export function headOfEtag(etag: string): { readonly expectedHead: Seq; readonly logId?: LogId | null } {
  const [, seq, rest] = /^"(\d+)(?:-([^"]*))?"$/.exec(etag) ?? [];
  const expectedHead = seqOf(Number(seq));
  if (rest === undefined) return { expectedHead };
  return { expectedHead, logId: rest === '' ? null : decodeEncodedText(rest) };
}

/** A writer as an Idempotency-Key, which is a quoted string. */
export const keyOf = (writer: string): string => `"${encodeText(writer)}"`;

export function writerOfKey(key: string): string {
  const [, text] = /^"([^"]+)"$/.exec(key) ?? [];
  check(text !== undefined);
  return decodeEncodedText(text);
}

export const headOf = (json: unknown): Head => {
  const { seq, logId } = Object(json);
  return { seq: seqOf(seq), logId: logIdOf(logId) };
};

/** The answer to a write that has nothing to tell. */
export const nothingOf = (json: unknown): void => check(json === null);

export const idsOf = (json: unknown): RunId[] => {
  check(Array.isArray(json) && json.every((id) => typeof id === 'string' && id !== ''));
  return json;
};

export interface Batch {
  readonly events: unknown[];
  readonly version: number | undefined;
}

export const batchToJson = (events: readonly unknown[], version: number | undefined): Json => ({
  ...(version !== undefined && { version }),
  events: events.map((event, index) => toJson(event, `events[${index}]`)),
});

export function batchOf(json: unknown): Batch {
  const { events, version } = Object(json);
  check(Array.isArray(events));
  return { events: events.map(fromJson), version: optional(seqOf)(version) };
}

export const pageToJson = ({ logId, events }: LogPage<unknown>): Json => ({
  logId,
  events: events.map(({ seq, event, version }) => ({
    seq,
    ...(version !== 1 && { version }),
    event: toJson(event, `the event ${seq}`),
  })),
});

export function pageOf(json: unknown, from: Seq): LogPage<unknown> {
  const { logId, events } = Object(json);
  check(Array.isArray(events));
  const page = events.map((line, index): SequencedEvent<unknown> => {
    const { seq, event, version = 1 } = Object(line);
    check(seq === from + index && Object.hasOwn(Object(line), 'event'));
    return { seq, event: fromJson(event), version: seqOf(version) };
  });
  return { logId: logIdOf(logId), events: page };
}

/** `logId` is missing in the base of a log that begins with it. */
export const baseToJson = ({ atSeq, version, state, ...log }: StoredBase & Partial<Base>): Json => ({
  atSeq,
  ...('logId' in log && { logId: log.logId }),
  version,
  state: toJson(state, 'state'),
});

export function storedBaseOf(json: unknown): StoredBase {
  const { atSeq, version, state } = Object(json);
  check(Object.hasOwn(Object(json), 'state'));
  return { atSeq: seqOf(atSeq), version: seqOf(version), state: fromJson(state) };
}

export const baseOf = (json: unknown): Base => ({
  ...storedBaseOf(json),
  logId: logIdOf(Object(json).logId),
});

export const snapshotToJson = ({ atSeq, logId, version, state }: Snapshot<unknown>): Json => ({
  atSeq,
  ...(logId !== undefined && { logId }),
  ...(version !== undefined && { version }),
  state: toJson(state, 'state'),
});

export function snapshotOf(json: unknown, runId: RunId): Snapshot<unknown> {
  const { atSeq, logId, version, state } = Object(json);
  check(Object.hasOwn(Object(json), 'state'));
  return {
    runId,
    atSeq: seqOf(atSeq),
    ...(logId !== undefined && { logId: logIdOf(logId) }),
    ...(version !== undefined && { version: seqOf(version) }),
    state: fromJson(state),
  };
}
