/**
 * A list that is never changed: `added` gives a longer one that shares all but the last page. So each state of a long
 * journal costs the copy of a page, and not of the journal.
 */
export type Pages<T> = readonly (readonly T[])[];

const PAGE = 256;

export function added<T>(pages: Pages<T>, item: T): Pages<T> {
  const last = pages.at(-1);
  return last && last.length < PAGE ? [...pages.slice(0, -1), [...last, item]] : [...pages, [item]];
}
