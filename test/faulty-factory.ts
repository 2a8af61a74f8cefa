import 'fake-indexeddb/auto';
import { forceCloseDatabase, IDBFactory } from 'fake-indexeddb';

/**
 * An IndexedDB of its own, which a test can make fail in the ways in which real ones do.
 * The faults that nothing in a test could bring about go through fake-indexeddb's own private methods.
 */
export class FaultyFactory extends IDBFactory {
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

  override open(name: string, version?: number): IDBOpenDBRequest {
    if (this.instead) return this.instead();
    const request = super.open(name, version);
    request.addEventListener('success', () => this.#watch(request.result));
    return request;
  }

  #watch(connection: IDBDatabase): void {
    this.connections.push(connection);
    const start = connection.transaction.bind(connection);
    connection.transaction = (...args) => {
      this.beforeTransaction?.(connection);
      const transaction = start(...args);
      this.transactions.push(transaction);
      this.onTransaction?.(transaction);
      return transaction;
    };
  }

  /** What a browser does when it clears the site's data, or when its storage process dies. */
  dropConnections(): void {
    for (const transaction of this.transactions.splice(0)) {
      try {
        transaction.abort();
      } catch {
        // It had finished before.
      }
    }
    for (const connection of this.connections.splice(0)) forceCloseDatabase(connection as never);
  }

  /** A second page on the same databases, which shares nothing else with the first. */
  otherPage(): FaultyFactory {
    return Object.assign(new FaultyFactory(), {
      _databases: Reflect.get(this, '_databases'),
      _connectionQueues: Reflect.get(this, '_connectionQueues'),
    });
  }
}

/** Resolves with the request's result. */
export function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Fires an event as the platform would. */
export function fire(target: EventTarget, type: string): void {
  target.dispatchEvent(new IDBVersionChangeEvent(type));
}

/** A request to open that fails with an error of this name, or with nothing ever. */
export function openRequest(errorName?: string): IDBOpenDBRequest {
  const request = Reflect.construct(IDBOpenDBRequest, []) as IDBOpenDBRequest;
  if (errorName) {
    setImmediate(() => {
      const error = new DOMException('injected', errorName);
      Object.assign(request, { readyState: 'done', error });
      fire(request, 'error');
    });
  }
  return request;
}
