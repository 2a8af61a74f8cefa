/** Opens a database of the bare platform with object stores without key paths. */
export function openDatabase(name: string, stores: readonly string[]): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    for (const store of stores) request.result.createObjectStore(store);
  };
  return result(request);
}

export const result = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/**
 * Resolves when all that `body` has asked for is committed. With `commit` it asks for the commit at once and
 * saves a round trip, which only who checks nothing can do.
 */
export const write = (
  database: IDBDatabase,
  store: string,
  body: (store: IDBObjectStore) => unknown,
  { commit = false } = {},
): Promise<void> =>
  new Promise((resolve, reject) => {
    const transaction = database.transaction(store, 'readwrite');
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    body(transaction.objectStore(store));
    if (commit) transaction.commit();
  });
