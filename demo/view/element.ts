/** The page's element of this id; an error where the HTML has none of this class. */
export function element<T extends HTMLElement>(id: string, Class: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof Class)) throw new Error(`The page has no ${Class.name} with the id ${id}.`);
  return found;
}

/** A new element. `text` is never taken for HTML. */
export function create<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  text = '',
): HTMLElementTagNameMap[Name] {
  const created = document.createElement(name);
  created.className = className;
  created.textContent = text;
  return created;
}
