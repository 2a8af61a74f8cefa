import { InMemoryEventStore, InMemorySnapshotStore, type RunStores } from 'rewake';
import { exportRun, importRun } from 'rewake/export';
import { type ImportEvent, initialState, type PictureEvent, RUN_ID, reduce } from './import-run.ts';

// The whole run as one file, to go on with it in another browser. A File itself cannot be exported, so its bytes are.

interface PackedFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** As it is in the file. */
type PackedEvent = PictureEvent | { readonly type: 'chosen'; readonly files: readonly PackedFile[] };

const inMemory = () => ({
  snapshots: new InMemorySnapshotStore<unknown>(),
  events: new InMemoryEventStore<PackedEvent>(),
});

/** The run's events as they are now. */
export async function packRun(stores: RunStores<unknown, ImportEvent>): Promise<Blob> {
  const packed = inMemory();
  const { events } = await stores.events.scan(RUN_ID, 1);
  await packed.events.append(RUN_ID, await Promise.all(events.map(({ event }) => pack(event))));
  return new Response(exportRun({ runId: RUN_ID, stores: packed })).blob();
}

/** Begins the run with the events of a packed one. Rejects, having changed nothing, if it is none, or there is a run. */
export async function unpackRun(file: Blob, stores: RunStores<unknown, ImportEvent>): Promise<void> {
  const packed = inMemory();
  await importRun({ runId: RUN_ID, stream: file.stream(), stores: packed });
  const { events } = await packed.events.scan(RUN_ID, 1);
  const unpacked = events.map(({ event }) => unpack(event));
  // Anybody may have written that file: what is no event of an import gets into no log.
  unpacked.reduce(reduce, initialState);
  await stores.events.append(RUN_ID, unpacked, { expectedHead: 0 });
}

async function pack(event: ImportEvent): Promise<PackedEvent> {
  if (event.type !== 'chosen') return event;
  const files = event.files.map(async (file) => {
    return { name: file.name, type: file.type, bytes: new Uint8Array(await file.arrayBuffer()) };
  });
  return { type: event.type, files: await Promise.all(files) };
}

function unpack(event: PackedEvent): ImportEvent {
  if (event.type !== 'chosen') return event;
  const files = event.files.map(({ name, type, bytes }) => new File([bytes], name, { type }));
  return { type: event.type, files };
}
