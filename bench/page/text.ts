/** One keystroke: at `at`, so many characters go and `ins` comes. */
export interface Edit {
  readonly type: 'edit';
  readonly at: number;
  readonly del: number;
  readonly ins: string;
}

/** A text in pieces, so that a pure reducer copies a list of pieces and not a whole text. */
export type Text = readonly string[];

const PIECE = 1_024;

export const emptyText: Text = [];

export const textOf = (content: string): Text => content.match(/.{1,512}/gs) ?? [];

export const contentOf = (text: Text): string => text.join('');

/** The reducer of every subject: the same work for each. */
export function edit(text: Text, { at, del, ins }: Edit): Text {
  let first = 0;
  let start = 0;
  for (let piece = text[0]; piece !== undefined && start + piece.length < at; piece = text[first]) {
    start += piece.length;
    first++;
  }
  let touched = text[first] ?? '';
  let next = first + 1;
  while (start + touched.length < at + del && next < text.length) touched += text[next++];
  const changed = touched.slice(0, at - start) + ins + touched.slice(at - start + del);
  const pieces = changed.length > PIECE ? textOf(changed) : changed === '' ? [] : [changed];
  const edited = text.slice();
  edited.splice(first, next - first, ...pieces);
  return edited;
}
