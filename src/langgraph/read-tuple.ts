import {
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  compareWritesSortKeys,
  maxChannelVersion,
  type SerializerProtocol,
  TASKS,
  writesSortKey,
} from '@langchain/langgraph-checkpoint';
import { configOf, type Place } from './place.ts';
import { load } from './serialized.ts';
import { type CheckpointStored, LogReader, type Reading, type ThreadIndex, valueKey } from './thread-log.ts';

/**
 * The checkpoint `id`; `undefined` if there is none, its metadata do not have the fields of `filter`, or its log was
 * deleted meanwhile.
 */
export async function readTuple(
  reading: Reading,
  serde: SerializerProtocol,
  place: Place,
  id: string,
  filter: object = {},
): Promise<CheckpointTuple | undefined> {
  const { index } = reading;
  const log = new LogReader(reading);
  const source: Source = { index, log, serde };
  const entry = index.checkpoints.get(id);
  const stored = entry && (await log.checkpoint(entry.seq));
  if (!stored) return undefined;
  const metadata = await load<CheckpointMetadata<Record<string, unknown>>>(serde, stored.metadata);
  if (!Object.entries(filter).every(([key, value]) => metadata[key] === value)) return undefined;

  const checkpoint = await load<Checkpoint>(serde, stored.checkpoint);
  const { parentId } = stored;
  const [values, pendingWrites, sent] = await Promise.all([
    readValues(source, stored, checkpoint),
    readWrites(source, id),
    // Before version 4, LangGraph kept what a checkpoint's parent has sent with the parent's writes alone.
    parentId !== undefined && checkpoint.v < 4 ? readWrites(source, parentId) : undefined,
  ]);
  if (log.isGone) return undefined;
  checkpoint.channel_values = values;
  if (sent) {
    checkpoint.channel_values[TASKS] = sent
      .filter(([, channel]) => channel === TASKS)
      .map(([, , value]) => value);
    const versions = Object.values(checkpoint.channel_versions);
    checkpoint.channel_versions[TASKS] = versions.length > 0 ? maxChannelVersion(...versions) : 1;
  }
  return {
    config: configOf(place, id),
    checkpoint,
    metadata,
    pendingWrites,
    ...(parentId !== undefined && { parentConfig: configOf(place, parentId) }),
  };
}

/** What the parts of a checkpoint are read from. */
interface Source {
  readonly index: ThreadIndex;
  readonly log: LogReader;
  readonly serde: SerializerProtocol;
}

/** The values of the checkpoint's channels, each from the event that has it. */
async function readValues(
  { index, log, serde }: Source,
  stored: CheckpointStored,
  { channel_versions }: Checkpoint,
): Promise<Record<string, unknown>> {
  const values = Object.entries(channel_versions).map(async ([channel, version]) => {
    const isOf = (value: { readonly channel: string }) => value.channel === channel;
    const seq = index.values.get(valueKey(channel, version));
    const holder = stored.values.some(isOf) || seq === undefined ? stored : await log.checkpoint(seq);
    const value = holder?.values.find(isOf)?.value;
    return value ? [[channel, await load(serde, value)] as const] : [];
  });
  return Object.fromEntries((await Promise.all(values)).flat());
}

/** What tasks have written on top of the checkpoint `id`, in the order in which LangGraph applies it. */
async function readWrites({ index, log, serde }: Source, id: string): Promise<CheckpointPendingWrite[]> {
  const events = await Promise.all((index.writes.get(id) ?? []).map((seq) => log.writes(seq)));
  const all = events.flatMap((event) => (event?.writes ?? []).map((write) => ({ ...event, ...write })));
  const kept = new Map<string, (typeof all)[number]>();
  for (const write of all) {
    const key = JSON.stringify([write.taskId, write.index]);
    // A task that is executed again writes the same; only its errors and interrupts, which are below 0, are new.
    if (write.index < 0 || !kept.has(key)) kept.set(key, write);
  }
  const sorted = [...kept.values()]
    .map((write) => ({ write, key: writesSortKey(write.taskPath ?? '', write.taskId, write.index) }))
    .sort((a, b) => compareWritesSortKeys(a.key, b.key));
  return Promise.all(
    sorted.map(async ({ write: { taskId = '', channel, value } }) => [
      taskId,
      channel,
      await load(serde, value),
    ]),
  );
}
