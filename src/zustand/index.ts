export type { Closed, Opening, View, Waiting } from '../run/life.ts';
export type { StoreRun } from '../run/run-behind.ts';
export type { OpenRun, RunView } from '../run/run-life.ts';
export { type Change, type RunLogOptions, runLog } from './run-log.ts';
export { type RunStorage, type RunStorageOptions, runStorage } from './run-storage.ts';
