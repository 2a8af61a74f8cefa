export { anyOf } from './any-of.ts';
export { compress } from './compress.ts';
export { type EncryptionKeys, encrypt } from './encrypt.ts';
export { pipe } from './pipe.ts';
