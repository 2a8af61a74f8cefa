import { eventStoreCases, snapshotStoreCases, storesCases } from '../../src/conformance/index.ts';
import { IndexedDbEventStore, IndexedDbSnapshotStore } from '../../src/index.ts';

export interface Outcome {
  readonly name: string;
  readonly error?: string;
}

/** Runs every case against IndexedDB, in whatever context this is loaded: a page, a worker, a Service Worker. */
export async function runCases(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const attempt = async (name: string, run: () => Promise<void>) => {
    try {
      await run();
      outcomes.push({ name });
    } catch (error) {
      outcomes.push({ name, error: String(error) });
    }
  };
  for (const { name, run } of snapshotStoreCases) {
    const scope = crypto.randomUUID();
    await attempt(`snapshots: ${name}`, () =>
      run((store) => new IndexedDbSnapshotStore({ databaseName: `${scope} ${store}` })),
    );
  }
  for (const { name, run } of eventStoreCases) {
    const scope = crypto.randomUUID();
    await attempt(`events: ${name}`, () =>
      run((store) => new IndexedDbEventStore({ databaseName: `${scope} ${store}` })),
    );
  }
  for (const { name, run } of storesCases) {
    const scope = crypto.randomUUID();
    await attempt(`both: ${name}`, () =>
      run((store) => {
        const databaseName = `${scope} ${store}`;
        return {
          snapshots: new IndexedDbSnapshotStore({ databaseName }),
          events: new IndexedDbEventStore({ databaseName }),
        };
      }),
    );
  }
  return outcomes;
}
