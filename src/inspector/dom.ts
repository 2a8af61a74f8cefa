/** The elements that the inspector is made of. None of them loads anything. */
type Tag =
  | 'a'
  | 'button'
  | 'code'
  | 'dd'
  | 'details'
  | 'dialog'
  | 'div'
  | 'dl'
  | 'dt'
  | 'fieldset'
  | 'form'
  | 'h2'
  | 'h3'
  | 'header'
  | 'input'
  | 'label'
  | 'legend'
  | 'li'
  | 'nav'
  | 'output'
  | 'p'
  | 'pre'
  | 'section'
  | 'span'
  | 'strong'
  | 'summary'
  | 'ul';

type Attributes = { readonly [name: string]: string | number | boolean | undefined };

/** An element. Text is text: nothing here makes HTML of a string. */
export function h<T extends Tag>(
  tag: T,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[T] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : String(value));
  element.append(...children);
  return element;
}

export function button(text: string, onClick: () => unknown, attributes: Attributes = {}): HTMLButtonElement {
  const element = h('button', { type: 'button', ...attributes }, text);
  element.addEventListener('click', onClick);
  return element;
}

/** Sets a text only if it is another: what has not changed is not announced again, and a selection in it stays. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A choice of one of several, as radio buttons: the arrow keys and the names come with them. */
export function choice<T extends string>(
  legend: string,
  options: readonly T[],
  chosen: T,
  onChoose: (option: T) => unknown,
): HTMLFieldSetElement {
  const name = `choice-${++choices}`;
  const labels = options.map((option) => {
    const input = h('input', { type: 'radio', name, value: option, checked: option === chosen });
    input.addEventListener('change', () => onChoose(option));
    return h('label', {}, input, h('span', {}, option));
  });
  return h('fieldset', { class: 'choice' }, h('legend', { class: 'unseen' }, legend), ...labels);
}

let choices = 0;

/** The window in which an element is: a detached one has a clock and a layout of its own. */
export const windowOf = (element: Element): Window & typeof globalThis =>
  element.ownerDocument.defaultView ?? window;
