import { InMemoryEventStore, InMemorySnapshotStore, type RunStores } from 'rewake';
import { type ImportEvent, initialState, type PictureEvent, RUN_ID, reduce } from './import-run.ts';

// The whole run in memory, as it can leave the browser: no file and no server takes a File, so its bytes are there.

interface PackedFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type PackedEvent = PictureEvent | { readonly type: 'chosen'; readonly files: readonly PackedFile[] };

export type PackedRun = RunStores<unknown, PackedEvent>;

export const nothingPacked = (): PackedRun => ({
  snapshots: new InMemorySnapshotStore(),
  events: new InMemoryEventStore(),
});

/** The run's events as they are now. */
export async function pack(stores: RunStores<unknown, ImportEvent>): Promise<PackedRun> {
  const packed = nothingPacked();
  const { events } = await stores.events.scan(RUN_ID, 1);
  await packed.events.append(RUN_ID, await Promise.all(events.map(({ event }) => packEvent(event))));
  return packed;
}

/** Begins the run with the events of a packed one. Rejects, having changed nothing, if it is none, or there is a run. */
export async function unpack(packed: PackedRun, stores: RunStores<unknown, ImportEvent>): Promise<void> {
  const { events } = await packed.events.scan(RUN_ID, 1);
  const unpacked = events.map(({ event }) => unpackEvent(event));
  // Anybody may have written them: what is no event of an import gets into no log.
  unpacked.reduce(reduce, initialState);
  await stores.events.append(RUN_ID, unpacked, { expectedHead: 0 });
}

async function packEvent(event: ImportEvent): Promise<PackedEvent> {
  if (event.type !== 'chosen') return event;
  const files = event.files.map(async (file) => {
    return { name: file.name, type: file.type, bytes: new Uint8Array(await file.arrayBuffer()) };
  });
  return { type: event.type, files: await Promise.all(files) };
}

function unpackEvent(event: PackedEvent): ImportEvent {
  if (event.type !== 'chosen') return event;
  const files = event.files.map(({ name, type, bytes }) => new File([bytes], name, { type }));
  return { type: event.type, files };
}
