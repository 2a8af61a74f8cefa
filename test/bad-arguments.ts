import fc from 'fast-check';

// What the contracts forbid, generated.

const numbers = [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1n];
const objects = [
  {},
  [],
  ['a'],
  () => {},
  class {},
  new Date(0),
  /a/,
  new EventTarget(),
  new Map(),
  Promise.resolve(),
];
const odd = [Object.create(null), new Proxy({}, {}), new String('a'), new Number(1), Symbol('s')];
/** Any value at all, and those that look right at first. */
const anything = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
  fc.constantFrom<unknown>(undefined, null, true, '', 'text', ...numbers, ...objects, ...odd),
);

/** What the contract demands of a value. */
export type Rule = (value: unknown) => boolean;
export type Rules = { readonly [field: string]: Rule };

export const isObject = (value: unknown) => Object(value) === value;
export const has = (value: unknown, ...methods: string[]) =>
  isObject(value) && methods.every((method) => typeof Object(value)[method] === 'function');
export const isRunId = (value: unknown) => typeof value === 'string' && value !== '';
export const isMethod = (value: unknown) => typeof value === 'function';
export const isOneOf =
  (...values: unknown[]) =>
  (value: unknown) =>
    values.includes(value);
export const isInteger = (least: number) => (value: unknown) =>
  Number.isSafeInteger(value) && Number(value) >= least;

/** What may be left out. */
export const optional =
  (rule: Rule): Rule =>
  (value) =>
    value === undefined || rule(value);

export const against = (rule: Rule) => anything.filter((value) => !rule(value));

/** Good options but for one field, or without a field that has to be there, or something else altogether. */
export function badOptions(good: object, rules: Rules, whole: Rule = isObject): fc.Arbitrary<unknown>[] {
  const bad = Object.entries(rules).flatMap(([field, rule]) => {
    const { [field]: _, ...without } = { ...good, [field]: undefined };
    const wrong = against(rule).map((value) => ({ ...good, [field]: value }));
    return rule(undefined) ? [wrong] : [wrong, fc.constant(without)];
  });
  return [against(whole), ...bad];
}
