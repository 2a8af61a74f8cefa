import type { PersistStorage, StorageValue } from 'zustand/middleware';
import { isKernelError, RunError } from '../errors/kernel-error.ts';
import { type ItemOptions, Items } from '../run/items.ts';
import { reportTo } from '../run/report.ts';

/** What {@link runStorage} needs to know. */
export interface RunStorageOptions extends ItemOptions {}

/** A storage for zustand's `persist`. All methods are bound. */
export interface RunStorage<S> extends PersistStorage<S, Promise<void>> {
  readonly getItem: (name: string) => Promise<StorageValue<S> | null>;
  readonly setItem: (name: string, value: StorageValue<S>) => Promise<void>;
  readonly removeItem: (name: string) => Promise<void>;
  /**
   * Calls `listener` when another tab has written or removed the item, or has refused this one's write by doing so: the
   * time to `rehydrate()`. Returns what ends that.
   */
  readonly subscribe: (name: string, listener: () => void) => () => void;
}

/**
 * A storage for the `persist` middleware, in IndexedDB: values are structured-cloned, so Map, Set, Date and typed arrays
 * survive; functions at the top of the state, its actions, are left out, as JSON does.
 *
 * A stale tab cannot write over what another one has written: `setItem` rejects with `conflict`, changes nothing and tells
 * `onError`. Nor can a tab of an older `version` than what it has read: `newer-version`.
 *
 * @example
 * const storage = runStorage<State>();
 * const useSettings = create<State>()(persist(initializer, { name: 'settings', storage }));
 * storage.subscribe('settings', () => useSettings.persist.rehydrate());
 */
export function runStorage<S>(options: RunStorageOptions = {}): RunStorage<S> {
  const items = new Items(options);
  const versions = new Map<string, number>();
  const listeners = new Map<string, Set<() => void>>();

  async function write(name: string, { state, version }: StorageValue<S>): Promise<void> {
    const stored = versions.get(name);
    if (stored !== undefined && (version ?? 0) < stored)
      throw new RunError(
        'newer-version',
        `version ${stored} of the application has written it; this is version ${version}. Reload to get that one.`,
        { operation: 'setItem', runId: name },
      );
    await items.set(name, { state: withoutFunctions(state), version });
  }

  return {
    async getItem(name) {
      // Under this name is what `setItem` has stored.
      const value = ((await items.get(name)) ?? null) as StorageValue<S> | null;
      versions.set(name, value?.version ?? 0);
      return value;
    },
    setItem(name, value) {
      const written = write(name, value);
      // Whoever sets a state does not wait for it.
      written.catch((error) => {
        reportTo(options.onError, 'setItem', name)(error);
        if (isKernelError(error, 'conflict')) for (const listener of listeners.get(name) ?? []) listener();
      });
      return written;
    },
    removeItem: (name) => items.remove(name),
    subscribe(name, listener) {
      const all = listeners.get(name) ?? new Set();
      listeners.set(name, all.add(listener));
      const stop = items.subscribe(name, listener);
      return () => {
        all.delete(listener);
        stop();
      };
    },
  };
}

function withoutFunctions<S>(state: S): unknown {
  if (typeof state !== 'object' || state === null || Object.getPrototypeOf(state) !== Object.prototype)
    return state;
  return Object.fromEntries(Object.entries(state).filter(([, value]) => typeof value !== 'function'));
}
