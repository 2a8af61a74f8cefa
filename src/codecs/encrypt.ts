import type { Codec, CodecContext } from '../contracts/codec.ts';
import { KernelError } from '../errors/kernel-error.ts';
import { Reason, withContextSync } from '../errors/reason.ts';
import { object, oneOf, type Rule, rule } from '../errors/rules.ts';
import { joinBytes } from '../serialization/join-bytes.ts';
import { fromBytes, toBytes } from './bytes.ts';

/** Several keys, so that what an older one has encrypted stays readable. */
export interface EncryptionKeys {
  /** Keys for AES-GCM, by their ids: 1 to 64 letters, digits, `_`, `-` and `.`, which are stored with each record. */
  readonly keys: Readonly<Record<string, CryptoKey>>;
  /** The id of the key that encrypts. The others only decrypt. */
  readonly current: string;
}

/** The id of a key that is given alone. */
const ALONE = 'default';
/** What AES-GCM is made for. */
const IV_LENGTH = 12;

const keyRule = object({ algorithm: object({ name: oneOf('AES-GCM') }) });
const idRule = rule('an id of 1 to 64 letters, digits, "_", "-" and "."', (id) =>
  /^[\w.-]{1,64}$/.test(String(id)),
);

const keysRule: Rule = (name, keys) => {
  object({})(name, keys);
  for (const [id, key] of Object.entries(Object(keys))) {
    idRule(`each id in ${name}`, id);
    keyRule(`${name}.${id}`, key);
  }
};

/**
 * A codec that encrypts, by the platform's AES-GCM with a random IV for each record. A record that was changed, or moved
 * to another run, seq or kind, does not decrypt: it is `unreadable`. Run ids, seqs, versions and sizes are neither hidden
 * nor authenticated, and nobody notices if the end of a log is missing, or an earlier record is back in its place.
 *
 * `encrypt(key)` is `encrypt({ keys: { default: key }, current: 'default' })`. To change keys, add one and make it `current`;
 * what is written from then on is encrypted with it, and so is what `compact` leaves of the events before.
 *
 * Values are serialized as in `rewake/export`: a Blob, a File and a CryptoKey are `not-cloneable`. Throws
 * `invalid-argument` if a key is not one for AES-GCM, or `current` names none.
 *
 * @example
 * const key = await crypto.subtle.importKey('raw', bytesFromYourServer, 'AES-GCM', false, ['encrypt', 'decrypt']);
 * const stores = await openStores({ codec: encrypt(key) });
 */
export function encrypt(key: CryptoKey | EncryptionKeys): Codec {
  const { keys, current } = withContextSync(KernelError, 'encrypt', undefined, () => checked(key));
  return {
    id: 'aes-gcm',

    async encode(value, context) {
      const { id, key } = current;
      const iv = crypto.getRandomValues(new Uint8Array(IV_LENGTH));
      const sealed = await crypto.subtle.encrypt(algorithm(iv, context), key, toBytes(value, context));
      return joinBytes([Uint8Array.of(id.length), new TextEncoder().encode(id), iv, new Uint8Array(sealed)]);
    },

    async decode(bytes, context) {
      const [length = 0] = bytes;
      const from = 1 + length + IV_LENGTH;
      const key = keys.get(new TextDecoder().decode(bytes.subarray(1, 1 + length)));
      if (!key) throw new Reason('unreadable', 'it is encrypted with a key that is not among those given.');
      const iv = bytes.slice(1 + length, from);
      const opened = await crypto.subtle.decrypt(algorithm(iv, context), key, bytes.slice(from));
      return fromBytes(new Uint8Array(opened));
    },
  };
}

const isKeys = (given: CryptoKey | EncryptionKeys): given is EncryptionKeys => 'keys' in Object(given);

/** The keys by their ids, and the one that encrypts. */
function checked(given: CryptoKey | EncryptionKeys) {
  const { keys, current }: EncryptionKeys = isKeys(given)
    ? given
    : { keys: { [ALONE]: given }, current: ALONE };
  keysRule('keys', keys);
  const byId = new Map(Object.entries(keys));
  const key = byId.get(current);
  if (!key)
    throw new Reason('invalid-argument', `current must be the id of one of keys; got ${String(current)}.`);
  return { keys: byId, current: { id: current, key } };
}

/** The place of a record is authenticated, and not stored once more. As JSON, a lone surrogate stays what it is. */
const algorithm = (iv: Uint8Array<ArrayBuffer>, { kind, runId, seq }: CodecContext): AesGcmParams => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(JSON.stringify([kind, runId, seq])),
});
