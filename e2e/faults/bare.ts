// Bare IndexedDB in a page, through `window.bare`: what a browser does without rewake.

interface Opened {
  readonly connection: IDBDatabase;
  /** What the browser says of it: `there`, or of what was lost where it had to be created. */
  readonly said: string;
}

/** Opens a database of two object stores. */
function open(name: string, factory: IDBFactory = indexedDB): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, 1);
    let said = 'there';
    request.onupgradeneeded = (event) => {
      const [loss, why] = ['dataLoss', 'dataLossMessage'].map((name) => Reflect.get(event, name));
      said = `created, data loss: ${loss} ${why ?? ''}`.trim();
      for (const store of ['left', 'right']) request.result.createObjectStore(store);
    };
    request.onsuccess = () => resolve({ connection: request.result, said });
    request.onerror = () => reject(request.error);
  });
}

/** Resolves when a database with this name is there, and something committed in it. */
async function fill(name: string, factory?: IDBFactory): Promise<void> {
  const { connection } = await open(name, factory);
  await new Promise<void>((resolve, reject) => {
    const transaction = connection.transaction('left', 'readwrite');
    transaction.objectStore('left').put('kept', 'committed');
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  connection.close();
}

/** What is left of what `fill` has committed, and what the browser says. */
async function look(name: string, factory?: IDBFactory): Promise<readonly [left: unknown, said: string]> {
  const { connection, said } = await open(name, factory);
  const left = await new Promise((resolve, reject) => {
    const request = connection.transaction('left').objectStore('left').get('committed');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  connection.close();
  return [left, said];
}

/** A readwrite transaction: its database, its scope, and the object store that it writes to. */
export type Writing = readonly [name: string, scope: readonly string[], store: string];

/** Starts a transaction that never ends, because it writes on and on. Resolves when it has written. */
async function writeOn([name, scope, store]: Writing): Promise<void> {
  const { connection } = await open(name);
  const target = connection.transaction(scope, 'readwrite').objectStore(store);
  await new Promise<void>((resolve) => {
    let written = 0;
    const next = () => {
      if (written === 100) resolve();
      target.put('x'.repeat(1_000), ++written).onsuccess = next;
    };
    next();
  });
}

/** IndexedDB in a storage bucket of its own, which Chromium alone has. */
async function inBucket(): Promise<IDBFactory> {
  const buckets = Reflect.get(navigator, 'storageBuckets');
  return (await buckets.open('bucket')).indexedDB;
}

export const bare = { fill, look, writeOn, inBucket };

Object.assign(globalThis, { bare });
