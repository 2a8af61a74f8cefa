import { type Edit, edit, emptyText, type Text } from '../text.ts';

/** One way to keep an editing session. */
export interface Session {
  /** It folds the edits itself. */
  readonly keepsState?: boolean;
  /** Resolves when the edits are committed; `text` is the state after them. */
  append(edits: readonly Edit[], text: Text): Promise<unknown>;
  /** One keystroke, whose commit nobody awaits. */
  type?(edit: Edit): void;
  /** Resolves when all that was typed is committed. */
  settled?(): Promise<unknown>;
  /** Resolves when the state right after the edit `seq` is kept. */
  snapshot?(seq: number, text: Text): Promise<unknown>;
  /** The content, read back. */
  recover(withSnapshot: boolean): Promise<string>;
}

export const fold = (edits: Iterable<Edit>, start: Text = emptyText): Text => {
  let text = start;
  for (const one of edits) text = edit(text, one);
  return text;
};
