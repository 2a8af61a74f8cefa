import type { Seq } from '../contracts/words.ts';
import { type Connection, seqOf, textOf } from './connection.ts';

/** Of which a text is the continuation. */
export type Kind = 'event' | 'base' | 'snapshot';

/** So many UTF-16 units are at most 1.5 MB of UTF-8. A row of a Durable Object holds 2 MB. */
const LONGEST = 500_000;

/** The parts of a text, each short enough for a row; UTF-8 cannot hold a half of a pair of surrogates. */
export function split(text: string): [string, ...string[]] {
  const cutAfter = (from: number) => {
    const to = from + LONGEST;
    return to < text.length && /[\ud800-\udbff]/.test(text.charAt(to - 1)) ? to - 1 : to;
  };
  let at = cutAfter(0);
  const parts: [string, ...string[]] = [text.slice(0, at)];
  for (; at < text.length; at = cutAfter(at)) parts.push(text.slice(at, cutAfter(at)));
  return parts;
}

/** Keeps the parts of a text but the first. */
export function keepRest(db: Connection, run: string, kind: Kind, seq: Seq, rest: readonly string[]): void {
  for (const [part, text] of rest.entries())
    db.rows('INSERT INTO kernel_parts VALUES (?, ?, ?, ?, ?)', run, kind, seq, part, text);
}

/** What follows the first part of each text with a seq from `from` to `to`. */
export function restsOf(db: Connection, run: string, kind: Kind, from: Seq, to: Seq): Map<Seq, string> {
  const rests = new Map<Seq, string>();
  const rows = db.rows(
    `SELECT seq, text FROM kernel_parts WHERE run_id = ? AND kind = ? AND seq BETWEEN ? AND ? ORDER BY seq, part`,
    ...[run, kind, from, to],
  );
  for (const row of rows) {
    const seq = seqOf(row.seq);
    rests.set(seq, (rests.get(seq) ?? '') + textOf(row.text));
  }
  return rests;
}

/** Drops the parts of the texts up to `to`. */
export function dropRests(db: Connection, run: string, kind: Kind, to: Seq): void {
  db.rows('DELETE FROM kernel_parts WHERE run_id = ? AND kind = ? AND seq <= ?', run, kind, to);
}
