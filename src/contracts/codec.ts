import type { RunId, Seq } from './words.ts';

/** Where what a codec encodes belongs. Decoding gets the same context as encoding, unless somebody has moved a record. */
export interface CodecContext {
  /** The events of a record (an array), the state of a snapshot, or the state of a log's base. */
  readonly kind: 'events' | 'snapshot' | 'base';
  /** The run that it is of. */
  readonly runId: RunId;
  /** The seq of the last event in it. */
  readonly seq: Seq;
}

/**
 * Turns what a record holds into bytes and back: compression, encryption. It is called outside of transactions, and may
 * take its time. `rewake/codecs` has some.
 */
export interface Codec {
  /** Names the form of the bytes, and is stored with them: what another codec has encoded is not given to this one. */
  readonly id: string;
  /** The ids of all that it decodes, if that is more than its own. */
  readonly ids?: readonly string[] | undefined;
  /** The bytes of `value`, which nobody else changes. If it fails, nothing is written. */
  encode(value: unknown, context: CodecContext): Uint8Array | Promise<Uint8Array>;
  /**
   * The value, or a promise of it; `id` is the one that is stored with the bytes. Whatever it throws, the record is
   * `unreadable`.
   */
  decode(bytes: Uint8Array, context: CodecContext, id?: string): unknown;
}
