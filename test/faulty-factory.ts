import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { FaultyFactory as AnyFaultyFactory } from './fault-cases/faulty-factory.ts';

export { openRequest, type StoreName, settled } from './fault-cases/faulty-factory.ts';

/** A faulty IndexedDB in memory, of its own. */
export class FaultyFactory extends AnyFaultyFactory {
  constructor() {
    super(new IDBFactory());
  }
}
