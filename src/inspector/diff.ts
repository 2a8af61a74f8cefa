import { placeOf } from '../errors/place.ts';
import { bytesOf, hasParts, isObject, partsOf, tagOf, textOf } from './value.ts';

/** What is different in a state, and where: `.items[3].name`, `.files.get("a")`; the state itself is ''. */
export type Change =
  | { readonly kind: 'added'; readonly path: string; readonly after: unknown }
  | { readonly kind: 'removed'; readonly path: string; readonly before: unknown }
  | { readonly kind: 'changed'; readonly path: string; readonly before: unknown; readonly after: unknown };

/** The first `limit` differences. What both states share by reference is not looked into. */
export function diff(before: unknown, after: unknown, limit: number = 500): Change[] {
  const found: Change[] = [];
  for (const change of changes(before, after, '', [])) if (found.push(change) === limit) break;
  return found;
}

/** Whether two values are alike in all their parts. */
export const isSame = (one: unknown, other: unknown): boolean => diff(one, other, 1).length === 0;

/** What is nested deeper is different if it is not the same object. */
const DEEPEST = 200;

type Pair = readonly [unknown, unknown];

function* changes(before: unknown, after: unknown, path: string, around: readonly Pair[]): Generator<Change> {
  if (Object.is(before, after)) return;
  // A circle that leads back to both of them has no end.
  if (around.some(([one, other]) => one === before && other === after)) return;
  if (!isObject(before) || !isObject(after) || tagOf(before) !== tagOf(after) || around.length === DEEPEST)
    yield { kind: 'changed', path, before, after };
  else if (Array.isArray(before) && Array.isArray(after))
    yield* changesInList(before, after, path, [...around, [before, after]]);
  else if (hasParts(before)) yield* changesInParts(before, after, path, [...around, [before, after]]);
  else if (!isSameLeaf(before, after)) yield { kind: 'changed', path, before, after };
}

function isSameLeaf(before: object, after: object): boolean {
  const [one, other] = [bytesOf(before), bytesOf(after)];
  if (!one || !other) return textOf(before) === textOf(after);
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

function* changesInParts(
  before: object,
  after: object,
  path: string,
  around: readonly Pair[],
): Generator<Change> {
  const olds = byKey(before);
  for (const [key, { place, value }] of byKey(after)) {
    const old = olds.get(key);
    if (old) yield* changes(old.value, value, path + place, around);
    else yield { kind: 'added', path: path + place, after: value };
    olds.delete(key);
  }
  for (const { place, value } of olds.values()) yield { kind: 'removed', path: path + place, before: value };
}

/** The parts by what tells them apart: the key of a Map, the member of a Set, else the place. */
function byKey(value: object): Map<unknown, { readonly place: string; readonly value: unknown }> {
  const keys: Iterator<unknown> | undefined =
    value instanceof Map || value instanceof Set ? value.keys() : undefined;
  return new Map(Array.from(partsOf(value), (part) => [keys ? keys.next().value : part.place, part]));
}

/** What both lists begin and end with is left out, so that one item more at the front is one change. */
function* changesInList(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
  around: readonly Pair[],
): Generator<Change> {
  const shorter = Math.min(before.length, after.length);
  const same = (one: unknown, other: unknown) =>
    Object.is(one, other) || changes(one, other, '', around).next().done === true;
  let head = 0;
  while (head < shorter && same(before[head], after[head])) head++;
  let tail = 0;
  while (tail < shorter - head && same(before.at(-1 - tail), after.at(-1 - tail))) tail++;
  const [olds, news] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  // A list of the latest items has moved on: some are gone at its front, and some are new at its end.
  const moved = olds.findIndex(
    (old, by) =>
      by > 0 &&
      same(old, news[0]) &&
      news.length >= olds.length - by &&
      olds.slice(by).every((old, at) => same(old, news[at])),
  );
  const by = Math.max(0, moved);
  for (let at = 0; at < by; at++)
    yield { kind: 'removed', path: path + placeOf(head + at), before: olds[at] };
  olds.splice(0, by);
  for (let at = by > 0 ? olds.length : 0; at < Math.max(olds.length, news.length); at++) {
    const place = path + placeOf(head + at);
    if (at >= olds.length) yield { kind: 'added', path: place, after: news[at] };
    else if (at >= news.length) yield { kind: 'removed', path: place, before: olds[at] };
    else yield* changes(olds[at], news[at], place, around);
  }
}
