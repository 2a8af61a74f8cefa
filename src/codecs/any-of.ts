import type { Codec } from '../contracts/codec.ts';
import { codecRule } from '../errors/contract-rules.ts';
import { KernelError } from '../errors/kernel-error.ts';
import { Reason, withContextSync } from '../errors/reason.ts';

/**
 * Changes the codec of an application that has data: encodes as the first, and decodes what any of them has encoded. What is
 * written from then on is encoded as the first has it, and so is what `compact` leaves of the events before.
 *
 * Throws `invalid-argument` if one is no codec, or two have one id: give `encrypt` several keys instead.
 *
 * @example
 * const stores = await openStores({ codec: anyOf(pipe(compress(), encrypt(key)), compress()) });
 */
export function anyOf(current: Codec, ...former: readonly Codec[]): Codec {
  const byId = new Map<string, Codec>();
  withContextSync(KernelError, 'anyOf', undefined, () => {
    for (const codec of [current, ...former]) {
      codecRule('each codec', codec);
      for (const id of codec.ids ?? [codec.id]) {
        if (byId.has(id)) throw new Reason('invalid-argument', `two codecs have the id "${id}".`);
        byId.set(id, codec);
      }
    }
  });
  return {
    id: current.id,
    ids: [...byId.keys()],
    encode: (value, context) => current.encode(value, context),
    decode: (bytes, context, id) => (byId.get(id ?? current.id) ?? current).decode(bytes, context, id),
  };
}
