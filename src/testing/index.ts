// `rewake/testing`: what the tests of an application need.

export { type FakeTime, fakeTime } from './fake-time.ts';
export { outcomeOf, type StoreOperation, type TestStores, testStores } from './test-stores.ts';
