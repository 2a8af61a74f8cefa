import { button, h } from './dom.ts';
import { bytesOf, hasParts, hexDump, kindOf, type Part, partsOf, sizeOf, tagOf, textOf } from './value.ts';

/** So many characters of a value are on its line. */
const BRIEF = 160;
/** So many parts are shown at once. */
const PARTS_AT_ONCE = 100;

/** Which parts of a value are unfolded, so that the same ones are when the next value is shown. */
export type Unfolded = Set<string>;

/** A value as a tree to unfold. What is folded is not made before somebody looks. */
export const valueView = (value: unknown, unfolded: Unfolded): HTMLElement =>
  h('div', { class: 'value' }, partView({ place: '', label: '', value }, '', unfolded, []));

function partView(
  { place, label, value }: Part,
  path: string,
  unfolded: Unfolded,
  around: readonly unknown[],
): HTMLElement {
  const here = path + place;
  const isAgain = around.includes(value);
  const text = isAgain ? '↺ a circle: the same object as above' : textOf(value, BRIEF);
  const line = [
    ...(label === '' ? [] : [h('span', { class: 'label' }, label), ' ']),
    h('span', { class: `of-${isAgain ? 'special' : kindOf(value)}` }, text),
  ];
  const inside = isAgain ? undefined : insideOf(value, here, unfolded, around);
  if (!inside) return h('div', { class: 'leaf' }, ...line);
  const details = h('details', {}, h('summary', {}, ...line));
  const unfold = () => {
    if (details.childElementCount === 1) details.append(inside());
  };
  // The root is unfolded unless somebody has folded it, and that is remembered, too.
  const isRoot = place === '';
  details.open = unfolded.has(here) !== isRoot;
  if (details.open) unfold();
  details.addEventListener('toggle', () => {
    if (details.open !== isRoot) unfolded.add(here);
    else unfolded.delete(here);
    if (details.open) unfold();
  });
  return details;
}

/** What is shown of a value when it is unfolded; `undefined` if its line says it all. */
function insideOf(
  value: unknown,
  here: string,
  unfolded: Unfolded,
  around: readonly unknown[],
): (() => Node) | undefined {
  if (typeof value === 'string')
    return value.length > BRIEF || value.includes('\n') ? () => h('pre', {}, value) : undefined;
  const bytes = bytesOf(value);
  if (bytes) return bytes.length > 8 ? () => h('pre', {}, hexDump(bytes)) : undefined;
  if (!hasParts(value)) return undefined;
  const parts = partsOf(value);
  if (sizeOf(value) === 0 && tagOf(value) !== 'Error') return undefined;
  const inner = [...around, value];
  return () => partList(value, parts, (part) => partView(part, here, unfolded, inner));
}

/** The first parts, and a button for more. */
function partList(value: object, parts: Generator<Part>, view: (part: Part) => HTMLElement): HTMLElement {
  const list = h('div', { class: 'parts' });
  let shown = 0;
  const more = button('', () => add());
  const add = () => {
    more.remove();
    for (let added = 0; added < PARTS_AT_ONCE; added++) {
      const { done, value: part } = parts.next();
      if (done) return;
      shown++;
      list.append(view(part));
    }
    const left = sizeOf(value) - shown;
    if (left <= 0) return;
    more.textContent = `${left} more…`;
    list.append(more);
  };
  add();
  return list;
}
