/**
 * Opens a handle on the backend's store `name`. Handles of one name share their data, as two tabs on one
 * database do; a name's data is empty at first, and different for each case.
 */
export type Open<Store> = (name: string) => Store | Promise<Store>;

/** One guarantee of a contract. It knows no test framework: it rejects if the backend breaks it. */
export interface ConformanceCase<Store> {
  readonly name: string;
  run(open: Open<Store>): Promise<void>;
}

/** Legal run ids that a careless backend mixes up, loses or treats as something special. */
export const peculiarRunIds: readonly string[] = [
  'a',
  'a,1',
  'ab',
  'A',
  ' ',
  '0',
  '__proto__',
  'constructor',
  'toString',
  'with\u0000nul',
  'with\\u0000nul',
  '\\',
  '../..',
  '%2F',
  "'; DROP TABLE kernel_runs; --",
  'ünïcödé \u{1F98A}',
  '<b>markup</b>',
  '\uffff',
  '\ufffd',
  '\ud800',
  '\udc00\ud800',
  'x'.repeat(10_000),
];

/** A legal run id that is as long when it is compressed: for some a key that is too long. */
export const incompressibleRunId = (): string =>
  Array.from({ length: 10_000 }, () => Math.floor(36 * Math.random()).toString(36)).join('');

/** Illegal run ids. */
export const badRunIds: readonly unknown[] = [
  '',
  undefined,
  null,
  0,
  1,
  true,
  {},
  [],
  ['a'],
  Symbol('a'),
  () => 'a',
];

/** Illegal seqs, wherever one is taken. */
export const badSeqs: readonly unknown[] = [
  -1,
  0.5,
  Number.NaN,
  2 ** 53,
  Number.POSITIVE_INFINITY,
  '1',
  null,
  {},
  1n,
];

/** A value of every kind that has to survive. */
export function richValue(): unknown {
  const cyclic: Record<string, unknown> = { name: 'cyclic' };
  Object.assign(cyclic, { self: cyclic });
  return {
    cyclic,
    map: new Map<unknown, unknown>([
      ['key', new Map([[1, 'nested']])],
      [{ object: 'key' }, 2],
    ]),
    set: new Set([1, 'two', new Date(3)]),
    date: new Date(1_700_000_000_000),
    bigint: 2n ** 80n,
    bytes: new Uint8Array([1, 2, 255]),
    floats: new Float64Array([0.5, -0, Number.POSITIVE_INFINITY]),
    buffer: new Uint8Array([4, 5, 6]).buffer,
    error: new RangeError('out of range'),
    regexp: /a+/giu,
    nothing: undefined,
    none: null,
    numbers: [0, -0, Number.NaN, Number.MAX_SAFE_INTEGER, 1e300],
    text: 'ünïcödé \u{1F98A} \u0000 \ud800',
    array: [[], [[]], {}],
    keys: JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "": 2}'),
  };
}

function detachedBuffer(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

/** Values that cannot be stored, each with the place of the reason in it. */
export function uncloneables(): { value: unknown; place: string }[] {
  const cyclic: Record<string, unknown> = {};
  Object.assign(cyclic, { early: { back: cyclic }, late: { onEnd: () => {} } });
  return [
    { value: { items: [1, 2, 3, { onClick: () => {} }] }, place: '.items[3].onClick' },
    { value: { deep: { symbol: Symbol('s') } }, place: '.deep.symbol' },
    { value: { weak: new WeakMap() }, place: '.weak' },
    { value: { 'odd key': { later: Promise.resolve() } }, place: '["odd key"].later' },
    { value: { proxy: new Proxy({ a: 1 }, {}) }, place: '.proxy' },
    { value: { detached: [detachedBuffer()] }, place: '.detached[0]' },
    { value: { map: new Map([['a', () => {}]]) }, place: '.map[0][1]' },
    { value: { call: Object.assign(() => {}, { extra: () => {} }) }, place: '.call' },
    { value: cyclic, place: '.late.onEnd' },
    {
      value: {
        get broken() {
          throw new Error('a getter that throws');
        },
      },
      place: '.broken',
    },
    { value: () => {}, place: '' },
  ];
}
