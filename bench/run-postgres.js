// Node 20 runs no TypeScript; vite does.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

await runnerImport(fileURLToPath(new URL('postgres.ts', import.meta.url)), { configFile: false });
