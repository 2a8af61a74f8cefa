export type { ConformanceCase, Open } from './case.ts';
export { eventStoreCases } from './event-store-cases.ts';
export { snapshotStoreCases } from './snapshot-store-cases.ts';
export { type BothStores, storesCases } from './stores-cases.ts';
