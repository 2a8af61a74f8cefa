import { type ItemOptions, Items } from '../run/items.ts';

/** What {@link persistStorage} needs to know. */
export interface PersistStorageOptions extends ItemOptions {}

/** A storage for redux-persist. All methods are bound. */
export interface PersistStorage {
  /** What is stored under this name, or `undefined`. */
  readonly getItem: (name: string) => Promise<unknown>;
  /** Resolves when the value, or a later one, is committed. Rejects with `conflict` if another tab has written since. */
  readonly setItem: (name: string, value: unknown) => Promise<void>;
  /** Deletes what is stored under this name. */
  readonly removeItem: (name: string) => Promise<void>;
}

/**
 * A storage for redux-persist, in IndexedDB. A stale tab cannot write over what another one has written: `setItem` rejects
 * with `conflict`, which redux-persist gives to `writeFailHandler`. With `serialize: false` and `deserialize: false`,
 * values are structured-cloned.
 *
 * @example
 * const persisted = persistReducer({ key: 'root', storage: persistStorage(), writeFailHandler: askToReload }, reducer);
 */
export function persistStorage(options: PersistStorageOptions = {}): PersistStorage {
  const items = new Items(options);
  return {
    getItem: (name) => items.get(name),
    setItem: (name, value) => items.set(name, value),
    removeItem: (name) => items.remove(name),
  };
}
