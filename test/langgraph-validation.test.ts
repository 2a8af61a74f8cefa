import { IDBFactory } from 'fake-indexeddb';
import { describe, vi } from 'vitest';

// The suite of LangChain for checkpointers, all of it: no name of ours is in its lists of what it skips.

// It takes these from the global object, where vitest puts them only if it is told so.
const globals = await import('vitest');
for (const name of ['describe', 'it', 'expect', 'beforeAll', 'beforeEach', 'afterAll', 'afterEach'] as const)
  vi.stubGlobal(name, globals[name]);
const { deltaChannelHistoryTests, validate } = await import('@langchain/langgraph-checkpoint-validation');
const { InMemoryEventStore, InMemorySnapshotStore, openStores } = await import('rewake');
const { RewakeSaver } = await import('rewake/langgraph');

const backends = {
  memory: async () => ({ snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() }),
  IndexedDB: () => openStores({ indexedDB: new IDBFactory() }),
};

describe.each(Object.entries(backends))('in %s', (name, open) => {
  const saver = {
    checkpointerName: `RewakeSaver in ${name}`,
    createCheckpointer: async () => new RewakeSaver({ stores: await open() }),
  };
  validate(saver);
  // Not a part of it yet, because the method is a beta. LangChain runs it for its own.
  deltaChannelHistoryTests(saver);
});
