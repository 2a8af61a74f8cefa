import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import type { Codec, CodecContext } from 'rewake';
import { anyOf, compress, encrypt, pipe } from 'rewake/codecs';
import { describe, expect, test } from 'vitest';
import { bytesOf, graph, text, tree } from './any-value.ts';

const newKey = () =>
  crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
const key = await newKey();
const other = await newKey();
const keys = { old: key, 'new-1.b': other };

const codecs: [string, Codec][] = [
  ['compress()', compress()],
  ['encrypt(key)', encrypt(key)],
  ['encrypt({ keys, current })', encrypt({ keys, current: 'new-1.b' })],
  ['pipe(compress(), encrypt(key))', pipe(compress(), encrypt(key))],
  [
    'pipe(compress(), pipe(encrypt(key), encrypt(other)))',
    pipe(compress(), pipe(encrypt(key), encrypt(other))),
  ],
];
const sealed = codecs.filter(([, { id }]) => id.includes('aes'));

const contexts: fc.Arbitrary<CodecContext> = fc.record({
  kind: fc.constantFrom('events', 'snapshot', 'base'),
  runId: text.filter((id) => id !== ''),
  seq: fc.maxSafeNat(),
});
/** Also what is worth compressing, and bytes by themselves: whole, and a part of a buffer. */
const values = fc.oneof(
  graph,
  tree,
  fc.tuple(tree, fc.nat({ max: 300 })).map(([value, times]) => Array(times).fill(value)),
  fc.uint8Array({ maxLength: 600 }).map((bytes) => bytes.slice()),
  fc.nat({ max: 5_000 }).map((length) => new Uint8Array(length)),
  fc.nat({ max: 8 }).map((from) => new Uint8Array(300).subarray(from)),
);
const SMALL = new TextEncoder().encode('{"rewake":');

