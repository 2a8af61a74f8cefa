import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RENEWAL, renewLog } from '../src/backends/indexeddb/renew-log.ts';
import { settled } from './faulty-factory.ts';

let factory: IDBFactory;

beforeEach(() => {
  factory = new IDBFactory();
  // As in Chromium.
  Object.defineProperty(IDBVersionChangeEvent.prototype, 'dataLoss', { configurable: true, value: 'none' });
});

afterEach(() => {
  Reflect.deleteProperty(IDBVersionChangeEvent.prototype, 'dataLoss');
});

const names = async () => (await factory.databases()).map(({ name }) => name);

/** What is deleted, in order. */
function watchDeletions(): string[] {
  const deleted: string[] = [];
  const { deleteDatabase } = factory;
  factory.deleteDatabase = function (name) {
    deleted.push(name);
    return deleteDatabase.call(this, name);
  };
  return deleted;
}

test('in Chromium a database is created and deleted', async () => {
  const deleted = watchDeletions();
  await renewLog(factory);
  expect(deleted).toEqual([RENEWAL]);
  expect(await names()).toEqual([]);
});

test('one that a kill has left behind is deleted', async () => {
  (await settled(factory.open(RENEWAL))).close();
  const deleted = watchDeletions();
  await renewLog(factory);
  expect(deleted).toEqual([RENEWAL]);
  expect(await names()).toEqual([]);
});

test('one of that name with object stores in it is somebody else’s, and stays', async () => {
  const request = factory.open(RENEWAL);
  request.onupgradeneeded = () => request.result.createObjectStore('theirs').put('data', 'key');
  (await settled(request)).close();
  await renewLog(factory);
  const database = await settled(factory.open(RENEWAL));
  expect(await settled(database.transaction('theirs').objectStore('theirs').get('key'))).toBe('data');
});

test('in other browsers nothing is opened', async () => {
  Reflect.deleteProperty(IDBVersionChangeEvent.prototype, 'dataLoss');
  const deleted = watchDeletions();
  await renewLog(factory);
  expect(deleted).toEqual([]);
});
