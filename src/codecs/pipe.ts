import type { Codec } from '../contracts/codec.ts';
import { codecRule } from '../errors/contract-rules.ts';
import { KernelError } from '../errors/kernel-error.ts';
import { withContextSync } from '../errors/reason.ts';
import { isBytes } from './bytes.ts';

/**
 * One codec of two: what `first` encodes, `second` encodes once more. Compress before you encrypt; what is encrypted does
 * not become smaller.
 *
 * Throws `invalid-argument` if either is no codec.
 *
 * @example
 * const stores = await openStores({ codec: pipe(compress(), encrypt(key)) });
 */
export function pipe(first: Codec, second: Codec): Codec {
  withContextSync(KernelError, 'pipe', undefined, () => {
    codecRule('first', first);
    codecRule('second', second);
  });
  return {
    id: `${first.id} | ${second.id}`,
    encode: async (value, context) => second.encode(await first.encode(value, context), context),
    async decode(bytes, context) {
      const inner = await second.decode(bytes, context);
      if (!isBytes(inner)) throw new TypeError(`codec "${second.id}" did not decode into bytes.`);
      return first.decode(inner, context);
    },
  };
}
