import { RENEWAL } from '../../src/backends/indexeddb/renew-log.ts';

export type StoreName = 'snapshots' | 'guards' | 'events';

/** Requests that fail, and with them their transactions. */
export interface Failing {
  /** All of the transaction's, where none is named. */
  readonly store?: StoreName;
  readonly requests: readonly (
    | 'get'
    | 'getAll'
    | 'getAllKeys'
    | 'openCursor'
    | 'openKeyCursor'
    | 'put'
    | 'delete'
  )[];
  readonly error: DOMException;
}

/**
 * An IndexedDB, the platform's or any other, which can be made to fail in the ways in which real ones do now and
 * then. Whatever it does is done by real connections and transactions; only the names of the errors are made up.
 */
export class FaultyFactory implements IDBFactory {
  /** Every connection that was opened, the latest last. */
  readonly connections: IDBDatabase[] = [];
  /** Every transaction that was started, the latest last. */
  readonly transactions: IDBTransaction[] = [];
  /** In place of opening a database. */
  instead: (() => IDBOpenDBRequest) | undefined;
  /** Before a transaction is started. */
  beforeTransaction: ((connection: IDBDatabase) => void) | undefined;
  /** After a transaction was started, before any request of it. */
  onTransaction: ((transaction: IDBTransaction) => void) | undefined;
  /** What the browser says if it has thrown away the database that is being opened, as Chromium does. */
  lossMessage: string | undefined;
  /** What fails in every transaction that is started. */
  failing: Failing | undefined;
  readonly #real: IDBFactory;
  readonly #scope: string;

  /** `scope` comes before the name of each database, so that cases on one platform are apart. */
  constructor(real: IDBFactory, scope = '') {
    this.#real = real;
    this.#scope = scope;
  }

