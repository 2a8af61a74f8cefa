import type { Codec } from 'rewake';
import { compress, encrypt, pipe } from 'rewake/codecs';

/** The same in each browser: what one has written, another one recovers. */
const key = (): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', new Uint8Array(32).fill(7), 'AES-GCM', false, ['encrypt', 'decrypt']);

const codecs: { readonly [name: string]: () => Promise<Codec> } = {
  'compress()': async () => compress(),
  'encrypt(key)': async () => encrypt(await key()),
  'pipe(compress(), encrypt(key))': async () => pipe(compress(), encrypt(await key())),
};

export async function codecNamed(name: string): Promise<Codec> {
  const make = codecs[name];
  if (!make) throw new Error(`There is no codec ${name}.`);
  return make();
}
