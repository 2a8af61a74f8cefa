export { type DocOptions, openDoc, type StoredDoc } from './open-doc.ts';
