import { Reason } from './reason.ts';

// What arguments have to be. The rules for a function's options stand beside their type.

/** Fails unless `value`, which the caller knows as `name`, is what it has to be. */
export type Rule = (name: string, value: unknown) => void;

/** Fails with `invalid-argument`: `name` has to be `what`. */
export const rule =
  (what: string, isRight: (value: unknown) => boolean): Rule =>
  (name, value) => {
    if (isRight(value)) return;
    const shown = typeof value === 'string' ? `"${value}"` : typeof value === 'number' ? value : typeof value;
    throw new Reason('invalid-argument', `${name} must be ${what}; got ${shown}. Nothing was touched.`);
  };

const ofType = (type: string): Rule => rule(`a ${type}`, (value) => typeof value === type);
export const text: Rule = ofType('string');
export const method: Rule = ofType('function');
export const flag: Rule = ofType('boolean');
export const nonEmpty: Rule = rule(
  'a non-empty string',
  (value) => typeof value === 'string' && value !== '',
);

export const integer = (least: number): Rule =>
  rule(
    `a safe integer of at least ${least}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= least,
  );

export const oneOf = (...values: readonly unknown[]): Rule =>
  rule(`one of ${values.join(', ')}`, (value) => values.includes(value));

export const optional =
  (rule: Rule): Rule =>
  (name, value) => {
    if (value !== undefined) rule(name, value);
  };

export const array: Rule = rule('an array', Array.isArray);
const any = rule('an object', (value) => Object(value) === value);

/** An object with these fields; others do not matter. */
export const object =
  (fields: { readonly [field: string]: Rule }): Rule =>
  (name, value) => {
    any(name, value);
    for (const [field, rule] of Object.entries(fields)) rule(`${name}.${field}`, Object(value)[field]);
  };
