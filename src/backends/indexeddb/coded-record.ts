import type { Codec, CodecContext } from '../../contracts/codec.ts';
import type { RunId, Seq } from '../../contracts/words.ts';
import { Reason } from '../../errors/reason.ts';
import { putReason } from '../capture.ts';
import { BASE_FORMAT, CODED_FORMAT, FORMAT, isBase, isBatch, isCoded } from './record.ts';

/** The field of a record that a codec is for, what is in it, and what the codec is told of it. */
function partsOf(record: object, runId: RunId, seq: Seq) {
  const field = isBase(record) ? 'base' : isBatch(record) ? 'events' : 'state';
  const context: CodecContext = { kind: field === 'state' ? 'snapshot' : field, runId, seq };
  return { field, content: Reflect.get(record, field), context } as const;
}

/** The record with bytes in place of what it holds. */
export async function encodeRecord(codec: Codec, record: object, runId: RunId, seq: Seq): Promise<object> {
  const { field, content, context } = partsOf(record, runId, seq);
  try {
    const bytes = await codec.encode(content, context);
    // With a view, all of its buffer would be stored. This throws at whatever is no view.
    const copy = Uint8Array.prototype.slice.call(bytes);
    return { ...record, format: CODED_FORMAT, codec: codec.id, [field]: copy };
  } catch (error) {
    throw putReason(error, content, field);
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
  const { field, content, context } = partsOf(record, runId, seq);
  let cause: unknown;
  try {
    if (codec && (codec.ids ?? [codec.id]).includes(record.codec))
      return {
        ...record,
        format: field === 'base' ? BASE_FORMAT : FORMAT,
        [field]: await codec.decode(content, context, record.codec),
      };
  } catch (error) {
    cause = error;
  }
  const detail = `seq ${seq} needs the codec, and the key, that it was stored with.`;
  throw new Reason('unreadable', detail, { seq, cause });
}
