/** Like what applications keep: many small objects, strings, numbers, dates as text. */
export interface State {
  readonly revision: number;
  readonly items: readonly object[];
}

const item = (index: number) => ({
  id: `item-${index}`,
  title: `The thing number ${index} of a long list`,
  done: index % 3 === 0,
  price: index * 1.17,
  tags: ['red', 'round', `shelf ${index % 40}`],
  changed: `2026-0${1 + (index % 9)}-1${index % 10}T09:30:00.000Z`,
  by: { name: `Person ${index % 25}`, mail: `person.${index % 25}@example.org` },
});

/** A state of about so many bytes as JSON. */
export function stateOf(bytes: number): State {
  const items: object[] = [];
  for (let size = 0; size < bytes; size += JSON.stringify(items.at(-1)).length + 1)
    items.push(item(items.length));
  return { revision: 0, items };
}
