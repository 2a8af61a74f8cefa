import { PGlite } from '@electric-sql/pglite';
import { eventStoreCases, snapshotStoreCases, storesCases } from 'rewake/conformance';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { conformsAt, direct, inMemory, over, serve, sharedByName } from './http-scene.ts';
import { inSchemas } from './postgres-scene.ts';

// Handles on one name are two clients of one server.

describe('over handle, without a network', () => {
  const opener = () => {
    const storesOf = sharedByName(inMemory);
    return (name: string) => over(direct(storesOf(name)));
  };
  describe('snapshots', () => {
    for (const { name, run } of snapshotStoreCases)
      test(name, () => {
        const open = opener();
        return run((store) => open(store).snapshots);
      });
  });
  describe('events', () => {
    for (const { name, run } of eventStoreCases)
      test(name, () => {
        const open = opener();
        return run((store) => open(store).events);
      });
  });
  describe('both', () => {
    for (const { name, run } of storesCases) test(name, () => run(opener()));
  });
});

describe('over node:http', () => {
  let server: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    server = await serve();
  });
  afterAll(() => server.close());

  conformsAt(() => server.url);
});

describe('over handle and PostgreSQL', () => {
  // One database for all, in memory.
  const open = inSchemas(new PGlite());
  const opener = () => {
    const scope = crypto.randomUUID();
    return async (name: string) => over(direct(await open(`${scope} ${name}`)));
  };
  for (const { name, run } of snapshotStoreCases)
    test(`snapshots: ${name}`, () => {
      const stores = opener();
      return run(async (store) => (await stores(store)).snapshots);
    });
  for (const { name, run } of eventStoreCases)
    test(`events: ${name}`, () => {
      const stores = opener();
      return run(async (store) => (await stores(store)).events);
    });
  for (const { name, run } of storesCases) test(`both: ${name}`, () => run(opener()));
});
