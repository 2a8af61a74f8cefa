import type { Codec } from '../contracts/codec.ts';
import { Reason } from '../errors/reason.ts';
import { joinBytes } from '../serialization/join-bytes.ts';
import { fromBytes, toBytes } from './bytes.ts';

/** The first byte of a record. */
const AS_IT_IS = 0;
const DEFLATED = 1;

/** What is smaller gains nothing worth the time. */
const SMALL = 200;
/** What is larger stays as it is, so that no record needs to be inflated to more. */
const LARGE = 2 ** 26;
/** So much is inflated at a time, to at most about a thousand times as much. */
const PIECE = 2 ** 14;

/**
 * A codec that makes records smaller, by the platform's `CompressionStream` (zlib's format). What it would not make
 * smaller it leaves as it is, and so it does with what has less than 200 bytes or more than 64 MiB. A record that
 * inflates to more than that, which it never writes, is `unreadable`.
 *
 * Values are serialized as `rewake/export` does it: a Blob, a File or a CryptoKey is `not-cloneable`.
 *
 * @example
 * const stores = await openStores({ codec: compress() });
 */
export const compress = (): Codec => ({
  id: 'deflate',

  async encode(value, context) {
    const bytes = toBytes(value, context);
    if (bytes.length >= SMALL && bytes.length <= LARGE) {
      const deflated = await through(new CompressionStream('deflate'), bytes, Number.POSITIVE_INFINITY);
      if (deflated.length < bytes.length) return joinBytes([Uint8Array.of(DEFLATED), deflated]);
    }
    // With its length: that it was cut off could not be seen otherwise.
    return joinBytes([Uint8Array.of(AS_IT_IS), lengthOf(bytes), bytes]);
  },

  async decode(bytes) {
    if (bytes[0] === DEFLATED)
      return fromBytes(await through(new DecompressionStream('deflate'), bytes.slice(1), LARGE));
    const content = bytes.slice(5);
    if (bytes[0] !== AS_IT_IS || String(lengthOf(content)) !== String(bytes.slice(1, 5)))
      throw new Reason('unreadable');
    return fromBytes(content);
  },
});

function lengthOf({ length }: Uint8Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, length);
  return new Uint8Array(view.buffer);
}

/** What comes out of the stream, if it is not more than `limit`. Fed in pieces, so that too much is noticed in time. */
async function through(
  stream: CompressionStream | DecompressionStream,
  bytes: Uint8Array<ArrayBuffer>,
  limit: number,
): Promise<Uint8Array> {
  let from = 0;
  const pieces = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      controller.enqueue(bytes.subarray(from, from + PIECE));
      from += PIECE;
      if (from >= bytes.length) controller.close();
    },
  });
  const reader = pieces.pipeThrough(stream).getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joinBytes(parts);
    parts.push(value);
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw new Reason('unreadable', 'it inflates to more than 64 MiB.');
    }
  }
}
