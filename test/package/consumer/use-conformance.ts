import { InMemoryEventStore, InMemorySnapshotStore } from 'rewake';
import { eventStoreCases, snapshotStoreCases } from 'rewake/conformance';

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
console.log('conforms');
