import { InMemoryEventStore, InMemorySnapshotStore, type KernelError, type RunStores } from 'rewake';
import {
  forgetMark,
  type HandedOver,
  type HandOverProgress,
  handOver,
  type Mirror,
  mirrorRun,
  restoreRun,
} from 'rewake/hand-over';
import { type StorageReport, storageReport } from 'rewake/storage';

const inMemory = (): RunStores<bigint, bigint> => ({
  snapshots: new InMemorySnapshotStore<bigint>(),
  events: new InMemoryEventStore<bigint>(),
});
const [from, to] = [inMemory(), inMemory()];
const marks = from.snapshots;
await from.events.append('sum', [1n, 2n]);
const onProgress = ({ seq, head }: HandOverProgress) => console.log(seq, head);
const { signal } = new AbortController();
const handed: HandedOver = await handOver({ runId: 'sum', from, to, marks, signal, onProgress });
const error: KernelError | undefined = handed.snapshotError;
const run = { runId: 'sum', onEvent: () => () => {} };
const mirror: Mirror = mirrorRun({ run, from, to, marks });
const { ahead } = await mirror.flush();
mirror.close();
await forgetMark({ runId: 'sum', marks });
await from.events.delete('sum');
const restored = await restoreRun({ runId: 'sum', from: to, to: from, marks });
const { message }: StorageReport = await storageReport({ stores: from });
console.log(handed.appended, error, ahead, restored?.appended, message);
