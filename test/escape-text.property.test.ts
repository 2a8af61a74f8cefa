import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeText, unescapeText } from '../src/backends/escape-text.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '\\',
        '\0',
        '\ud800',
        '\udc00',
        '\u{1F98A}',
        'u0000',
        '\\u0000',
        '\\\\',
        'a',
        'ud800',
        '\ufffd',
      ),
    )
    .map((parts) => parts.join('')),
);

test('any string comes back from text that UTF-8 holds, without NUL', () => {
  fc.assert(
    fc.property(text, (original) => {
      const escaped = escapeText(original);
      expect(unescapeText(escaped)).toBe(original);
      expect(escaped).not.toMatch(/\0|\p{Surrogate}/u);
      expect(Buffer.from(escaped).toString()).toBe(escaped);
    }),
    { numRuns: 5_000 },
  );
});

test('what needs no escape stays as it is', () => {
  for (const plain of ['import-7', 'ünïcödé \u{1F98A}', "'; DROP TABLE kernel_runs; --", '\ufffd', '\uffff'])
    expect(escapeText(plain)).toBe(plain);
  expect(escapeText('a\0b\\c\ud800')).toBe('a\\u0000b\\\\c\\ud800');
});
