import { Reason } from './reason.ts';

// What the contracts demand of arguments, once for every backend. All of it fails with `invalid-argument`.

/** Fails unless `value`, which the caller knows as `name`, is what it has to be. */
type Rule = (name: string, value: unknown) => void;

const rule =
  (what: string, isRight: (value: unknown) => boolean): Rule =>
  (name, value) => {
    if (isRight(value)) return;
    const shown = typeof value === 'string' ? `"${value}"` : typeof value === 'number' ? value : typeof value;
    throw new Reason('invalid-argument', `${name} is ${what}, not ${shown}. Nothing was touched.`);
  };

const ofType = (type: string): Rule => rule(`a ${type}`, (value) => typeof value === type);
export const text: Rule = ofType('string');
export const method: Rule = ofType('function');
export const flag: Rule = ofType('boolean');
const nonEmpty = rule('a non-empty string', (value) => typeof value === 'string' && value !== '');

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

const any = rule('an object', (value) => Object(value) === value);

/** An object with these fields, and others that nobody cares about. */
export const object =
  (fields: { readonly [field: string]: Rule }): Rule =>
  (name, value) => {
    any(name, value);
    for (const [field, rule] of Object.entries(fields)) rule(`${name}.${field}`, Object(value)[field]);
  };

export const checkRunId = (runId: unknown): void => nonEmpty('runId', runId);

const identity = optional(
  rule(
    'null or a non-empty string',
    (value) => value === null || (typeof value === 'string' && value !== ''),
  ),
);

const snapshotRule = object({ runId: nonEmpty, atSeq: integer(0), logId: identity });

const saveOptions = optional(object({ immutable: optional(flag) }));

export function checkSave(snapshot: unknown, options: unknown): void {
  snapshotRule('snapshot', snapshot);
  saveOptions('options', options);
}

const batch = rule('an array', Array.isArray);
const fence = object({
  expectedHead: optional(integer(0)),
  logId: identity,
  writer: optional(nonEmpty),
  immutable: optional(flag),
});
const fencedOptions = object({
  expectedHead: rule('given together with logId', (value) => value !== undefined),
});

export function checkAppend(runId: unknown, events: unknown, options: unknown): void {
  checkRunId(runId);
  batch('events', events);
  if (options === undefined) return;
  fence('options', options);
  if (Object(options).logId !== undefined) fencedOptions('options', options);
}

export function checkScan(runId: unknown, from: unknown, limit: unknown): void {
  checkRunId(runId);
  integer(1)('from', from);
  optional(integer(1))('limit', limit);
}

export const checkListener = (listener: unknown): void => method('listener', listener);

const reading = { loadLatest: method };
const scanning = { head: method, scan: method };

export const checkRecoverOptions = (options: unknown): void =>
  object({ runId: nonEmpty, snapshots: object(reading), events: object(scanning), reduce: method })(
    'options',
    options,
  );

/** What `openRun` and `followRun` have in common. */
const runFields = () => ({
  id: nonEmpty,
  reduce: method,
  stores: optional(
    object({
      snapshots: object({ loadLatest: method, save: method, delete: method }),
      events: object({ head: method, scan: method, append: method }),
      databaseName: optional(text),
    }),
  ),
  onReport: optional(method),
});

export const checkFollowOptions = (options: unknown): void => object(runFields())('options', options);

export const checkRunOptions = (options: unknown): void =>
  object({
    ...runFields(),
    snapshotEvery: optional(integer(1)),
    freeze: optional(flag),
    owner: optional(oneOf('wait', 'fail', 'steal')),
    signal: optional(object({ aborted: flag, addEventListener: method })),
  })('options', options);
