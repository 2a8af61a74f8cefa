import { compress, encrypt, pipe } from '../../src/codecs/index.ts';
import { eventStoreCases, snapshotStoreCases, storesCases } from '../../src/conformance/index.ts';
import { type Codec, IndexedDbEventStore, IndexedDbSnapshotStore } from '../../src/index.ts';

export interface Outcome {
  readonly name: string;
  readonly error?: string;
}

export const codecs = {
  none: async (): Promise<Codec | undefined> => undefined,
  compress: async () => compress(),
  pipe: async () => {
    const algorithm = { name: 'AES-GCM', length: 256 };
    return pipe(
      compress(),
      encrypt(await crypto.subtle.generateKey(algorithm, false, ['encrypt', 'decrypt'])),
    );
  },
};

export type CodecName = keyof typeof codecs;

/** Runs every case against IndexedDB, in whatever context this is loaded: a page, a worker, a Service Worker. */
export async function runCases(name: CodecName): Promise<Outcome[]> {
  const codec = await codecs[name]();
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
      run((store) => new IndexedDbSnapshotStore({ databaseName: `${scope} ${store}`, codec })),
    );
  }
  for (const { name, run } of eventStoreCases) {
    const scope = crypto.randomUUID();
    await attempt(`events: ${name}`, () =>
      run((store) => new IndexedDbEventStore({ databaseName: `${scope} ${store}`, codec })),
    );
  }
  for (const { name, run } of storesCases) {
    const scope = crypto.randomUUID();
    await attempt(`both: ${name}`, () =>
      run((store) => {
        const databaseName = `${scope} ${store}`;
        return {
          snapshots: new IndexedDbSnapshotStore({ databaseName, codec }),
          events: new IndexedDbEventStore({ databaseName, codec }),
        };
      }),
    );
  }
  return outcomes;
}
