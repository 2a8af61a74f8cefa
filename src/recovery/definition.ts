import { integer, method, optional, type Rule } from '../errors/rules.ts';

/** A pure function: the state after `event`. It changes neither of its arguments. */
export type Reducer<S, E> = (state: S, event: E) => S;

/**
 * What the application's code knows of a run. Write it once, and spread it wherever a run is opened, followed or
 * recovered.
 *
 * @example
 * const importRun: RunDefinition<State, Event> = { initialState, reduce, version: 2, upcast };
 * const run = await openRun({ runId: 'import-7', ...importRun });
 */
export interface RunDefinition<S, E> {
  /** The state at seq 0. */
  readonly initialState: S;
  /** Applies one event to a state. */
  readonly reduce: Reducer<S, E>;
  /**
   * A positive integer, 1 by default. Raise it whenever `reduce`, the state or the events change: it is stored with every
   * snapshot and event, and keeps old code from writing over what new code has written.
   */
  readonly version?: number | undefined;
  /**
   * Turns an event that a lower version appended into one of today; called before `reduce`. If it throws, recovery
   * rejects with `reducer-threw`. Without it, such events go to `reduce` as they are.
   */
  readonly upcast?: ((event: unknown, version: number) => E) | undefined;
  /**
   * Turns a state that a lower version stored into one of today. Without it, or if it throws, a snapshot is ignored
   * (`older-version`) and the log is replayed; but the base of a compacted log cannot be replayed, and recovery rejects
   * with `older-version`.
   */
  readonly migrate?: ((state: unknown, version: number) => S) | undefined;
}

export const definitionRules: Record<keyof RunDefinition<unknown, unknown>, Rule> = {
  // Any value, undefined too, is a state.
  initialState: () => {},
  reduce: method,
  version: optional(integer(1)),
  upcast: optional(method),
  migrate: optional(method),
};

/** The part of a schema (Zod, Valibot, ArkType, …) that {@link validated} needs; see https://standardschema.dev. */
export interface StandardSchema<Output> {
  readonly '~standard': {
    readonly validate: (
      value: unknown,
    ) =>
      | { readonly value: Output; readonly issues?: undefined }
      | { readonly issues: readonly { readonly message: string }[] }
      | Promise<unknown>;
  };
}

/**
 * An `upcast` or `migrate` that takes what a schema accepts, with the defaults and transformations of the schema, and
 * throws at anything else.
 *
 * @example
 * const run = await openRun({ runId: 'import-7', reduce, initialState, version: 2, upcast: validated(eventSchema) });
 */
export const validated =
  <Output>(schema: StandardSchema<Output>): ((value: unknown) => Output) =>
  (value) => {
    const result = schema['~standard'].validate(value);
    if (result instanceof Promise)
      throw new TypeError('The schema is asynchronous; a recovery cannot wait for it.');
    if (result.issues) throw new TypeError(result.issues.map(({ message }) => message).join('; '));
    return result.value;
  };
