import { compress, encrypt, pipe } from '../../src/codecs/index.ts';
import {
  type BothStores,
  eventStoreCases,
  snapshotStoreCases,
  storesCases,
} from '../../src/conformance/index.ts';
import { HttpEventStore, HttpSnapshotStore } from '../../src/http/index.ts';
import { type Codec, IndexedDbEventStore, IndexedDbSnapshotStore } from '../../src/index.ts';

export interface Outcome {
  readonly name: string;
  readonly error?: string;
}

export const codecs = {
  none: async (): Promise<Codec | undefined> => undefined,
  compress: async () => compress(),
  encrypt: async () => encrypt(await newKey()),
  pipe: async () => pipe(compress(), encrypt(await newKey())),
};

const newKey = () =>
  crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);

export type CodecName = keyof typeof codecs;

/** Runs every case, in whatever context this is loaded: a page, a worker, a Service Worker. */
async function run(storesOf: (name: string) => BothStores): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const attempt = async (name: string, run: (open: (store: string) => BothStores) => Promise<void>) => {
    const scope = crypto.randomUUID();
    try {
      await run((store) => storesOf(`${scope} ${store}`));
      outcomes.push({ name });
    } catch (error) {
      outcomes.push({ name, error: String(error) });
    }
  };
  for (const { name, run } of snapshotStoreCases)
    await attempt(`snapshots: ${name}`, (open) => run((store) => open(store).snapshots));
  for (const { name, run } of eventStoreCases)
    await attempt(`events: ${name}`, (open) => run((store) => open(store).events));
  for (const { name, run } of storesCases) await attempt(`both: ${name}`, run);
  return outcomes;
}

/** Against IndexedDB. */
export async function runCases(name: CodecName): Promise<Outcome[]> {
  const codec = await codecs[name]();
  return run((databaseName) => ({
    snapshots: new IndexedDbSnapshotStore({ databaseName, codec }),
    events: new IndexedDbEventStore({ databaseName, codec }),
  }));
}

/** Against the server of `e2e/vite.config.ts`. */
export const runCasesOverHttp = (): Promise<Outcome[]> =>
  run((name) => {
    const url = `/rewake/${encodeURIComponent(name)}`;
    return { snapshots: new HttpSnapshotStore({ url }), events: new HttpEventStore({ url }) };
  });
