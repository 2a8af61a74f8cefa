import { InMemoryEventStore, InMemorySnapshotStore } from 'rewake';
import { exportRun, importRun, snapshotFromOris, snapshotToOris } from 'rewake/export';

const inMemory = () => ({
  snapshots: new InMemorySnapshotStore<bigint>(),
  events: new InMemoryEventStore<bigint>(),
});
const [from, to] = [inMemory(), inMemory()];
await from.events.append('sum', [1n, 2n]);
const stream: ReadableStream<Uint8Array> = exportRun({ runId: 'sum', stores: from });
const { seq, snapshotError } = await importRun({ stream, stores: to });
const { events } = await to.events.scan('sum', 1);
const { atSeq } = snapshotFromOris(snapshotToOris({ runId: 'sum', atSeq: 2, state: 3n }));
console.log(seq, snapshotError, events.at(-1)?.event, atSeq);