  open(name: string, version?: number): IDBOpenDBRequest {
    // What goes on beside the stores, in Chromium, is left alone.
    if (name === RENEWAL) return this.#real.open(name);
    if (this.instead) return this.instead();
    const request = this.#real.open(this.#scope + name, version);
    request.addEventListener('success', () => this.#watch(request.result));
    request.addEventListener('upgradeneeded', (event) => {
      const value = this.lossMessage;
      if (value === undefined) return;
      Object.defineProperties(event, { dataLoss: { value: 'total' }, dataLossMessage: { value } });
    });
    return request;
  }

  deleteDatabase(name: string): IDBOpenDBRequest {
    return this.#real.deleteDatabase(name === RENEWAL ? name : this.#scope + name);
  }

  async databases(): Promise<IDBDatabaseInfo[]> {
    const all = await this.#real.databases();
    return all
      .filter(({ name = '' }) => name.startsWith(this.#scope))
      .map(({ name = '', version = 0 }) => ({ name: name.slice(this.#scope.length), version }));
  }

  cmp(first: unknown, second: unknown): number {
    return this.#real.cmp(first, second);
  }

  #watch(connection: IDBDatabase): void {
    this.connections.push(connection);
    const start = connection.transaction.bind(connection);
    connection.transaction = (names, mode, options) => {
      this.beforeTransaction?.(connection);
      const { store } = this.failing ?? {};
      const failing =
        store === undefined || [names].flat().some((name) => name === store) ? this.failing : undefined;
      // A request that fails for certain is one that writes.
      const transaction = start(names, failing ? 'readwrite' : mode, options);
      this.transactions.push(transaction);
      if (failing) sabotage(transaction, failing);
      this.onTransaction?.(transaction);
      return transaction;
    };
  }

  /** What a browser does when it clears the site's data, or when its storage process dies. */
  dropConnections(): void {
    const aborted = this.transactions.splice(0).filter((transaction) => {
      try {
        transaction.abort();
        return true;
      } catch {
        return false; // It had finished before.
      }
    });
    for (const connection of this.connections.splice(0)) {
      connection.close();
      const last = aborted.filter(({ db }) => db === connection).at(-1);
      if (last) last.addEventListener('abort', () => fire(connection, 'close'));
      else fire(connection, 'close');
    }
  }

  /** A second page on the same databases, which shares nothing else with the first. */
  otherPage(): FaultyFactory {
    return new FaultyFactory(this.#real, this.#scope);
  }
}

/** The object stores that a transaction is about. */
export const objectStores = (transaction: IDBTransaction): IDBObjectStore[] =>
  [...transaction.objectStoreNames].map((name) => transaction.objectStore(name));

/** The transaction aborts with this error, or with none. */
export function abort(transaction: IDBTransaction, error: DOMException | null): void {
  disguise(transaction, () => error);
  transaction.abort();
}

/** Nobody ever hears of this transaction, or of its requests, again. */
export function silence(transaction: IDBTransaction): void {
  for (const type of ['success', 'error', 'complete', 'abort']) {
    transaction.addEventListener(type, (event) => event.stopImmediatePropagation(), { capture: true });
  }
}

/** Every such request really fails, for a reason that any database knows, and then says another one. */
function sabotage(transaction: IDBTransaction, { store, requests, error }: Failing): void {
  let aborted = false;
  // The first listener: nobody hears of the abort before the transaction has its error.
  transaction.addEventListener('abort', () => {
    aborted = true;
  });
  function fail(this: IDBObjectStore) {
    disguise(transaction, () => (aborted ? error : null));
    const { put, add } = IDBObjectStore.prototype;
    const key = ['a key that is there already'];
    put.call(this, 'first', key);
    const request = add.call(this, 'second', key);
    disguise(request, () => error);
    return request;
  }
  const stores = store ? [transaction.objectStore(store)] : objectStores(transaction);
  for (const one of stores) {
    for (const name of requests) Object.defineProperty(one, name, { value: fail });
  }
}

/** From now on its error is this one, whatever the platform says. */
function disguise(target: IDBTransaction | IDBRequest, error: () => DOMException | null): void {
  Object.defineProperty(target, 'error', { configurable: true, get: error, set() {} });
}

/** Resolves with the request's result. */
export function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Fires an event as the platform would. (A `versionchange` has to be a real one: WebKit crashes at any other.) */
export function fire(target: EventTarget, type: string): void {
  target.dispatchEvent(new IDBVersionChangeEvent(type));
}

export const injected = (name: string, message = 'injected') => new DOMException(message, name);

/** A request to open that fails with this error, or with nothing ever. No platform lets anybody construct one. */
export function openRequest(error?: DOMException | string): IDBOpenDBRequest {
  const target = new EventTarget();
  const request: IDBOpenDBRequest = Object.create(IDBOpenDBRequest.prototype, {
    readyState: { writable: true, value: 'pending' },
    result: { writable: true, value: undefined },
    error: { writable: true, value: null },
    addEventListener: { value: target.addEventListener.bind(target) },
    removeEventListener: { value: target.removeEventListener.bind(target) },
    dispatchEvent: { value: ({ type }: Event) => target.dispatchEvent(new Event(type)) },
  });
  for (const type of ['success', 'error', 'blocked', 'upgradeneeded']) {
    Object.defineProperty(request, `on${type}`, { writable: true, value: null });
    target.addEventListener(type, (event) => Reflect.get(request, `on${type}`)?.(event));
  }
  if (error) {
    setTimeout(() => {
      Object.assign(request, {
        readyState: 'done',
        error: typeof error === 'string' ? injected(error) : error,
      });
      fire(request, 'error');
    }, 0);
  }
  return request;
}

/** What WebKit says of everything while the process that owns its databases is gone. */
export const lostServer = injected(
  'UnknownError',
  'Connection to Indexed Database server lost. Refresh the page to try again',
);

/** What Chromium says of a transaction, and of a request, when it closes the connection in the middle of it. */
export const closedMidway = [
  injected('UnknownError', 'Connection is closing because of: injected'),
  injected('InvalidStateError', 'Backend aborted error'),
];