describe.each(codecs)('%s', (_, codec) => {
  test('gives every value back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(values, contexts, async (generated, context) => {
        const value = structuredClone(generated);
        const decoded = await codec.decode(await codec.encode(value, context), context);
        expect(bytesOf(decoded) === bytesOf(value)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('refuses what was cut off', async () => {
    await fc.assert(
      fc.asyncProperty(values, contexts, fc.nat(), async (generated, context, at) => {
        const bytes = await codec.encode(structuredClone(generated), context);
        await expect(decoding(codec, bytes.slice(0, at % bytes.length), context)).rejects.toThrow();
      }),
      { numRuns: 400 },
    );
  });

  test('refuses random bytes', async () => {
    const begun = fc
      .tuple(fc.constantFrom(0, 1, 7), fc.uint8Array({ maxLength: 400 }))
      .map(([first, rest]) => Uint8Array.of(first, ...rest));
    const cut = fc
      .uint8Array({ maxLength: 20 })
      .map((rest) => Uint8Array.of(0, 0, 0, 0, 10, ...SMALL, ...rest));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(begun, cut, fc.uint8Array({ maxLength: 60 })),
        contexts,
        async (bytes, context) => {
          await expect(decoding(codec, bytes, context)).rejects.toThrow();
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe.each(sealed)('%s', (_, codec) => {
  test('refuses what was changed anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        values,
        contexts,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (value, context, at, by) => {
          const bytes = Uint8Array.from(await codec.encode(structuredClone(value), context));
          const index = at % bytes.length;
          bytes[index] = (bytes[index] ?? 0) ^ by;
          await expect(decoding(codec, bytes, context)).rejects.toThrow();
        },
      ),
      { numRuns: 400 },
    );
  });

  test('refuses what was moved to another run, seq or kind', async () => {
    await fc.assert(
      fc.asyncProperty(
        contexts,
        contexts,
        fc.subarray(['kind', 'runId', 'seq'] as const),
        async (here, there, moved) => {
          const context = { ...here, ...Object.fromEntries(moved.map((field) => [field, there[field]])) };
          const isSame = moved.every((field) => here[field] === there[field]);
          const bytes = await codec.encode([1], here);
          if (isSame) expect(await codec.decode(bytes, context)).toEqual([1]);
          else await expect(decoding(codec, bytes, context)).rejects.toThrow();
        },
      ),
      { numRuns: 400 },
    );
  });

  test('never gives the same bytes twice', async () => {
    const context = { kind: 'events', runId: 'a', seq: 1 } as const;
    const all = await Promise.all(Array.from({ length: 500 }, () => codec.encode([1], context)));
    expect(new Set(all.map(String)).size).toBe(500);
  });
});

const decoding = async (codec: Codec, bytes: Uint8Array, context: CodecContext) =>
  codec.decode(bytes, context);

const context: CodecContext = { kind: 'events', runId: 'a', seq: 1 };

describe('compress()', () => {
  const codec = compress();

  test('a part of a buffer keeps the buffer, and its place in it', async () => {
    const part = new Uint8Array(300).subarray(8, 100);
    const decoded = await codec.decode(await codec.encode(part, context), context);
    const { byteOffset, length, buffer } = Object(decoded);
    expect([byteOffset, length, buffer.byteLength]).toEqual([8, 92, 300]);
  });

  test('makes what repeats itself small, and nothing larger than by five bytes', async () => {
    const events = Array.from({ length: 200 }, (_, id) => ({ type: 'moved', id, to: { x: id, y: 2 * id } }));
    const length = JSON.stringify(events).length;
    expect((await codec.encode(events, context)).length).toBeLessThan(length / 4);
    const noise = crypto.getRandomValues(new Uint8Array(10_000));
    expect((await codec.encode(noise, context)).length).toBe(10_000 + 1 + 5);
  });

  test('leaves small records alone', async () => {
    const small = ['x'.repeat(190)];
    expect((await codec.encode(small, context)).length).toBe(JSON.stringify(small).length + 5);
    const larger = ['x'.repeat(200)];
    expect((await codec.encode(larger, context)).length).toBeLessThan(30);
  });

  test('refuses to inflate to more than 64 MiB, and writes nothing that would', async () => {
    const bomb = Uint8Array.of(1, ...deflateSync(new Uint8Array(2 ** 26 + 1)));
    expect(bomb.length).toBeLessThan(100_000);
    await expect(decoding(codec, bomb, context)).rejects.toThrow('64 MiB');
    const large = new Uint8Array(2 ** 26);
    const bytes = await codec.encode(large, context);
    const decoded = await codec.decode(bytes, context);
    expect(decoded instanceof Uint8Array && decoded.length).toBe(large.length);
  });
});

describe('encrypt', () => {
  test('decrypts with the key that a record names, and encrypts with the current one', async () => {
    const before = encrypt({ keys: { old: key }, current: 'old' });
    const after = encrypt({ keys, current: 'new-1.b' });
    const last = encrypt({ keys: { 'new-1.b': other }, current: 'new-1.b' });
    const bytes = await before.encode(['one'], context);
    expect(await after.decode(bytes, context)).toEqual(['one']);
    await expect(decoding(last, bytes, context)).rejects.toThrow('not among those given');
    expect(await last.decode(await after.encode(['two'], context), context)).toEqual(['two']);
    await expect(decoding(before, await after.encode(['two'], context), context)).rejects.toThrow();
  });

  test('a key alone has the id `default`', async () => {
    const bytes = await encrypt(key).encode(['one'], context);
    const rotated = encrypt({ keys: { default: key, next: other }, current: 'next' });
    expect(await rotated.decode(bytes, context)).toEqual(['one']);
  });

  test('a key that only decrypts is enough to read', async () => {
    const raw = crypto.getRandomValues(new Uint8Array(32));
    const both = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
    const reader = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt']);
    const bytes = await encrypt(both).encode(['one'], context);
    expect(await encrypt(reader).decode(bytes, context)).toEqual(['one']);
  });

  test('throws invalid-argument at what is no key, no id, and no current one', async () => {
    const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'sign',
      'verify',
    ]);
    for (const bad of [
      undefined,
      null,
      'key',
      {},
      privateKey,
      { keys: {}, current: 'a' },
      { keys, current: 'other' },
      { keys, current: 'toString' },
      { keys, current: undefined },
      { keys: { '': key }, current: '' },
      { keys: { ü: key }, current: 'ü' },
      { keys: { ['a'.repeat(65)]: key }, current: 'a'.repeat(65) },
      { keys: { a: privateKey }, current: 'a' },
      { keys: null, current: 'a' },
    ])
      expect(() => encrypt(bad as CryptoKey)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });
});

test('pipe throws invalid-argument at what is no codec', () => {
  for (const bad of [undefined, {}, { ...compress(), id: '' }, { ...compress(), decode: 1 }]) {
    expect(() => pipe(compress(), bad as Codec)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
    expect(() => pipe(bad as Codec, compress())).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  }
});

describe('anyOf', () => {
  const byId = (id: string): Codec => ({
    id,
    encode: (value) => new TextEncoder().encode(`${id} ${value}`),
    decode: (bytes, _, stored) => [id, stored, new TextDecoder().decode(bytes)],
  });
  const [a, b, c] = [byId('a'), byId('b'), byId('c')];

  test('encodes as the first, and gives each record to the one that it names', async () => {
    const codec = anyOf(a, b);
    expect([codec.id, codec.ids]).toEqual(['a', ['a', 'b']]);
    const bytes = await codec.encode(1, context);
    expect(codec.decode(bytes, context, 'b')).toEqual(['b', 'b', 'a 1']);
    expect(codec.decode(bytes, context, 'a')).toEqual(['a', 'a', 'a 1']);
    expect(codec.decode(bytes, context)).toEqual(['a', undefined, 'a 1']);
  });

  test('goes into another one, with all that it reads, and into a pipe, as its first', async () => {
    const codec = anyOf(c, anyOf(a, b));
    expect(codec.ids).toEqual(['c', 'a', 'b']);
    const bytes = await codec.encode(1, context);
    expect(codec.decode(bytes, context, 'b')).toEqual(['b', 'b', 'c 1']);
    const piped = pipe(anyOf(compress(), b), encrypt(key));
    expect([piped.id, piped.ids]).toEqual(['deflate | aes-gcm', undefined]);
    expect(await piped.decode(await piped.encode(['one'], context), context)).toEqual(['one']);
  });

  test('throws invalid-argument at what is no codec, and at two with one id', () => {
    const error = (message: string) =>
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) });
    for (const bad of [undefined, {}, { ...a, id: '' }, { ...a, decode: 1 }]) {
      expect(() => anyOf(bad as Codec)).toThrow(error('codec'));
      expect(() => anyOf(a, bad as Codec)).toThrow(error('codec'));
    }
    expect(() => anyOf(a, b, byId('a'))).toThrow(error('two codecs have the id "a"'));
    expect(() => anyOf(encrypt(key), encrypt(other))).toThrow(error('two codecs have the id "aes-gcm"'));
  });
});
