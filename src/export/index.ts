export { type ExportOptions, exportRun } from './export-run.ts';
export { type ImportedRun, type ImportOptions, importRun } from './import-run.ts';
export { snapshotFromOris, snapshotToOris } from './oris.ts';
export { sizeOfRun } from './size-of-run.ts';
