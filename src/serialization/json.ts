/** What `JSON.parse` gives. */
export type Json =
  | Scalar
  | readonly Json[]
  | {
      readonly [key: string]: Json;
    };

/** A value that JSON holds as it is, and that has no parts. */
export type Scalar = null | boolean | number | string;

export const isScalar = (value: unknown): value is Scalar =>
  value === null ||
  typeof value === 'boolean' ||
  typeof value === 'string' ||
  (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0));

/** The version of the envelope, which is in its field `rewake`. */
export const ENVELOPE = 1;

export const isEnvelope = (json: unknown): boolean =>
  Object(json) === json && Object.hasOwn(Object(json), 'rewake');

type View = new (buffer: ArrayBuffer, byteOffset: number, length: number) => ArrayBufferView;

/** The views on a buffer, by their names. */
export const views: ReadonlyMap<unknown, View> = /* @__PURE__ */ new Map(
  Object.entries({
    ...{
      DataView,
      Int8Array,
      Uint8Array,
      Uint8ClampedArray,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
    },
    ...{ Float32Array, Float64Array, BigInt64Array, BigUint64Array },
  }),
);

type AnyError = new (message?: string) => Error;

/** The errors that a structured clone keeps apart, by their names. */
export const errors: ReadonlyMap<unknown, AnyError> = /* @__PURE__ */ new Map(
  Object.entries({ Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }),
);
