export type { Closed, Opening, View, Waiting } from '../run/life.ts';
export type { StoreRun } from '../run/run-behind.ts';
export type { OpenRun, RunView } from '../run/run-life.ts';
export { type PersistStorage, type PersistStorageOptions, persistStorage } from './persist-storage.ts';
export {
  runEnhancer,
  type StoreRunExtension,
  type StoreRunOptions,
} from './run-enhancer.ts';
