import type { CodecContext } from '../contracts/codec.ts';
import { Reason } from '../errors/reason.ts';
import { joinBytes } from '../serialization/join-bytes.ts';
import { deserialize, serialize } from '../serialization/serialize.ts';

/** The first byte of bytes that were a value by themselves. No JSON begins with it. */
const RAW = 0;

/** A value as bytes: the UTF-8 of its serialization, or itself, so that what one codec gives another is not made text. */
export function toBytes(value: unknown, { kind }: CodecContext): Uint8Array<ArrayBuffer> {
  if (isWhole(value)) return joinBytes([Uint8Array.of(RAW), value]);
  return new TextEncoder().encode(serialize(value, kind === 'events' ? kind : 'state'));
}

/** The value of what `toBytes` gave, whoever made it. Fails with `unreadable`, or with `newer-version`. */
export function fromBytes(bytes: Uint8Array): unknown {
  if (bytes[0] === RAW) return bytes.slice(1);
  try {
    return deserialize(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw cause instanceof Reason ? cause : new Reason('unreadable', undefined, { cause });
  }
}

/** Whether nothing is lost if only the bytes of a value are kept. */
const isWhole = (value: unknown): value is Uint8Array =>
  isBytes(value) && value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength;

/** Also of another realm, as some test environments have it. */
export const isBytes = (value: unknown): value is Uint8Array =>
  Object.prototype.toString.call(value) === '[object Uint8Array]';
