import type { Codec, CodecContext } from '../../contracts/codec.ts';
import type { RunId, Seq } from '../../contracts/words.ts';
import { Reason } from '../../errors/reason.ts';
import { putReason } from '../capture.ts';
import { BASE_FORMAT, CODED_FORMAT, type CodedRecord, FORMAT, isBase, isBatch, isCoded } from './record.ts';

/** The field of a record that is encoded. */
const fieldOf = (record: unknown) => (isBase(record) ? 'base' : isBatch(record) ? 'events' : 'state');

const contextOf = (record: unknown, runId: RunId, seq: Seq): CodecContext => {
  const field = fieldOf(record);
  return { kind: field === 'state' ? 'snapshot' : field, runId, seq };
};

/** The record with bytes in place of what it holds. */
export async function encodeRecord(
  codec: Codec,
  record: object,
  runId: RunId,
  seq: Seq,
): Promise<CodedRecord> {
  const field = fieldOf(record);
  const value: unknown = Reflect.get(record, field);
  try {
    const bytes = await codec.encode(value, contextOf(record, runId, seq));
    // With a view, all of its buffer would be stored. This throws at whatever is no view.
    const copy = Uint8Array.prototype.slice.call(bytes);
    return { ...record, format: CODED_FORMAT, codec: codec.id, [field]: copy };
  } catch (error) {
    throw putReason(error, value, field);
  }
}

/** The record that was encoded; one that was not, as it is. */
export async function decodeRecord(
  codec: Codec | undefined,
  record: unknown,
  runId: RunId,
  seq: Seq,
): Promise<unknown> {
  if (!isCoded(record)) return record;
  const field = fieldOf(record);
  let cause: unknown;
  try {
    if (codec?.id === record.codec) {
      const value = await codec.decode(Reflect.get(record, field), contextOf(record, runId, seq));
      return { ...record, format: field === 'base' ? BASE_FORMAT : FORMAT, [field]: value };
    }
  } catch (error) {
    cause = error;
  }
  throw new Reason('unreadable', `codec "${record.codec}" wrote seq ${seq}, which cannot be decoded.`, {
    seq,
    cause,
  });
}
