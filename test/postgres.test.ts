import { PGlite } from '@electric-sql/pglite';
import { eventStoreCases, snapshotStoreCases, storesCases } from 'rewake/conformance';
import { afterAll, describe, test } from 'vitest';
import { inSchemas } from './postgres-scene.ts';

const db = new PGlite();
afterAll(() => db.close());

describe('in PGlite', () => {
  for (const { name, run } of snapshotStoreCases)
    test(name, () => {
      const open = inSchemas(db);
      return run(async (store) => (await open(store)).snapshots);
    });
  for (const { name, run } of eventStoreCases)
    test(name, () => {
      const open = inSchemas(db);
      return run(async (store) => (await open(store)).events);
    });
  for (const { name, run } of storesCases) test(name, () => run(inSchemas(db)));
});
