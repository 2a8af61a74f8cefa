import { InMemoryEventStore, InMemorySnapshotStore } from 'rewake';
import { eventStoreCases, snapshotStoreCases, storesCases } from 'rewake/conformance';

const sharedByName = <Store>(create: () => Store) => {
  const stores = new Map<string, Store>();
  return (name: string) => {
    const store = stores.get(name) ?? create();
    stores.set(name, store);
    return store;
  };
};

for (const { run } of snapshotStoreCases) await run(sharedByName(() => new InMemorySnapshotStore()));
for (const { run } of eventStoreCases) await run(sharedByName(() => new InMemoryEventStore()));
for (const { run } of storesCases)
  await run(
    sharedByName(() => ({ snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() })),
  );
console.log('conforms');
