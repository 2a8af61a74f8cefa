/// <reference types="vite/client" />

/** Another commit's library, where the benchmark was told `--against`; see `../site.ts`. */
declare module 'rewake-against';
