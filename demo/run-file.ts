import type { RunStores } from 'rewake';
import { exportRun, importRun } from 'rewake/export';
import { type ImportEvent, RUN_ID } from './import-run.ts';
import { nothingPacked, pack, unpack } from './packed-run.ts';

// The whole run as one file, to go on with it in another browser.

/** The run's events as they are now. */
export async function packRun(stores: RunStores<unknown, ImportEvent>): Promise<Blob> {
  return new Response(exportRun({ runId: RUN_ID, stores: await pack(stores) })).blob();
}

/** Begins the run with the events of a packed one. Rejects, having changed nothing, if it is none, or there is a run. */
export async function unpackRun(file: Blob, stores: RunStores<unknown, ImportEvent>): Promise<void> {
  const packed = nothingPacked();
  await importRun({ runId: RUN_ID, stream: file.stream(), stores: packed });
  await unpack(packed, stores);
}
