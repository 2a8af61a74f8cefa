import { Failure } from '../failure.ts';
import type { RunId, Seq } from '../snapshot-store.ts';

/** Of what this release writes. A record carries it so that a later release can tell old from new. */
const FORMAT = 1;

export type SnapshotRecord = { readonly format: typeof FORMAT; readonly state: unknown };
export type EventRecord = {
  readonly format: typeof FORMAT;
  readonly events: readonly unknown[];
  readonly writer?: string;
};

export const snapshotRecord = (state: unknown): SnapshotRecord => ({ format: FORMAT, state });
export const eventRecord = (events: readonly unknown[], writer: string | undefined): EventRecord =>
  writer === undefined ? { format: FORMAT, events } : { format: FORMAT, events, writer };

/** Whether a record is the batch of so many events that `writer` appended. */
export function isBatchOf(record: unknown, writer: string, length: number): boolean {
  const { events, writer: wrote } = Object(record);
  return wrote === writer && Array.isArray(events) && events.length === length;
}

/** The one field of a record, which has been stored and is therefore not trusted. */
export function contentOf(record: unknown, field: 'state' | 'events'): unknown {
  const fields = new Map(Object.entries(Object(record)));
  const format = fields.get('format');
  if (typeof format === 'number' && format > FORMAT) throw new Failure('newer-version');
  if (format !== FORMAT || !fields.has(field)) throw new Failure('unreadable');
  return fields.get(field);
}

/** The seq in a record's key `[runId, seq]`. */
export function seqOf(key: IDBValidKey | undefined): Seq {
  const seq = Array.isArray(key) && key.length === 2 ? key[1] : undefined;
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq)) throw new Failure('unreadable');
  return seq;
}

/** The run in a record's key, unless the key is not one of rewake's. */
export function runIdOf(key: IDBValidKey): RunId | undefined {
  const [runId, seq] = Array.isArray(key) ? key : [];
  return typeof runId === 'string' && typeof seq === 'number' ? runId : undefined;
}
