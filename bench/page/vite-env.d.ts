/// <reference types="vite/client" />

/** Another commit's library, where the benchmark was told `--against`; see `../site.ts`. */
declare module 'rewake-against';

/** Installed by the benchmark itself; see `../durably.ts`. */
declare module '@coji/durably';
declare module 'sqlocal/kysely';
declare module 'zod';
