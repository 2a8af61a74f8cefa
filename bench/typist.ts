import { contentOf, edit, emptyText, type Text } from './page/text.ts';
import type { Trace } from './trace.ts';

const VOWELS = 'aeiou';
const CONSONANTS = 'bcdfghklmnprstvw';

/**
 * A writing session, the same for the same seed: words typed in bursts, slips mended at once, passages deleted
 * again, jumps to other places. Of 100 edits about 70 insert a character and 30 delete one, as in the published
 * traces of people who wrote a paper.
 */
export function typist(edits: number, seed = 1): Trace {
  const random = mulberry32(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const letter = (letters: string) => letters.charAt(below(letters.length));
  const txns: Trace['txns'][number][] = [];
  let text: Text = emptyText;
  let length = 0;
  let cursor = 0;

  const change = (at: number, del: number, ins: string) => {
    if (txns.length === edits) return;
    txns.push({ patches: [[at, del, ins]] });
    text = edit(text, { type: 'edit', at, del, ins });
    length += ins.length - del;
    cursor = at + ins.length;
  };
  const type = (word: string) => {
    for (const character of word) change(cursor, 0, character);
  };
  const backspace = (count: number) => {
    for (let left = Math.min(count, cursor); left > 0; left--) change(cursor - 1, 1, '');
  };
  const word = () => {
    let syllables = '';
    for (let left = 1 + below(4); left > 0; left--) syllables += letter(CONSONANTS) + letter(VOWELS);
    return syllables + (random() < 0.1 ? '. ' : ' ');
  };

  while (txns.length < edits) {
    for (let words = 1 + below(12); words > 0; words--) {
      const typed = word();
      type(typed);
      if (random() < 0.2) {
        const slip = 1 + below(typed.length);
        backspace(slip);
        type(typed.slice(-slip));
      }
    }
    if (random() < 0.6) backspace(below(50));
    const jump = random();
    if (jump < 0.15) cursor = below(length + 1);
    else if (jump < 0.4) cursor = Math.max(0, Math.min(length, cursor + below(400) - 200));
    else if (jump < 0.6) cursor = length;
  }
  return { startContent: '', endContent: contentOf(text), txns };
}

/** Random numbers from 0 to 1 that are the same for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
