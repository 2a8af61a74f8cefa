import { openRun, openStores, recover } from '../../src/index.ts';
import { type CodecName, codecs } from './conformance.ts';

const definition = {
  runId: 'the-run',
  initialState: [] as readonly string[],
  reduce: (state: readonly string[], event: string) => [...state, event],
};

/** A run with batches, snapshots and a base, all of which have the marker in them; gives what was recovered of it. */
export async function liveWith(name: CodecName, marker: string): Promise<readonly string[]> {
  const stores = await openStores<readonly string[], string>({ codec: await codecs[name]() });
  const run = await openRun({ ...definition, stores, snapshotEvery: 5 });
  for (let n = 0; n < 20; n++) await run.append(marker);
  await run.compact();
  await run.appendAll(Array.from({ length: 20 }, () => marker));
  await run.close();
  return (await recover({ ...definition, stores })).state;
}
