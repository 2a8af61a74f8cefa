export { type StorageOptions, type StorageReport, storageReport } from './storage-report.ts';
