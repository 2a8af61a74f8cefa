import type { LogId, RunId, Seq } from '../../contracts/words.ts';
import { Reason } from '../../errors/reason.ts';
import type { StoredBase } from '../stored-base.ts';

/** Of what this release writes. A record carries it so that a later release can tell old from new. */
export const FORMAT = 1;
/** Of a base, in which rewake 0.1 and 0.2 must find no batch of events. */
export const BASE_FORMAT = 2;
/** Of a record of either kind, or of a snapshot, that a codec has turned into bytes: rewake 0.1 and 0.2 refuse it. */
export const CODED_FORMAT = 3;

export type SnapshotRecord = {
  readonly format: typeof FORMAT;
  readonly atSeq: Seq;
  readonly logId?: LogId;
  readonly version?: number;
  readonly state: unknown;
};
export type EventRecord = {
  readonly format: typeof FORMAT;
  readonly events: readonly unknown[];
  readonly writer?: string;
  readonly version?: number;
};
export type BaseRecord = {
  readonly format: typeof BASE_FORMAT;
  readonly base: unknown;
  readonly version: number;
};
/** A record with the bytes of a codec in the field that names what it holds. */
export type CodedRecord = {
  readonly format: typeof CODED_FORMAT;
  readonly codec: string;
};

/** A snapshot that is to be stored. */
export interface SnapshotFields {
  readonly atSeq: Seq;
  readonly logId: LogId | null | undefined;
  readonly version: number | undefined;
  readonly state: unknown;
}

export const snapshotRecord = ({ atSeq, logId, version, state }: SnapshotFields): SnapshotRecord => ({
  format: FORMAT,
  atSeq,
  ...(logId && { logId }),
  ...(version && { version }),
  state,
});

export const eventRecord = (events: readonly unknown[], writer?: string, version?: number): EventRecord => ({
  format: FORMAT,
  events,
  ...(writer !== undefined && { writer }),
  ...(version && { version }),
});

export const baseRecord = ({ state, version }: StoredBase): BaseRecord => ({
  format: BASE_FORMAT,
  base: state,
  version,
});

/** Whether a codec has turned what a record holds into bytes. */
export const isCoded = (record: unknown): record is CodedRecord => Object(record).format === CODED_FORMAT;

/** Whether what is stored among a run's events is a base, or a batch. A damaged one may be neither. */
export const isBase = (record: unknown): boolean => Object.hasOwn(Object(record), 'base');
export const isBatch = (record: unknown): boolean => Object.hasOwn(Object(record), 'events');

/** The version in a record, whoever wrote it; without one it is 1, as everything was that rewake 0.1 wrote. */
export function versionOf(record: unknown): number {
  const { version = 1 } = Object(record);
  if (!Number.isSafeInteger(version) || version < 1) throw new Reason('unreadable');
  return version;
}

/**
 * The key, among a run's records, whose existence is the identity of its log. It sorts after every seq, so that an append
 * reads it together with the last of them, and rewake 0.1 never looks there.
 */
export const logIdKey = (runId: RunId, logId: LogId): IDBValidKey => [runId, [logId]];

/** The identity in such a key, or none: rewake 0.1 stored none. */
export function logIdOf(key: IDBValidKey | undefined): LogId | null {
  const [, identity] = Array.isArray(key) ? key : [];
  return asLogId(Array.isArray(identity) ? identity[0] : undefined);
}

/** An identity that is stored, or none. */
export const asLogId = (stored: unknown): LogId | null =>
  typeof stored === 'string' && stored !== '' ? stored : null;

/** Whether `writer` appended a record. */
export const isOf = (record: unknown, writer: string): boolean => Object(record).writer === writer;

/** A field of a record, which has been stored and is therefore not trusted. */
export function contentOf(record: unknown, field: 'atSeq' | 'state' | 'events' | 'base'): unknown {
  const fields = Object(record);
  if (typeof fields.format === 'number' && fields.format > CODED_FORMAT) throw new Reason('newer-version');
  const format = field === 'base' ? BASE_FORMAT : FORMAT;
  if (fields.format !== format || !Object.hasOwn(fields, field)) throw new Reason('unreadable');
  return fields[field];
}

export const isSeq = (stored: unknown): stored is Seq => Number.isSafeInteger(stored) && Number(stored) >= 0;

/** A seq that has been stored. */
export function asSeq(stored: unknown): Seq {
  if (!isSeq(stored)) throw new Reason('unreadable');
  return stored;
}

/** The seq in an event record's key `[runId, seq]`. */
export const seqOf = (key: IDBValidKey | undefined): Seq =>
  asSeq(Array.isArray(key) && key.length === 2 ? key[1] : undefined);

/** The run in an event record's key, unless the key is not one of rewake's. */
export function runIdOf(key: IDBValidKey): RunId | undefined {
  const [runId, seq] = Array.isArray(key) ? key : [];
  return typeof runId === 'string' && typeof seq === 'number' ? runId : undefined;
}
