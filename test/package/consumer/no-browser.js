// Makes every touch of a browser global an error, a `typeof` too.
const names = [
  ...['window', 'self', 'document', 'navigator', 'location', 'localStorage', 'sessionStorage', 'caches'],
  ...['indexedDB', 'IDBFactory', 'IDBDatabase', 'IDBTransaction', 'IDBObjectStore', 'IDBIndex', 'IDBCursor'],
  ...['IDBCursorWithValue', 'IDBKeyRange', 'IDBRequest', 'IDBOpenDBRequest', 'IDBVersionChangeEvent'],
  ...['addEventListener', 'removeEventListener', 'dispatchEvent', 'requestAnimationFrame', 'Window'],
  ...['Worker', 'SharedWorker', 'LockManager', 'StorageManager', 'clients', 'registration', 'importScripts'],
];

for (const name of names) {
  Object.defineProperty(globalThis, name, {
    get() {
      throw new Error(`${name} was touched at import.`);
    },
  });
}
