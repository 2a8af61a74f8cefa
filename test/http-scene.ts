import { createServer } from 'node:http';
import { InMemoryEventStore, InMemorySnapshotStore } from 'rewake';
import { type BothStores, eventStoreCases, snapshotStoreCases, storesCases } from 'rewake/conformance';
import {
  type HandleOptions,
  HttpEventStore,
  HttpSnapshotStore,
  type HttpStoreOptions,
  handle,
} from 'rewake/http';
import { test } from 'vitest';
import { nodeListener } from '../examples/server/node-listener.ts';

export type Send = NonNullable<HttpStoreOptions['fetch']>;

export const inMemory = (): BothStores => ({
  snapshots: new InMemorySnapshotStore(),
  events: new InMemoryEventStore(),
});

/** Lets everybody in. */
export const everybody = { authorize: () => true };

/** A `fetch` that asks `handle`, and no network. */
export const direct =
  (stores: BothStores, options: HandleOptions = everybody): Send =>
  (url, init) =>
    handle(new Request(url, init), stores, options);

/** Stores whose server is `fetch`. */
export const over = <S = unknown, E = unknown>(fetch: Send, options: Partial<HttpStoreOptions> = {}) => {
  const all = { url: 'http://server.test/rewake', fetch, ...options };
  return {
    snapshots: new HttpSnapshotStore<S>(all),
    events: new HttpEventStore<E>(all),
  };
};

/** A server on a port of its own; what is in the path before `/events` names the stores. */
export async function serve(
  options: HandleOptions = everybody,
  open: (path: string) => BothStores = sharedByName(inMemory),
) {
  const listener = nodeListener((request) => {
    const { pathname } = new URL(request.url);
    return handle(request, open(pathname.slice(0, pathname.lastIndexOf('/'))), options);
  });
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('It does not listen.');
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

export function sharedByName<Store>(create: () => Store): (name: string) => Store {
  const stores = new Map<string, Store>();
  return (name) => {
    const store = stores.get(name) ?? create();
    stores.set(name, store);
    return store;
  };
}

/** Every case of the suite, with stores whose server is at the address. */
export function conformsAt(address: () => string): void {
  const urlOf = (scope: string, store: string) => `${address()}/${scope}/${encodeURIComponent(store)}`;
  for (const { name, run } of snapshotStoreCases)
    test(`snapshots: ${name}`, () => {
      const scope = crypto.randomUUID();
      return run((store) => new HttpSnapshotStore({ url: urlOf(scope, store) }));
    });
  for (const { name, run } of eventStoreCases)
    test(`events: ${name}`, () => {
      const scope = crypto.randomUUID();
      return run((store) => new HttpEventStore({ url: urlOf(scope, store) }));
    });
  for (const { name, run } of storesCases)
    test(`both: ${name}`, () => {
      const scope = crypto.randomUUID();
      return run((store) => {
        const url = urlOf(scope, store);
        return { snapshots: new HttpSnapshotStore({ url }), events: new HttpEventStore({ url }) };
      });
    });
}
